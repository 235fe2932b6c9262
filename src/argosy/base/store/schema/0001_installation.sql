-- What this database is, so that a wrong key or a demo never meets real people's data.
CREATE SCHEMA store;

CREATE TABLE store.installation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key_check bytea NOT NULL,
    demo boolean NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
