-- Who is new is counted by day: rows lie nearly in the order of their opening, so this index costs next to nothing.
CREATE INDEX party_opened ON parties.party USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);
