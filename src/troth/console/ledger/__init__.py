"""Ledger: how large the log of consents is, its signed checkpoints, and whether all records are what they were when appended."""
