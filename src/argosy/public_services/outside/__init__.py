"""Outside: calls to addresses that somebody gave us, which never go where they could do harm."""
