-- Versions of models. A version is never changed but for its state; one of a name is live.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.models (
    name        text        NOT NULL,
    version     text        NOT NULL,
    kind        text        NOT NULL,
    text        bytea       NOT NULL,  -- compressed with zlib
    columns     text[]      NOT NULL,
    card        jsonb       NOT NULL,
    metrics     jsonb       NOT NULL,
    fingerprint text        NOT NULL,
    state       text        NOT NULL
        CHECK (state IN ('candidate', 'shadow', 'live', 'retired', 'rolled_back')),
    put_at      timestamptz NOT NULL,
    put_by      text        NOT NULL,
    moved_at    timestamptz NOT NULL,
    moved_by    text        NOT NULL,
    moved_why   text        NOT NULL,
    PRIMARY KEY (name, version)
);
ALTER TABLE ctu.models ALTER COLUMN text SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX models_live ON ctu.models (name) WHERE state = 'live';
CREATE UNIQUE INDEX models_shadow ON ctu.models (name) WHERE state = 'shadow';

-- What became of each version, and by whom; the order of `step` is the order of what happened.
CREATE TABLE ctu.model_steps (
    name    text        NOT NULL,
    step    bigint      NOT NULL,
    version text        NOT NULL,
    was     text,
    state   text        NOT NULL,
    at      timestamptz NOT NULL,
    by      text        NOT NULL,
    why     text        NOT NULL,
    PRIMARY KEY (name, step)
);

-- One row: it counts up whenever what is scored changes, so that a process sees at a glance.
CREATE TABLE ctu.model_changes (
    one    boolean PRIMARY KEY DEFAULT TRUE CHECK (one),
    change bigint  NOT NULL
);
INSERT INTO ctu.model_changes (change) VALUES (0);
