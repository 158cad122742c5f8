"""The disclosure log: what of whom went to whom, when, and on what basis (Art. 15(1)(c), 19 GDPR)."""
