CREATE SCHEMA notify;

CREATE TABLE notify.message (
    recipient bytea NOT NULL,
    id uuid NOT NULL,
    party_id uuid,
    market text NOT NULL,
    template text NOT NULL,
    phone_sealed bytea,
    text_sealed bytea,
    secret boolean NOT NULL,
    created_at timestamptz NOT NULL,
    forget_at timestamptz,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    delivered_at timestamptz,
    problem text,
    PRIMARY KEY (recipient, id),
    CHECK ((state = 'waiting') = (next_at IS NOT NULL)),
    CHECK (NOT secret OR forget_at IS NOT NULL)
);
CREATE INDEX message_latest ON notify.message (recipient, created_at DESC);
CREATE INDEX message_due ON notify.message (next_at) WHERE state = 'waiting';
CREATE INDEX message_to_forget ON notify.message (forget_at)
    WHERE forget_at IS NOT NULL AND text_sealed IS NOT NULL;
CREATE INDEX message_failed ON notify.message (created_at) WHERE state = 'failed';
