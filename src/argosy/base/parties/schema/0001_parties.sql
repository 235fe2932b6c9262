CREATE SCHEMA parties;

-- The plain columns are no personal data; the sealed ones are, encrypted with a key from outside.
CREATE TABLE parties.party (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('customer', 'merchant', 'agent', 'partner', 'staff', 'system')),
    market text NOT NULL,
    level text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'frozen', 'closed')),
    number text NOT NULL,
    language text NOT NULL,
    merchant_class text,
    created_at timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    name_sealed bytea NOT NULL,
    phone_sealed bytea,
    email_sealed bytea,
    city_sealed bytea,
    business_name_sealed bytea
);

-- By what a party is found: the keyed hash of a phone, an e-mail address or the public number.
CREATE TABLE parties.handle (
    digest bytea NOT NULL,
    market text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'email', 'number')),
    party_id uuid NOT NULL,
    PRIMARY KEY (digest, market, kind)
);
CREATE INDEX handle_party ON parties.handle (party_id);

CREATE TABLE parties.access_log (
    party_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    reader text NOT NULL CHECK (length(reader) BETWEEN 1 AND 80),
    purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 80),
    fields text[] NOT NULL,
    PRIMARY KEY (party_id, id)
);

CREATE FUNCTION parties.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON parties.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION parties.refuse_change();
