-- The trade orders of every product, one row each; moved on only by the gate's group commit.
--
-- No index by payer or payee over all rows: history is walked over the ledger's account entries, so
-- that what a payment costs does not grow with the payments before it. A payment that is made and
-- paid at once touches the primary key and nothing else.

CREATE SCHEMA IF NOT EXISTS orders;

CREATE TABLE orders.orders (
    id             uuid PRIMARY KEY,
    product        text        NOT NULL,
    market         text        NOT NULL,
    state          text        NOT NULL,
    payer          uuid,
    payee          uuid,
    payer_account  uuid,
    payee_account  uuid,
    amount_minor   bigint      NOT NULL,
    currency       text        NOT NULL,
    created_at     timestamptz NOT NULL,
    fee_minor      bigint      NOT NULL DEFAULT 0,
    fee_paid_by    text        NOT NULL DEFAULT 'payer',
    refunded_minor bigint      NOT NULL DEFAULT 0,
    note           text        NOT NULL DEFAULT '',
    deadline_at    timestamptz,
    version        integer     NOT NULL DEFAULT 1,
    updated_at     timestamptz,
    data           jsonb       NOT NULL DEFAULT '{}',
    -- the limit uses that were counted for it, so that the counters can be proved from the orders
    uses           jsonb       NOT NULL DEFAULT '[]',

    CONSTRAINT orders_state_known CHECK (state IN (
        'awaiting', 'held', 'review', 'paid', 'partly_refunded', 'refunded',
        'returned', 'cancelled', 'expired')),
    CONSTRAINT orders_amount_in_range CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT orders_currency_code CHECK (length(currency) = 3),
    CONSTRAINT orders_fee_paid_by_known CHECK (fee_paid_by IN ('payer', 'payee')),
    CONSTRAINT orders_fee_in_range CHECK (
        fee_minor >= 0 AND (fee_paid_by = 'payer' OR fee_minor <= amount_minor)),
    CONSTRAINT orders_refunded_in_range CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT orders_refunded_as_state_says CHECK (
        CASE state
            WHEN 'refunded' THEN refunded_minor = amount_minor
            WHEN 'partly_refunded' THEN refunded_minor > 0 AND refunded_minor < amount_minor
            ELSE refunded_minor = 0
        END),
    CONSTRAINT orders_two_parties CHECK (payer <> payee),
    CONSTRAINT orders_note_short CHECK (length(note) <= 200),
    CONSTRAINT orders_version_positive CHECK (version >= 1)
);

-- What the clock has to act on.
CREATE INDEX orders_due ON orders.orders (deadline_at)
    WHERE deadline_at IS NOT NULL;

-- What waits for somebody.
CREATE INDEX orders_open_by_payer ON orders.orders (payer, id)
    WHERE state IN ('awaiting', 'held', 'review') AND payer IS NOT NULL;
CREATE INDEX orders_open_by_payee ON orders.orders (payee, id)
    WHERE state IN ('awaiting', 'held', 'review') AND payee IS NOT NULL;

-- What a payee asked for (dynamic codes, links, requests), whatever became of it; payments that
-- nobody asked for are not in it.
CREATE INDEX orders_asked_by_payee ON orders.orders (payee, id)
    WHERE data ? 'asked';

-- Money that waits for a phone without a wallet, found by the phone's keyed hash at its sign-up.
CREATE INDEX orders_waiting_for ON orders.orders ((data->>'waits_for'))
    WHERE state = 'held' AND data ? 'waits_for';
