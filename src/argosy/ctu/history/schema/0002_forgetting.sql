-- What is old is found by its time; rows lie nearly in that order.
CREATE INDEX events_at ON ctu.events USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
