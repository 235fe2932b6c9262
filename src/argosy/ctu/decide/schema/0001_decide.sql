-- What was said, with all that it takes to come to it again.

CREATE SCHEMA IF NOT EXISTS ctu;

-- What a verdict's version stands for: fact columns, scores, rules, models, policy.
CREATE TABLE ctu.verdict_versions (
    version text        PRIMARY KEY,
    made    jsonb       NOT NULL,
    at      timestamptz NOT NULL
);

-- Every verdict that was not a plain yes. `evidence` is packed by the program (packing.py). An event that
-- is challenged and comes again with a proof has a verdict for each attempt; `answered` says that this is
-- such a further attempt.
CREATE TABLE ctu.verdict_rows (
    id           uuid             PRIMARY KEY,
    event        uuid             NOT NULL,
    account      text             NOT NULL,
    payee        text,
    market       text             NOT NULL,
    kind         text             NOT NULL,
    channel      text             NOT NULL,
    amount_minor bigint           NOT NULL,
    currency     text             NOT NULL,
    at           timestamptz      NOT NULL,
    outcome      text             NOT NULL,
    decision     text             NOT NULL CHECK (decision IN ('challenge', 'review', 'deny')),
    challenge    text,
    score        double precision NOT NULL,
    hits         jsonb            NOT NULL,
    unevaluated  text[]           NOT NULL,
    answered     boolean          NOT NULL,
    version      text             NOT NULL,
    evidence     bytea            NOT NULL
);
ALTER TABLE ctu.verdict_rows ALTER COLUMN evidence SET STORAGE EXTERNAL;
CREATE INDEX verdict_rows_event ON ctu.verdict_rows (event);
CREATE INDEX verdict_rows_account ON ctu.verdict_rows (account, id);
CREATE INDEX verdict_rows_at ON ctu.verdict_rows (at);

-- Plain yeses, some hundred in a row, written behind. Found by when they were said (a verdict's id has its
-- time in it); the event's own row of the history names its verdict. Their events are those of the history.
CREATE TABLE ctu.verdict_blocks (
    id      uuid        PRIMARY KEY,
    from_at timestamptz NOT NULL,
    to_at   timestamptz NOT NULL,
    version text        NOT NULL,
    count   integer     NOT NULL,
    packed  bytea       NOT NULL
);
ALTER TABLE ctu.verdict_blocks ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX verdict_blocks_to ON ctu.verdict_blocks (to_at);

-- How often what happened, by the minute (of the event), market and kind; `rates.py` says what is counted.
CREATE TABLE ctu.rate_tallies (
    minute timestamptz NOT NULL,
    market text        NOT NULL,
    kind   text        NOT NULL,
    what   text        NOT NULL,
    count  bigint      NOT NULL,
    PRIMARY KEY (minute, market, kind, what)
);
