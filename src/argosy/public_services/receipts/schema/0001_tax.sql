-- The tax numbers that a shop has on its receipts, each from the moment it was entered: a receipt of before
-- shows what held then. An empty number ends the one before. They are printed on receipts, so not secret.

CREATE SCHEMA IF NOT EXISTS receipts;

CREATE TABLE receipts.tax_numbers (
    party_id uuid       NOT NULL,
    key      text        NOT NULL,
    set_at   timestamptz NOT NULL,
    number   text        NOT NULL,

    PRIMARY KEY (party_id, key, set_at),
    CONSTRAINT tax_numbers_short CHECK (length(key) <= 40 AND length(number) <= 60)
);
