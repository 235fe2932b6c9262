"""Reports: what happened, by days of the market's own, with files of it."""
