-- A wallet that nobody has used for long sleeps; one whose owner wants to close it is on its way there.
ALTER TABLE parties.party DROP CONSTRAINT party_state_check;
ALTER TABLE parties.party ADD CONSTRAINT party_state_check
    CHECK (state IN ('active', 'dormant', 'frozen', 'closing', 'closed'));
