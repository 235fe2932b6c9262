-- What waits for a person to look at it, the oldest first.
CREATE INDEX evidence_waiting ON identity.evidence (given_at, id) WHERE state = 'given';
