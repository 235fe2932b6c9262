-- What staff did to money: adjustments by two persons, checks of the books, orders in somebody's hands.

CREATE SCHEMA money;

-- A row is an adjustment that two persons agreed on. `id` is the transfer's too.
CREATE TABLE money.adjustments (
    id           uuid        PRIMARY KEY,
    market       text        NOT NULL,
    kind         text        NOT NULL,
    debit        uuid        NOT NULL,
    credit       uuid        NOT NULL,
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    about        uuid,                        -- the order that it mends, where there is one
    why          text        NOT NULL,
    proposed_by  text        NOT NULL,
    approved_by  text        NOT NULL,
    approved_at  timestamptz NOT NULL,
    state        text        NOT NULL DEFAULT 'approved'
                 CHECK (state IN ('approved', 'posted', 'refused')),
    refusal      text,
    posted_at    timestamptz,
    CHECK (proposed_by <> approved_by)
);
CREATE INDEX adjustments_open ON money.adjustments (approved_at) WHERE state = 'approved';

-- Every check of the books from the first entry on. `told_at` is the last sign of life while it runs.
CREATE TABLE money.checks (
    id         uuid        PRIMARY KEY,
    asked_by   text        NOT NULL,          -- a name, or `clock` for the nightly one
    started_at timestamptz NOT NULL,
    told_at    timestamptz NOT NULL,
    state      text        NOT NULL DEFAULT 'running'
               CHECK (state IN ('running', 'sound', 'unsound', 'broken')),
    progress   text        NOT NULL DEFAULT '',
    ended_at   timestamptz,
    seconds    double precision,
    checked    jsonb       NOT NULL DEFAULT '{}',
    heads      jsonb       NOT NULL DEFAULT '[]',
    findings   jsonb       NOT NULL DEFAULT '[]',
    more       integer     NOT NULL DEFAULT 0,
    problem    text
);
CREATE UNIQUE INDEX checks_one ON money.checks ((true)) WHERE state = 'running';

-- Orders that somebody was asked to look at by hand.
CREATE TABLE money.handed (
    order_id  uuid        NOT NULL,
    id        uuid        NOT NULL,
    why       text        NOT NULL,
    by        text        NOT NULL,
    at        timestamptz NOT NULL,
    ended_at  timestamptz,
    ended_by  text,
    ended_why text,
    PRIMARY KEY (order_id, id)
);
CREATE UNIQUE INDEX handed_open ON money.handed (order_id) WHERE ended_at IS NULL;
