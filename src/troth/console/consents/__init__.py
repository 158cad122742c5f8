"""Consents: every recorded decision with the text that was seen and its place in the ledger; and what was refused at the door."""
