-- What the brain saw and what was found out later: the log, kept for learning after the outbox is pruned.
-- One relay writes it, in the order of the log, and numbers what it reads.

CREATE SCHEMA IF NOT EXISTS ctu;

-- One row an entry of the log: an event that was challenged and then proven has two, of one id. `log_no`
-- is the place in the log, dense but for labels, which are numbered along. `decision`: 0 allow,
-- 1 challenge, 2 review, 3 deny. `released`: held, and later somebody vouched for it.
CREATE TABLE ctu.events (
    id         uuid        NOT NULL,
    log_no     bigint      NOT NULL,
    kind       text        NOT NULL,
    at         timestamptz NOT NULL,
    at_ms      bigint      NOT NULL,
    market     text        NOT NULL,
    account    text        NOT NULL,
    amount     bigint      NOT NULL,
    currency   text        NOT NULL,
    channel    text        NOT NULL,
    device     text,
    session    text,
    payee      text,
    merchant   text,
    network    text,
    phone      text,
    instrument text,
    proofs     text[]      NOT NULL,
    attributes jsonb       NOT NULL,
    outcome    text        NOT NULL,
    decision   smallint    NOT NULL,
    score      double precision NOT NULL,
    verdict    uuid,
    version    text        NOT NULL,
    order_id   uuid,
    released   boolean     NOT NULL DEFAULT FALSE,
    PRIMARY KEY (id, log_no)
);
CREATE INDEX events_log ON ctu.events (log_no);
CREATE INDEX events_account ON ctu.events (account, at);
CREATE INDEX events_device ON ctu.events (device, at) WHERE device IS NOT NULL;
CREATE INDEX events_payee ON ctu.events (payee, at) WHERE payee IS NOT NULL;
CREATE INDEX events_network ON ctu.events (network, at) WHERE network IS NOT NULL;
CREATE INDEX events_instrument ON ctu.events (instrument, at) WHERE instrument IS NOT NULL;

-- What was found out about an event. Whoever finds it writes the row; the relay gives it its turn
-- (`turn_no`, which of two labels is the later one) and, when the log tells of it with its event, its
-- place (`known_no`). Facts count it from there on; until then, and where the event is not known, it is null.
CREATE TABLE ctu.labels (
    event    uuid    NOT NULL,
    id       uuid    NOT NULL,
    at_ms    bigint  NOT NULL,
    bad      boolean NOT NULL,
    source   text    NOT NULL,
    scheme   text    NOT NULL,
    by       text    NOT NULL,
    loss     bigint  NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    turn_no  bigint,
    known_no bigint,
    PRIMARY KEY (event, id)
);
CREATE INDEX labels_known ON ctu.labels (known_no) WHERE known_no IS NOT NULL;

-- The number that the log has come to. One row.
CREATE TABLE ctu.history_place (
    one     boolean PRIMARY KEY DEFAULT TRUE CHECK (one),
    last_no bigint  NOT NULL
);
INSERT INTO ctu.history_place (last_no) VALUES (0);
