CREATE SCHEMA ussd;

-- One row for each phone that dials: what it is about to do, and the last answer it was given, so that a
-- dial after a drop goes on and the same post gets the same answer. What was typed is sealed; a PIN is in
-- neither, and of the input there is a keyed hash alone. Rows of phones that have not dialled for long go.
CREATE TABLE ussd.line (
    phone bytea PRIMARY KEY,
    market text NOT NULL,
    session text NOT NULL,
    past text[] NOT NULL DEFAULT '{}',
    consumed integer NOT NULL DEFAULT 0,
    input bytea,
    state_sealed bytea,
    answer_sealed bytea,
    busy_until timestamptz,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX line_changed_at ON ussd.line (changed_at);
