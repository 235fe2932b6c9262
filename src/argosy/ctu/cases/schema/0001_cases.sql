-- Money that waits for a human, what is done about it, and what was found. Cases are a fold of the
-- outbox's log; what people did to them is not, and stays.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.case_files (
    id             uuid             PRIMARY KEY,
    cause          text             NOT NULL CHECK (cause IN ('review', 'pattern', 'report')),
    event          uuid             NOT NULL,
    order_id       uuid,
    verdict        uuid,
    account        text             NOT NULL,
    payee          text,
    device         text,
    network        text,
    market         text             NOT NULL,
    kind           text             NOT NULL,
    amount_minor   bigint           NOT NULL,
    currency       text             NOT NULL,
    probability    double precision NOT NULL,
    at_risk_minor  bigint           NOT NULL,
    -- Doublings of money at risk, less doublings of age: the order of the queue, which no clock changes.
    rank           double precision NOT NULL,
    reasons        jsonb            NOT NULL,
    rules          text[]           NOT NULL,
    observed       jsonb            NOT NULL,
    opened_at      timestamptz      NOT NULL,
    state          text             NOT NULL DEFAULT 'open'
                   CHECK (state IN ('open', 'released', 'returned')),
    decided_by     text,
    decided_why    text,
    decided_scheme text             NOT NULL DEFAULT '',
    decided_at     timestamptz,
    noted          jsonb,           -- a decision that is being carried out
    noted_at       timestamptz,
    claimed_by     text,
    claimed_until  timestamptz,
    proposal       jsonb,           -- a decision that waits for a second person
    CHECK ((state = 'open') = (decided_at IS NULL))
);

CREATE INDEX case_files_queue ON ctu.case_files (rank DESC, id) WHERE state = 'open';
CREATE INDEX case_files_open_order ON ctu.case_files (order_id) WHERE state = 'open';
CREATE INDEX case_files_event ON ctu.case_files (event);
CREATE INDEX case_files_done ON ctu.case_files (state, opened_at, id);
CREATE INDEX case_files_account ON ctu.case_files (account, opened_at);
CREATE INDEX case_files_payee ON ctu.case_files (payee, opened_at) WHERE payee IS NOT NULL;
CREATE INDEX case_files_device ON ctu.case_files (device, opened_at) WHERE device IS NOT NULL;
CREATE INDEX case_files_network ON ctu.case_files (network, opened_at) WHERE network IS NOT NULL;
CREATE INDEX case_files_rules ON ctu.case_files USING gin (rules);

-- What was done to a case, by whom and why.
CREATE TABLE ctu.case_steps (
    case_id uuid        NOT NULL,
    id      uuid        NOT NULL,
    at      timestamptz NOT NULL,
    what    text        NOT NULL,
    by      text        NOT NULL,
    why     text        NOT NULL DEFAULT '',
    facts   jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (case_id, id)
);

-- How often an account, a device or a network was stopped, in each window of time.
CREATE TABLE ctu.case_patterns (
    entity       text   NOT NULL,
    key          text   NOT NULL,
    window_start bigint NOT NULL,
    count        bigint NOT NULL,
    PRIMARY KEY (entity, key, window_start)
);

-- Terms of the policy as they were set; the latest of each name and currency holds.
CREATE TABLE ctu.case_terms (
    name     text        NOT NULL,
    currency text        NOT NULL DEFAULT '',
    number   integer     NOT NULL,
    set_at   timestamptz NOT NULL,
    value    bigint      NOT NULL,
    by       text        NOT NULL,
    PRIMARY KEY (name, currency, number)
);
