-- What the brain knows and what it said. Everything but `tallies` is a fold of the outbox's log, written
-- in the transaction that moves the brain's cursor; the tables can be emptied and made again from it.

CREATE SCHEMA IF NOT EXISTS ctu;

-- A party's operations: `state` is packed by the program (history.py), because it is read and written
-- as a whole, once for each payment.
CREATE TABLE ctu.accounts (
    party uuid PRIMARY KEY,
    state bytea NOT NULL
) WITH (fillfactor = 70);

-- Who ever paid whom, and since when.
CREATE TABLE ctu.pairs (
    payer    uuid   NOT NULL,
    payee    uuid   NOT NULL,
    first_ms bigint NOT NULL,
    PRIMARY KEY (payer, payee)
);

-- Which accounts were ever used from a device, and since when.
CREATE TABLE ctu.devices (
    device   uuid   NOT NULL,
    party    uuid   NOT NULL,
    first_ms bigint NOT NULL,
    PRIMARY KEY (device, party)
);

-- Who was seen around a young payee or behind a network address lately.
CREATE TABLE ctu.crowds (
    name  text PRIMARY KEY,
    state bytea NOT NULL
) WITH (fillfactor = 70);

-- Every verdict that was not a plain yes, with what it read.
CREATE TABLE ctu.verdicts (
    id           uuid        PRIMARY KEY,
    operation    uuid        NOT NULL,
    party        uuid        NOT NULL,
    payee        uuid,
    market       text        NOT NULL,
    kind         text        NOT NULL,
    channel      text        NOT NULL,
    amount_minor bigint      NOT NULL,
    currency     text        NOT NULL,
    at           timestamptz NOT NULL,
    decision     text        NOT NULL CHECK (decision IN ('allow', 'challenge', 'review', 'deny')),
    challenge    text,
    score        real        NOT NULL,
    hits         jsonb       NOT NULL,
    unevaluated  text[]      NOT NULL,
    version      text        NOT NULL
);
CREATE INDEX verdicts_operation ON ctu.verdicts (operation);
CREATE INDEX verdicts_party ON ctu.verdicts (party, id);

-- Money that waits for a human.
CREATE TABLE ctu.cases (
    id           uuid        PRIMARY KEY,
    operation    uuid        NOT NULL,
    order_id     uuid,
    verdict      uuid        NOT NULL,
    party        uuid        NOT NULL,
    payee        uuid,
    market       text        NOT NULL,
    kind         text        NOT NULL,
    amount_minor bigint      NOT NULL,
    currency     text        NOT NULL,
    reasons      jsonb       NOT NULL,
    observed     jsonb       NOT NULL,
    opened_at    timestamptz NOT NULL,
    state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'released', 'returned')),
    decided_by   text,
    decided_why  text,
    decided_at   timestamptz,
    noted_at     timestamptz,  -- when somebody began to decide
    CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE INDEX cases_open ON ctu.cases (market, opened_at, id) WHERE state = 'open';
CREATE INDEX cases_open_order ON ctu.cases (order_id) WHERE state = 'open';
CREATE INDEX cases_party ON ctu.cases (party, id);

-- How often what was said, by the minute: `allow`, `challenge`, ..., `rule <name>`, `unevaluated <name>`.
CREATE TABLE ctu.tallies (
    minute timestamptz NOT NULL,
    market text        NOT NULL,
    kind   text        NOT NULL,
    what   text        NOT NULL,
    count  bigint      NOT NULL,
    PRIMARY KEY (minute, market, kind, what)
);
