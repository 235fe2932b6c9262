-- Going back to a set that stops less than today's is proposed by one person and done by another. A proposal
-- holds while `base` is the set of today.
CREATE TABLE ctu.rule_proposals (
    number integer     NOT NULL,
    base   integer     NOT NULL,
    by     text        NOT NULL,
    why    text        NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (number, base, by)
);
