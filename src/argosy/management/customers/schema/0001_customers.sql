-- What staff write down about wallets, and what they need to undo what they did.

CREATE SCHEMA customers;

CREATE TABLE customers.note (
    party_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    PRIMARY KEY (party_id, id)
);

CREATE FUNCTION customers.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON customers.note
    FOR EACH STATEMENT EXECUTE FUNCTION customers.refuse_change();

-- Why a wallet is frozen, and what it was before. A frozen wallet without a row was frozen by the machine.
CREATE TABLE customers.frozen (
    party_id uuid PRIMARY KEY,
    before text NOT NULL CHECK (before IN ('active', 'dormant', 'closing')),
    cause text NOT NULL CHECK (cause IN ('owner', 'fraud', 'authority')),
    by text NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL
);

-- Whose wallet belongs to a member of the staff: nobody acts on their own.
CREATE TABLE customers.own (
    party_id uuid PRIMARY KEY,
    member_id uuid NOT NULL,
    bound_by text NOT NULL,
    bound_at timestamptz NOT NULL
);
CREATE INDEX own_member ON customers.own (member_id);
