-- Keys of programs, what was asked with which idempotency key, and nonces of signed requests.
--
-- Everything lies with the party that asks: its id is the first column of every primary key.

CREATE SCHEMA IF NOT EXISTS api;

CREATE TABLE api.keys (
    party_id    uuid        NOT NULL,
    id          uuid        NOT NULL,
    digest      bytea       NOT NULL,             -- keyed hash: the key itself is kept nowhere
    scope       text        NOT NULL CHECK (scope IN ('merchant', 'ledger')),
    label       text        NOT NULL CHECK (length(label) BETWEEN 1 AND 60),
    mode        text        NOT NULL CHECK (mode IN ('live', 'test')),
    hint        text        NOT NULL,             -- how the key ends, to tell keys apart
    signing     text        NOT NULL CHECK (signing IN ('none', 'hmac-sha256', 'ed25519')),
    verifier    bytea,                            -- the sealed secret, or the public key
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    PRIMARY KEY (party_id, id),
    UNIQUE (party_id, digest),
    CHECK ((signing = 'none') = (verifier IS NULL))
);

CREATE TABLE api.idempotency (
    party_id    uuid        NOT NULL,
    key         text        NOT NULL,
    operation   text        NOT NULL,
    target      text        NOT NULL,             -- what the path named
    fingerprint bytea       NOT NULL,             -- keyed hash of operation, path and body
    command_id  uuid        NOT NULL,             -- by which the ledger knows the command again
    tries       integer     NOT NULL DEFAULT 1,   -- who holds the lease: whose number this is
    leased_until timestamptz,                     -- somebody is at it until then; null once answered
    status      smallint,
    headers     jsonb,
    body_sealed bytea,
    code        text,                             -- of the refusal, where it was one
    resource    text,                             -- path of what came of it
    first_at    timestamptz NOT NULL,
    keep_until  timestamptz NOT NULL,
    PRIMARY KEY (party_id, key)
);

CREATE INDEX idempotency_kept ON api.idempotency (keep_until);

CREATE TABLE api.nonces (
    party_id    uuid        NOT NULL,
    key_id      uuid        NOT NULL,
    nonce       text        NOT NULL,
    keep_until  timestamptz NOT NULL,
    PRIMARY KEY (party_id, key_id, nonce)
);

CREATE INDEX nonces_kept ON api.nonces (keep_until);
