-- The books. Accounts carry running totals, the journal carries what happened, and nothing but the
-- function ledger.commit (see the gate) writes to either.

CREATE SCHEMA ledger;

CREATE TABLE ledger.accounts (
    id              uuid PRIMARY KEY,
    owner           uuid,
    debits_pending  bigint NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    debits_posted   bigint NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_pending bigint NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    credits_posted  bigint NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    floor_minor     bigint,
    ceiling_minor   bigint,
    entries         bigint NOT NULL DEFAULT 0,
    last_at         timestamptz,
    last_entry      uuid,          -- newest transfer that touched the account
    prior_entry     uuid,          -- what last_entry was before the newest batch
    opened_at       timestamptz NOT NULL,
    side            smallint NOT NULL CHECK (side IN (0, 1)),
    frozen          boolean NOT NULL DEFAULT false,
    closed          boolean NOT NULL DEFAULT false,
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    kind            text NOT NULL,
    CHECK (floor_minor <= ceiling_minor)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1);

-- What was done to an account itself: opened, bounds set, frozen, thawed, closed, reopened.
CREATE TABLE ledger.account_events (
    account       uuid NOT NULL,
    id            uuid NOT NULL,
    at            timestamptz NOT NULL,
    what          text NOT NULL,
    floor_minor   bigint,
    ceiling_minor bigint,
    because       text NOT NULL,
    PRIMARY KEY (account, id)
);

-- The journal. A row is one transfer and is never changed. Each row names, for either account, the
-- row before it (debit_prior, credit_prior): an account's statement is a walk along these links, so
-- the journal needs no index by account, and posting costs the same however long the history is.
CREATE TABLE ledger.transfers (
    id           uuid PRIMARY KEY,
    debit        uuid NOT NULL,
    credit       uuid NOT NULL,
    debit_prior  uuid,
    credit_prior uuid,
    order_id     uuid,
    hold         uuid,
    amount       bigint NOT NULL CHECK (amount >= 0),   -- what was moved, or reserved by a hold
    released     bigint NOT NULL DEFAULT 0 CHECK (released >= 0),  -- what an ended hold had reserved
    asked        bigint,                                -- the amount as the caller gave it
    at           timestamptz NOT NULL,
    expires_at   timestamptz,
    segment      bigint NOT NULL,
    position     int NOT NULL,
    lane         smallint NOT NULL,
    action       smallint NOT NULL CHECK (action BETWEEN 0 AND 4),
    up_to        smallint NOT NULL CHECK (up_to BETWEEN 0 AND 2),
    imported     boolean NOT NULL,
    currency     text NOT NULL,
    kind         text NOT NULL,
    CHECK (debit <> credit)
);
CREATE INDEX transfers_chain ON ledger.transfers USING brin (lane, segment);

CREATE TABLE ledger.holds (
    id         uuid PRIMARY KEY,
    debit      uuid NOT NULL,
    credit     uuid NOT NULL,
    amount     bigint NOT NULL CHECK (amount > 0),
    expires_at timestamptz,
    ended_at   timestamptz,
    ended_by   uuid,
    order_id   uuid,
    state      smallint NOT NULL DEFAULT 0,   -- 0 open, 2 posted, 3 voided, 4 expired
    currency   text NOT NULL
);
CREATE INDEX holds_due ON ledger.holds (expires_at) WHERE state = 0;

-- Every so many entries the totals of an account are noted here, so that a balance at a past instant
-- is one look-up and a short walk.
CREATE TABLE ledger.marks (
    account         uuid NOT NULL,
    at              timestamptz NOT NULL,
    entries         bigint NOT NULL,
    last_entry      uuid NOT NULL,
    debits_pending  bigint NOT NULL,
    debits_posted   bigint NOT NULL,
    credits_pending bigint NOT NULL,
    credits_posted  bigint NOT NULL,
    PRIMARY KEY (account, at, entries)
);

-- The hash chain. A batch is a segment; segments of a lane are chained; a lane belongs to one
-- committing connection at a time, so that no counter is shared by all.
CREATE TABLE ledger.segments (
    lane      smallint NOT NULL,
    segment   bigint NOT NULL,
    at        timestamptz NOT NULL,
    transfers int NOT NULL,
    hash      bytea NOT NULL,
    PRIMARY KEY (lane, segment)
);
CREATE TABLE ledger.lanes (
    lane    smallint PRIMARY KEY,
    segment bigint NOT NULL,
    hash    bytea NOT NULL
) WITH (fillfactor = 20);

CREATE FUNCTION ledger.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'AR900';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.segments
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.account_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.marks
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON ledger.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON ledger.holds
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.append_only();

-- How far the balance of an account, on its normal side, is from its bounds. Both count what is
-- pending against the account: what could still leave, what could still arrive.
CREATE FUNCTION ledger.available(a ledger.accounts) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE a.side WHEN 1 THEN a.credits_posted - a.debits_posted - a.debits_pending
                       ELSE a.debits_posted - a.credits_posted - a.credits_pending END
$$;
CREATE FUNCTION ledger.expected(a ledger.accounts) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE a.side WHEN 1 THEN a.credits_posted + a.credits_pending - a.debits_posted
                       ELSE a.debits_posted + a.debits_pending - a.credits_posted END
$$;

-- Whether an account stays within its bounds whatever the order, when at most `debits` and `credits`
-- more are moved or reserved. A total stays under 2^62 and a batch adds at most 10^18, so that these
-- sums cannot overflow.
CREATE FUNCTION ledger.proven(a ledger.accounts, debits bigint, credits bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE a.side
        WHEN 1 THEN
            (debits = 0 OR a.floor_minor IS NULL
             OR a.credits_posted - a.debits_posted - a.debits_pending - debits >= a.floor_minor)
            AND (credits = 0 OR a.ceiling_minor IS NULL
             OR a.credits_posted + a.credits_pending - a.debits_posted + credits <= a.ceiling_minor)
        ELSE
            (credits = 0 OR a.floor_minor IS NULL
             OR a.debits_posted - a.credits_posted - a.credits_pending - credits >= a.floor_minor)
            AND (debits = 0 OR a.ceiling_minor IS NULL
             OR a.debits_posted + a.debits_pending - a.credits_posted + debits <= a.ceiling_minor)
        END
        -- and no running total comes near the end of 64 bits
        AND a.debits_posted + a.debits_pending + debits < 4611686018427387904
        AND a.credits_posted + a.credits_pending + credits < 4611686018427387904
$$;

-- The line of a transfer that the hash chain covers: every fact of it, times in microseconds.
CREATE FUNCTION ledger.micros(t timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM t) * 1000000)::bigint
$$;
