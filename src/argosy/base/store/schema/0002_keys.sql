-- The operator's key may change. What hashes are made with must not, or nobody would be found again: it
-- is kept here, sealed with the key in use. `retiring` are the keys that data may still be sealed with.
ALTER TABLE store.installation ADD COLUMN root_sealed bytea;
ALTER TABLE store.installation ADD COLUMN retiring bytea[] NOT NULL DEFAULT '{}';
