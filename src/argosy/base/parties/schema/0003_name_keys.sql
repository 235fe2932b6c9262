-- By what a name is found: keyed hashes of the beginnings of its words, one row a party, so that opening
-- a wallet costs one more row and nobody can read a name from it. A GIN index keeps them small.
CREATE TABLE parties.name_keys (
    party_id uuid PRIMARY KEY,
    keys bigint[] NOT NULL
);
CREATE INDEX name_keys_found ON parties.name_keys USING gin (keys);

-- How far the names of parties from before this table have come: the keys are not in the database, so a
-- job hashes them.
CREATE TABLE parties.name_round (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    after uuid NOT NULL,
    done boolean NOT NULL
);
INSERT INTO parties.name_round (after, done)
SELECT '00000000-0000-0000-0000-000000000000', NOT EXISTS (SELECT FROM parties.party);

-- What staff list: the merchants of a class, and the wallets that are stopped.
CREATE INDEX party_class ON parties.party (merchant_class, id) WHERE merchant_class IS NOT NULL;
CREATE INDEX party_stopped ON parties.party (state, id) WHERE state IN ('frozen', 'closing');
