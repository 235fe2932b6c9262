-- What the learning loop did: one run, its steps in order, its candidates with their full reports.

CREATE TABLE ctu.learning_runs (
    id          uuid PRIMARY KEY,
    trigger     text NOT NULL,               -- labels, schedule, hand
    state       text NOT NULL,               -- running, done, nothing, failed
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    known_until timestamptz NOT NULL,        -- nothing that became known later was looked at
    says        text NOT NULL DEFAULT '',
    figures     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX learning_runs_started ON ctu.learning_runs (started_at DESC);

CREATE TABLE ctu.learning_steps (
    run         uuid NOT NULL,
    place       integer NOT NULL,            -- 1, 2, 3 ... within the run
    name        text NOT NULL,
    state       text NOT NULL,               -- done, refused, failed
    says        text NOT NULL,               -- a sentence a person reads
    figures     jsonb NOT NULL DEFAULT '{}',
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    PRIMARY KEY (run, place)
);

CREATE TABLE ctu.learning_candidates (
    id           uuid PRIMARY KEY,
    run          uuid NOT NULL,
    kind         text NOT NULL,              -- model, rule, gang
    name         text NOT NULL,              -- the model's name, the rule's family.name
    version      text NOT NULL,
    state        text NOT NULL,              -- refused, shadow, live, rolled_back, replaced
    scheme       text NOT NULL DEFAULT '',
    body         bytea NOT NULL,             -- model text or rule TOML
    figures      jsonb NOT NULL DEFAULT '{}',
    gates        jsonb NOT NULL DEFAULT '[]',
    expects      jsonb NOT NULL DEFAULT '{}',-- what the watch holds it to
    report       text NOT NULL DEFAULT '',   -- one self-contained HTML page
    made_at      timestamptz NOT NULL,
    published_at timestamptz,
    ended_at     timestamptz,
    says         text NOT NULL DEFAULT ''
);
CREATE INDEX learning_candidates_run ON ctu.learning_candidates (run);
CREATE INDEX learning_candidates_live ON ctu.learning_candidates (state)
    WHERE state IN ('shadow', 'live');

CREATE TABLE ctu.learning_schemes (
    scheme       text NOT NULL,
    first_known  timestamptz NOT NULL,       -- the first confirmed case
    candidate    uuid NOT NULL,              -- what answered it
    published_at timestamptz NOT NULL,
    PRIMARY KEY (scheme, candidate)
);
