"""Reports: tables of what happened, for days of the market's own, on the screen and as files."""
