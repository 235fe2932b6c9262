-- What the owner score remembers. Both tables can be emptied: they are made again from ctu.events.

CREATE SCHEMA IF NOT EXISTS ctu;

-- An account's habits, packed by the program (habits.py), as of the entry `log_no` of the history, which
-- is of about `at`.
CREATE TABLE ctu.owner_states (
    account text        PRIMARY KEY,
    log_no  bigint      NOT NULL,
    at      timestamptz NOT NULL,
    state   bytea       NOT NULL
) WITH (fillfactor = 70);

-- What everybody does, packed. One row; every process hears the same log, so anyone's copy is as good.
CREATE TABLE ctu.owner_crowd (
    one      boolean     PRIMARY KEY DEFAULT TRUE CHECK (one),
    saved_at timestamptz NOT NULL,
    state    bytea       NOT NULL
);
