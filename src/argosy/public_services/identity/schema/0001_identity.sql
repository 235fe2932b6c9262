CREATE SCHEMA identity;

CREATE TABLE identity.evidence (
    party_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    value_sealed bytea NOT NULL,
    fingerprint bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('given', 'accepted', 'rejected')),
    given_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    PRIMARY KEY (party_id, id),
    CHECK ((state = 'given') = (decided_at IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);

-- One document opens one wallet of a kind: the keyed hash of its number, and whose it is.
CREATE TABLE identity.document (
    digest bytea NOT NULL,
    market text NOT NULL,
    party_kind text NOT NULL,
    party_id uuid NOT NULL,
    PRIMARY KEY (digest, market, party_kind)
);

-- A level that is decided but whose ceiling the ledger may not have yet.
CREATE TABLE identity.raise (
    party_id uuid PRIMARY KEY,
    level text NOT NULL,
    begun_at timestamptz NOT NULL
);
