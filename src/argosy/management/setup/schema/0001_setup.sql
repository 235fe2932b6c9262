-- What the operator has set beside the market packs, and how what runs by itself is doing.

CREATE SCHEMA setup;

-- Dated facts beside a pack's: limits, prices, balance caps. One that holds or held is never changed; one
-- still to come may be taken back.
CREATE TABLE setup.terms (
    market      text        NOT NULL,
    id          uuid        NOT NULL,
    what        text        NOT NULL CHECK (what IN ('limit', 'price', 'balance')),
    key         text        NOT NULL,            -- a limit's key, a product; empty for a balance
    level       text        NOT NULL DEFAULT '', -- of a limit or balance
    payee_class text        NOT NULL DEFAULT '', -- of a price; empty: for all
    value       jsonb       NOT NULL,
    since       date        NOT NULL,
    why         text        NOT NULL,
    proposed_by text        NOT NULL,
    approved_by text        NOT NULL,
    made_at     timestamptz NOT NULL,
    taken_back_at timestamptz,
    taken_back_by text,
    taken_back_why text,
    PRIMARY KEY (market, id)
);
CREATE UNIQUE INDEX terms_one_a_day ON setup.terms (market, what, key, level, payee_class, since)
    WHERE taken_back_at IS NULL;

-- Every turn of a switch; the latest counts.
CREATE TABLE setup.switches (
    market      text        NOT NULL,
    name        text        NOT NULL,
    turn        integer     NOT NULL,
    id          uuid        NOT NULL,
    is_on       boolean     NOT NULL,
    why         text        NOT NULL,
    proposed_by text        NOT NULL,
    approved_by text        NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (market, name, turn)
);
CREATE UNIQUE INDEX switches_once ON setup.switches (market, name, id);

-- Rails that are not called for the moment.
CREATE TABLE setup.rails (
    rail   text        PRIMARY KEY,
    paused boolean     NOT NULL,
    why    text        NOT NULL,
    by     text        NOT NULL,
    at     timestamptz NOT NULL
);

-- One row, counted up by each change above: a process that sees another number reads anew.
CREATE TABLE setup.changed (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint  NOT NULL
);
INSERT INTO setup.changed (version) VALUES (0);

-- The last days' calls to banks, for people to look at: written behind, so that a killed process loses
-- those of its last second. What became of the money stands with the order.
CREATE TABLE setup.calls (
    order_id    uuid        NOT NULL,
    id          uuid        NOT NULL,
    instruction uuid        NOT NULL,
    rail        text        NOT NULL,
    verb        text        NOT NULL,
    state       text        NOT NULL,
    reference   text,
    reason      text,
    millis      integer     NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (order_id, id)
);
CREATE INDEX calls_of_rail ON setup.calls (rail, at DESC, id DESC);
CREATE INDEX calls_at ON setup.calls (at);

-- What somebody wants the clock to do now. Whoever runs it takes the row away.
CREATE TABLE setup.asked (
    name text        PRIMARY KEY,
    at   timestamptz NOT NULL,
    by   text        NOT NULL
);
