CREATE SCHEMA signin;

-- One live one-time code for each subject (phone and purpose, or party and operation). Small tables:
-- what is over is pruned.
CREATE TABLE signin.code (
    subject bytea PRIMARY KEY,
    id uuid NOT NULL,
    digest bytea NOT NULL,
    market text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('enter', 'reset_pin', 'payment')),
    phone_sealed bytea,
    tries integer NOT NULL DEFAULT 0,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz
);

CREATE TABLE signin.sends (
    subject bytea NOT NULL,
    until timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (subject, until)
);

CREATE TABLE signin.ticket (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL,
    market text NOT NULL,
    purpose text NOT NULL,
    phone_sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz
);

CREATE TABLE signin.pin (
    party_id uuid PRIMARY KEY,
    salt bytea NOT NULL,
    digest bytea NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    wait_until timestamptz,
    changed_at timestamptz NOT NULL
);

CREATE TABLE signin.device (
    party_id uuid NOT NULL,
    id uuid NOT NULL,
    label text NOT NULL,
    public_key bytea,
    algorithm text CHECK (algorithm IN ('ECDSA-P256-SHA256', 'Ed25519')),
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (party_id, id),
    CHECK ((public_key IS NULL) = (algorithm IS NULL))
);

-- `digest` is the token in use; `next` was handed out and becomes it when it is first shown; from
-- then on `previous` is good for a short grace only.
CREATE TABLE signin.session (
    party_id uuid NOT NULL,
    id uuid NOT NULL,
    device_id uuid NOT NULL,
    digest bytea NOT NULL,
    next bytea,
    next_at timestamptz,
    previous bytea,
    previous_until timestamptz,
    started_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text CHECK (ended_why IN ('signed_out', 'revoked', 'replaced', 'replayed', 'pin_reset')),
    PRIMARY KEY (party_id, id)
) WITH (fillfactor = 80);

-- Tokens of the past: who shows one after its grace has a copy that should not exist.
CREATE TABLE signin.spent_token (
    party_id uuid NOT NULL,
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    spent_at timestamptz NOT NULL,
    PRIMARY KEY (party_id, digest)
);
