-- Fact sets, and what is known of each entity under each of them, as of the set's cursor in the outbox
-- (`ctu.facts <version>`). States are packed by the program: they are read and written as a whole.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.fact_sets (
    version      text        PRIMARY KEY,
    body         jsonb       NOT NULL,
    source       text        NOT NULL,   -- starter, or who published it
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replaced_at  timestamptz             -- null: live
);
CREATE UNIQUE INDEX fact_sets_live ON ctu.fact_sets ((TRUE)) WHERE replaced_at IS NULL;

CREATE TABLE ctu.states (
    key     text  NOT NULL,
    entity  text  NOT NULL,
    version text  NOT NULL,
    state   bytea NOT NULL,
    PRIMARY KEY (key, entity, version)
) WITH (fillfactor = 70);
