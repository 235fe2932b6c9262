-- What an officer reported to an authority: the list as it was, why, and by whom. Never changed; a mistake is
-- mended by filing again.

CREATE SCHEMA IF NOT EXISTS management;

CREATE TABLE management.reports_filings (
    id        uuid        PRIMARY KEY,
    market    text        NOT NULL,
    at        timestamptz NOT NULL,
    what      text        NOT NULL,   -- suspicious, large, cash, cross_border
    authority text        NOT NULL,
    form      text        NOT NULL,
    narrative text        NOT NULL CHECK (length(narrative) BETWEEN 10 AND 4000),
    items     jsonb       NOT NULL,
    by_id     uuid        NOT NULL,
    by_name   text        NOT NULL
);
CREATE INDEX reports_filings_at ON management.reports_filings (market, at, id);

-- Which event went into which filing, so that nothing is filed twice unseen.
CREATE TABLE management.reports_filed (
    event  uuid NOT NULL,
    filing uuid NOT NULL,
    PRIMARY KEY (event, filing)
);

CREATE FUNCTION management.reports_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON management.reports_filings
    FOR EACH STATEMENT EXECUTE FUNCTION management.reports_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON management.reports_filed
    FOR EACH STATEMENT EXECUTE FUNCTION management.reports_refuse_change();
