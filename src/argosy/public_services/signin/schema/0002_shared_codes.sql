-- Several askers may share one live code, each with its own tries: `tries[n]` are those of the n-th.
-- Codes live five minutes, so those of this moment are let go.
DELETE FROM signin.code;
ALTER TABLE signin.code DROP COLUMN tries;
ALTER TABLE signin.code ADD COLUMN asks integer NOT NULL DEFAULT 1;
ALTER TABLE signin.code ADD COLUMN tries integer[] NOT NULL;

-- Which device was bound with the proof of which phone, both as one keyed hash: so a known device
-- has its own budget of codes, and nothing needs to look whether the phone has a wallet.
CREATE TABLE signin.known (
    mark bytea PRIMARY KEY,
    bound_at timestamptz NOT NULL
);
