-- Evidence ends: by its own date, or because a person took it back and said why.
ALTER TABLE identity.evidence DROP CONSTRAINT evidence_state_check;
ALTER TABLE identity.evidence ADD CONSTRAINT evidence_state_check
    CHECK (state IN ('given', 'accepted', 'rejected', 'expired'));
ALTER TABLE identity.evidence ADD COLUMN valid_until date;
ALTER TABLE identity.evidence ADD COLUMN because text;
ALTER TABLE identity.evidence ADD COLUMN reminded boolean NOT NULL DEFAULT false;
CREATE INDEX evidence_ends ON identity.evidence (valid_until)
    WHERE state = 'accepted' AND valid_until IS NOT NULL;

-- A wallet's documents are free again once it is closed.
CREATE INDEX document_party ON identity.document (party_id);

-- Wallets whose account is being closed, for what a crash leaves in between.
CREATE TABLE identity.closing (
    party_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL
);

-- The balance cap of each level as the ledger's ceilings have it, and how far a change of it has come.
CREATE TABLE identity.cap (
    market text NOT NULL,
    level text NOT NULL,
    minor bigint,
    done boolean NOT NULL,
    after uuid NOT NULL,
    PRIMARY KEY (market, level)
);

-- How far today's round has come that looks for wallets without a sign of their owners.
CREATE TABLE identity.round (
    market text PRIMARY KEY,
    day date NOT NULL,
    after uuid NOT NULL
);
