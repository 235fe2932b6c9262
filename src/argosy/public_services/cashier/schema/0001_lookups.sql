-- How many people a party has looked up, by hour and by day: see lookups.py.

CREATE SCHEMA IF NOT EXISTS cashier;

CREATE TABLE cashier.lookups (
    party_id uuid        NOT NULL,
    per      text        NOT NULL CHECK (per IN ('hour', 'day')),
    until    timestamptz NOT NULL,
    count    integer     NOT NULL,
    PRIMARY KEY (party_id, per, until)
);
