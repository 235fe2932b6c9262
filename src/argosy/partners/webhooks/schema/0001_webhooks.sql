-- Where merchants want to be told, and every telling.
--
-- Of the deliveries that wait for one endpoint and one subject (a payment), only the first has a
-- `next_at`; the next one gets its own when the first has ended. `turn` is their order.

CREATE SCHEMA IF NOT EXISTS webhooks;

CREATE TABLE webhooks.endpoints (
    party_id      uuid        NOT NULL,
    id            uuid        NOT NULL,
    url           text        NOT NULL,
    events        text[]      NOT NULL,
    label         text        NOT NULL DEFAULT '',
    state         text        NOT NULL CHECK (state IN ('active', 'paused')),
    paused_why    text,
    secret        bytea       NOT NULL,           -- sealed
    old_secret    bytea,                          -- sealed; signs too until old_until
    old_until     timestamptz,
    failures      integer     NOT NULL DEFAULT 0, -- in a row, over all deliveries
    failing_since timestamptz,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (party_id, id)
);

CREATE TABLE webhooks.deliveries (
    party_id     uuid        NOT NULL,
    id           uuid        NOT NULL,
    endpoint_id  uuid        NOT NULL,
    event_id     uuid        NOT NULL,
    subject      uuid        NOT NULL,
    turn         integer     NOT NULL,
    kind         text        NOT NULL,
    body         text        NOT NULL,            -- the very bytes that are signed and sent
    state        text        NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    tries        integer     NOT NULL DEFAULT 0,  -- of this round; a redelivery begins a new one
    calls        integer     NOT NULL DEFAULT 0,  -- of all rounds: who has the last number is at it
    next_at      timestamptz,
    status       smallint,
    problem      text,
    answer       text,                            -- how the receiver's last answer began
    created_at   timestamptz NOT NULL,            -- the event's time
    waiting_since timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (party_id, id)
);

CREATE INDEX deliveries_due ON webhooks.deliveries (party_id, endpoint_id, next_at)
    WHERE state = 'waiting' AND next_at IS NOT NULL;
CREATE INDEX deliveries_in_order ON webhooks.deliveries (party_id, endpoint_id, subject, turn);
CREATE INDEX deliveries_dead ON webhooks.deliveries (party_id, id) WHERE state = 'dead';
CREATE INDEX deliveries_ended ON webhooks.deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_waiting ON webhooks.deliveries (waiting_since) WHERE state = 'waiting';
