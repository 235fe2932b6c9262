-- Rules as they were written, and the dated sets of which version counted how far. Nothing is ever changed:
-- the set of today is the one with the highest number.

CREATE SCHEMA IF NOT EXISTS ctu;

CREATE TABLE ctu.rule_versions (
    name       text        NOT NULL,
    number     integer     NOT NULL CHECK (number > 0),
    text       text        NOT NULL,
    written_by text        NOT NULL,
    written_at timestamptz NOT NULL,
    why        text        NOT NULL,
    PRIMARY KEY (name, number)
);

-- `members` are {"name", "number", "state", "percent", "since"}; withdrawn rules are not among them.
-- `thresholds` is TOML; NULL stands for those that Argosy comes with.
CREATE TABLE ctu.rule_sets (
    number       integer     PRIMARY KEY CHECK (number > 0),
    at           timestamptz NOT NULL,
    published_by text        NOT NULL,
    why          text        NOT NULL,
    members      jsonb       NOT NULL,
    thresholds   text
);
