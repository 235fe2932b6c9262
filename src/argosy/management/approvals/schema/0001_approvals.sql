-- What one person proposes and another decides.

CREATE SCHEMA approvals;

CREATE TABLE approvals.proposals (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    body       jsonb       NOT NULL,
    reason     text        NOT NULL,
    needs      text        NOT NULL,  -- the right of whoever proposes and whoever decides
    by_id      uuid        NOT NULL,
    by_name    text        NOT NULL,
    at         timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state      text        NOT NULL CHECK (state IN
        ('waiting', 'approved', 'done', 'failed', 'declined', 'withdrawn', 'expired')),
    decided_by_id uuid,
    decided_by    text,
    decided_at    timestamptz,
    taken_at      timestamptz,  -- since when somebody carries it out
    why           text NOT NULL DEFAULT '',
    outcome       jsonb NOT NULL DEFAULT '{}',
    CHECK (decided_by_id IS NULL OR decided_by_id <> by_id OR state = 'withdrawn')
);
CREATE INDEX proposals_state ON approvals.proposals (state, id);
CREATE INDEX proposals_subject ON approvals.proposals (subject, id);
