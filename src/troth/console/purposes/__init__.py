"""Purposes: why data is processed and on what basis, as versions; and what belongs to each."""
