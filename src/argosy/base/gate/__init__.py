"""The only road to the ledger: screen, post, announce."""
