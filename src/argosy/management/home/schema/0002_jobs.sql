-- When each thing that the clock does was last done, and how that went.
CREATE TABLE management.home_jobs (
    name     text        PRIMARY KEY,
    ran_at   timestamptz NOT NULL,
    took_ms  integer     NOT NULL,
    done     bigint      NOT NULL,   -- on how many things it ever acted
    failures integer     NOT NULL,   -- in a row
    problem  text
);
