-- Small totals that the pages of staff are drawn from: kept by one reader of the event log, in the
-- transaction that ticks its events off, so that each event is counted once. All of it can be made anew
-- from orders, journal and the brain's history.

CREATE SCHEMA IF NOT EXISTS management;

-- By minute (of the commit; for what the brain was asked, of the asking). `channel` is empty where nobody
-- knows it. `le_*`: how many of the timed payments took at most so many milliseconds from request to
-- commit, each counted in the first column that fits. `tried` are first askings of the brain, `proven` further
-- ones that went through.
CREATE TABLE management.home_minutes (
    minute          timestamptz NOT NULL,
    market          text        NOT NULL,
    channel         text        NOT NULL,
    product         text        NOT NULL,
    done            bigint      NOT NULL DEFAULT 0,
    done_minor      bigint      NOT NULL DEFAULT 0,
    fee_minor       bigint      NOT NULL DEFAULT 0,
    timed           bigint      NOT NULL DEFAULT 0,
    took_ms         bigint      NOT NULL DEFAULT 0,
    le_10           bigint      NOT NULL DEFAULT 0,
    le_30           bigint      NOT NULL DEFAULT 0,
    le_100          bigint      NOT NULL DEFAULT 0,
    le_300          bigint      NOT NULL DEFAULT 0,
    le_1000         bigint      NOT NULL DEFAULT 0,
    le_3000         bigint      NOT NULL DEFAULT 0,
    returned        bigint      NOT NULL DEFAULT 0,
    returned_minor  bigint      NOT NULL DEFAULT 0,
    refunds         bigint      NOT NULL DEFAULT 0,
    refunds_minor   bigint      NOT NULL DEFAULT 0,
    fee_back_minor  bigint      NOT NULL DEFAULT 0,
    lapsed          bigint      NOT NULL DEFAULT 0,
    tried           bigint      NOT NULL DEFAULT 0,
    proven          bigint      NOT NULL DEFAULT 0,
    held            bigint      NOT NULL DEFAULT 0,
    challenged      bigint      NOT NULL DEFAULT 0,
    denied          bigint      NOT NULL DEFAULT 0,
    denied_minor    bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, market, channel, product)
) WITH (fillfactor = 70);

-- The same by the market's own day, for ever.
CREATE TABLE management.home_days (
    LIKE management.home_minutes INCLUDING DEFAULTS
);
ALTER TABLE management.home_days DROP COLUMN minute;
ALTER TABLE management.home_days ADD COLUMN day date NOT NULL;
ALTER TABLE management.home_days ADD PRIMARY KEY (day, market, channel, product);

-- Why something did not come to its end, by the market's own day: money that went back (`returned`), what was
-- never paid (`lapsed`), what the brain stopped (`denied`, by the rule that said most).
CREATE TABLE management.home_reasons (
    day     date   NOT NULL,
    market  text   NOT NULL,
    channel text   NOT NULL,
    product text   NOT NULL,
    what    text   NOT NULL,
    reason  text   NOT NULL,
    count   bigint NOT NULL,
    minor   bigint NOT NULL,
    PRIMARY KEY (day, market, channel, product, what, reason)
);

-- What each merchant took in and was paid out, by the market's own day. Fees are those that it bears.
CREATE TABLE management.home_merchants (
    party          uuid   NOT NULL,
    day            date   NOT NULL,
    market         text   NOT NULL,
    sales          bigint NOT NULL DEFAULT 0,
    sales_minor    bigint NOT NULL DEFAULT 0,
    fee_minor      bigint NOT NULL DEFAULT 0,
    refunds        bigint NOT NULL DEFAULT 0,
    refunds_minor  bigint NOT NULL DEFAULT 0,
    fee_back_minor bigint NOT NULL DEFAULT 0,
    paid_out       bigint NOT NULL DEFAULT 0,
    paid_out_minor bigint NOT NULL DEFAULT 0,
    paid_out_fee_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (party, day)
) WITH (fillfactor = 70);
CREATE INDEX home_merchants_day ON management.home_merchants (market, day, party);

-- On which channel an order came that is not at its end yet.
CREATE TABLE management.home_open (
    order_id uuid PRIMARY KEY,
    channel  text NOT NULL
);

-- What was refused before anything became durable, by the minute: each process adds what it has counted.
CREATE TABLE management.home_refusals (
    minute  timestamptz NOT NULL,
    market  text        NOT NULL,
    channel text        NOT NULL,
    product text        NOT NULL,
    reason  text        NOT NULL,
    count   bigint      NOT NULL,
    minor   bigint      NOT NULL,
    PRIMARY KEY (minute, market, channel, product, reason)
);
