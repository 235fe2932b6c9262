-- Who works with the brain and decides. A name stands for one person for ever; `digest` is of the key that
-- proves it. `party` is the person's own party where a wallet with staff accounts stands beside the brain.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.staff (
    name       text        PRIMARY KEY,
    id         uuid        NOT NULL UNIQUE,
    digest     bytea       NOT NULL UNIQUE,
    party      uuid        UNIQUE,
    added_at   timestamptz NOT NULL,
    added_by   text        NOT NULL,
    renewed_at timestamptz,
    left_at    timestamptz,
    removed_by text
);
