-- The simulated bank keeps no account number: to know one again, its keyed hash is enough. And it notes the
-- wallet's own number of what it was asked, which it names when it calls by itself.
ALTER TABLE simulator.instructions DROP COLUMN bank_account,
    ADD COLUMN account_hash bytea,
    ADD COLUMN order_id uuid;
ALTER TABLE simulator.entries DROP COLUMN bank_account;
DELETE FROM simulator.moods WHERE scope = 'bank_account';
