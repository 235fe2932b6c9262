-- The brain alone: who may ask it, what it was sent and what it said, whom it calls back, what was
-- brought in from files.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.service_keys (
    id         uuid        PRIMARY KEY,
    digest     bytea       NOT NULL UNIQUE,
    sender     text        NOT NULL,
    scopes     text[]      NOT NULL,
    hint       text        NOT NULL,
    webhook    text,
    secret     bytea,      -- signs the calls; sealed with a key from outside the database
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Every event that was sent, once, with the verdict that was given for it. A challenged event that comes
-- again with a proof is a further attempt.
CREATE TABLE ctu.service_events (
    id         uuid        NOT NULL,
    attempt    integer     NOT NULL,
    content    jsonb       NOT NULL,
    verdict    uuid,
    answer     jsonb,      -- the verdict as it was answered; null for what was brought in from a file
    outcome    text        NOT NULL,
    sender     text        NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (id, attempt)
);
CREATE INDEX service_events_verdict ON ctu.service_events (verdict) WHERE verdict IS NOT NULL;
CREATE INDEX service_events_at ON ctu.service_events (at, id);

-- Calls to senders about their cases, until they are answered with success.
CREATE TABLE ctu.service_calls (
    key_id  uuid        NOT NULL,
    id      uuid        NOT NULL,
    body    jsonb       NOT NULL,
    tries   integer     NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    state   text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'given_up')),
    said    text,
    PRIMARY KEY (key_id, id)
);
CREATE INDEX service_calls_due ON ctu.service_calls (next_at) WHERE state = 'waiting';

-- Files that were brought in: how far each has come, and what was refused.
CREATE TABLE ctu.service_imports (
    name       text        PRIMARY KEY,
    mapping    jsonb       NOT NULL,
    rows_done  bigint      NOT NULL DEFAULT 0,
    taken      bigint      NOT NULL DEFAULT 0,
    known      bigint      NOT NULL DEFAULT 0,
    rejected   bigint      NOT NULL DEFAULT 0,
    begun_at   timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE TABLE ctu.service_rejects (
    name   text   NOT NULL,
    line   bigint NOT NULL,
    field  text   NOT NULL DEFAULT '',
    reason text   NOT NULL,
    PRIMARY KEY (name, line)
);
