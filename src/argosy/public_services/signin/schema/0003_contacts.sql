-- When each party was last let in. Sessions are forgotten after a while, so this keeps the day.
CREATE TABLE signin.seen (
    party_id uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
INSERT INTO signin.seen (party_id, at) SELECT id, now() FROM parties.party;
