CREATE SCHEMA presented;

-- The secret from which a device makes its codes, sealed. `handed_at`: the device has it itself.
CREATE TABLE presented.device (
    party_id uuid NOT NULL,
    device_id uuid NOT NULL,
    selector text NOT NULL,
    secret_sealed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    handed_at timestamptz,
    PRIMARY KEY (party_id, device_id)
);

-- Whose a code is, by the digits in it.
CREATE TABLE presented.selector (
    selector text PRIMARY KEY,
    party_id uuid NOT NULL,
    device_id uuid NOT NULL
);

-- Codes that were taken, each for one payment: a second one finds its row here.
CREATE TABLE presented.used (
    party_id uuid NOT NULL,
    device_id uuid NOT NULL,
    slot bigint NOT NULL,
    payment_id uuid NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (party_id, device_id, slot)
);
CREATE INDEX used_by_time ON presented.used (used_at);

-- Wrong codes, by whom they name and by who shows them, in windows that end at `until`.
CREATE TABLE presented.wrong (
    subject uuid NOT NULL,
    until timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (subject, until)
);
