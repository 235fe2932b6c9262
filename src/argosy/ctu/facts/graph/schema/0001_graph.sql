-- What the graph of accounts says of each of them, dated: a value is in force from since_ms until the
-- next one of the same account. Training reads the one that was in force at an event's time.

CREATE SCHEMA IF NOT EXISTS ctu;

-- `facts` in the order of the program's layout (facts/graph/columns.py); NaN is missing.
CREATE TABLE ctu.graph_facts (
    key      text     NOT NULL,
    since_ms bigint   NOT NULL,
    layout   smallint NOT NULL,
    facts    float8[] NOT NULL,
    PRIMARY KEY (key, since_ms)
);

-- Where an account lies in the graph of transfers; each refresh is turned to fit the one before.
CREATE TABLE ctu.embeddings (
    key      text     NOT NULL,
    since_ms bigint   NOT NULL,
    place    float8[] NOT NULL,
    PRIMARY KEY (key, since_ms)
);

-- Who is next to whom: the ways on which a newly confirmed account is looked for. `near` is bounded by
-- the program; an account with more neighbours than that conducts nothing, and has none here.
CREATE TABLE ctu.graph_edges (
    key  text   PRIMARY KEY,
    near text[] NOT NULL
);

-- One row for each time that something was written; processes ask for numbers they have not seen.
-- `keys` are the accounts it concerns, NULL all of them.
CREATE TABLE ctu.graph_refreshes (
    number   bigint      PRIMARY KEY,
    since_ms bigint      NOT NULL,
    made_at  timestamptz NOT NULL,
    kind     text        NOT NULL CHECK (kind IN ('refresh', 'confirmed')),
    keys     text[],
    rows     bigint      NOT NULL
);
