"""Words: everything a person reads, in the person's language, with money and days as they are
written there."""
