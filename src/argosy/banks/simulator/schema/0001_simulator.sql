-- The other side of the wire: what the simulated bank keeps for itself. Nothing of the wallet reads it.

CREATE SCHEMA IF NOT EXISTS simulator;

-- Every instruction that the bank has taken in, once.
CREATE TABLE simulator.instructions (
    id           uuid        PRIMARY KEY,
    direction    text        NOT NULL CHECK (direction IN ('collect', 'pay_out')),
    amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
    currency     text        NOT NULL,
    bank_account text        NOT NULL,
    deadline_at  timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    state        text        NOT NULL CHECK (state IN ('done', 'rejected')),
    reason       text,
    reference    text        NOT NULL
);

-- The wallet's account at this bank: what came in by collecting, and what was paid out (negative).
CREATE TABLE simulator.entries (
    instruction  uuid        PRIMARY KEY,
    at           timestamptz NOT NULL,
    currency     text        NOT NULL,
    amount_minor bigint      NOT NULL,
    bank_account text        NOT NULL,
    reference    text        NOT NULL
);
CREATE INDEX entries_at ON simulator.entries (currency, at, instruction);

-- How the bank was told to behave: towards one instruction, one bank account, or everybody.
CREATE TABLE simulator.moods (
    scope     text NOT NULL CHECK (scope IN ('instruction', 'bank_account', 'everybody')),
    key       text NOT NULL,
    behaviour text NOT NULL,
    seconds   real,
    PRIMARY KEY (scope, key)
);

-- Answers that the bank gives once more, by a call of its own.
CREATE TABLE simulator.callbacks (
    instruction uuid        PRIMARY KEY,
    due_at      timestamptz NOT NULL,
    called_at   timestamptz
);
CREATE INDEX callbacks_due ON simulator.callbacks (due_at) WHERE called_at IS NULL;
