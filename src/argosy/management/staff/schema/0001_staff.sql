-- The people who run the wallet, how they sign in, and what they did.

CREATE SCHEMA staff;

CREATE TABLE staff.members (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL UNIQUE,
    roles       text[]      NOT NULL,
    language    text        NOT NULL DEFAULT 'en',
    theme       text        NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    password    text,                            -- argon2id
    totp        bytea,                           -- sealed
    totp_step   bigint      NOT NULL DEFAULT 0,  -- no code of this step or before is taken again
    added_at    timestamptz NOT NULL,
    added_by    text        NOT NULL,
    enrolled_at timestamptz,                     -- since then with password and second factor
    disabled_at timestamptz,
    disabled_by text
);

-- A code that stands in for the second factor, once.
CREATE TABLE staff.recoveries (
    member uuid  NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (member, digest)
);

-- The way to a first password; there is one at a time.
CREATE TABLE staff.invitations (
    member  uuid        PRIMARY KEY,
    digest  bytea       NOT NULL UNIQUE,
    made_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    -- what the person chose, until the second factor is proven
    password text,
    totp     bytea
);

CREATE TABLE staff.sessions (
    id       uuid        PRIMARY KEY,
    digest   bytea       NOT NULL UNIQUE,
    member   uuid        NOT NULL,
    made_at  timestamptz NOT NULL,
    seen_at  timestamptz NOT NULL,
    ends_at  timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    address  text        NOT NULL,
    agent    text        NOT NULL
);
CREATE INDEX sessions_member ON staff.sessions (member, id);
CREATE INDEX sessions_living ON staff.sessions (ends_at) WHERE ended_at IS NULL;

-- Wrong tries to sign in, by person and by network address, both as keyed hashes.
CREATE TABLE staff.tries (
    digest     bytea       PRIMARY KEY,
    wrong      integer     NOT NULL,
    wait_until timestamptz NOT NULL,
    at         timestamptz NOT NULL
);

-- What staff did. `detail` is text, so that it hashes to the same for ever.
CREATE TABLE staff.audit (
    number  bigint      PRIMARY KEY,
    at      timestamptz NOT NULL,
    member  uuid,
    name    text        NOT NULL,
    action  text        NOT NULL,
    subject text        NOT NULL,
    reason  text        NOT NULL,
    detail  text        NOT NULL,
    outcome text        NOT NULL,
    session uuid,
    digest  bytea       NOT NULL,
    words   tsvector    GENERATED ALWAYS AS (
        to_tsvector('simple', name || ' ' || replace(action, '.', ' ') || ' ' || subject || ' ' || reason
            || ' ' || outcome || ' ' || detail)
    ) STORED
);
CREATE INDEX audit_member ON staff.audit (member, number);
CREATE INDEX audit_subject ON staff.audit (subject, number);
CREATE INDEX audit_action ON staff.audit (action text_pattern_ops, number);
CREATE INDEX audit_at ON staff.audit (at, number);
CREATE INDEX audit_words ON staff.audit USING gin (words);

-- Where the chain ends: to shorten it, one would have to change two tables alike.
CREATE TABLE staff.audit_end (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint  NOT NULL,
    digest bytea   NOT NULL
);
INSERT INTO staff.audit_end (number, digest) VALUES (0, '\x');

CREATE FUNCTION staff.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'AR900';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff.audit
    FOR EACH STATEMENT EXECUTE FUNCTION staff.append_only();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON staff.audit_end
    FOR EACH STATEMENT EXECUTE FUNCTION staff.append_only();
