"""Facts on line: read for an event in microseconds, kept up with the log, safe from a kill."""
