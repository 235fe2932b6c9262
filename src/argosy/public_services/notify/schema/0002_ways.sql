-- Where a message goes next if this way fails, how often this way was tried, and what was heard of it.
ALTER TABLE notify.message
    ADD COLUMN ways text[] NOT NULL DEFAULT '{}',
    ADD COLUMN way text,
    ADD COLUMN way_tries integer NOT NULL DEFAULT 0,
    ADD COLUMN charged_at timestamptz,
    ADD COLUMN arrived_at timestamptz;
CREATE INDEX message_charged ON notify.message (recipient, charged_at)
    WHERE charged_at IS NOT NULL;

-- The numbers under which a carrier will tell what became of a message.
CREATE TABLE notify.sent (
    carrier text NOT NULL,
    reference text NOT NULL,
    recipient bytea NOT NULL,
    id uuid NOT NULL,
    way text NOT NULL,
    forget_at timestamptz NOT NULL,
    PRIMARY KEY (carrier, reference)
);
CREATE INDEX sent_to_forget ON notify.sent (forget_at);
CREATE INDEX sent_of ON notify.sent (id);

-- Devices that take push messages.
CREATE TABLE notify.subscription (
    party_id uuid NOT NULL,
    device uuid NOT NULL,
    endpoint_sealed bytea NOT NULL,
    auth_sealed bytea NOT NULL,
    p256dh bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (party_id, device)
);

-- How messages went, by day.
CREATE TABLE notify.tally (
    day date NOT NULL,
    market text NOT NULL,
    way text NOT NULL,
    carrier text NOT NULL,
    outcome text NOT NULL,
    messages bigint NOT NULL,
    PRIMARY KEY (day, market, way, carrier, outcome)
);
