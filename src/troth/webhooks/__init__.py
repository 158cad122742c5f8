"""Webhooks: what happens is told to systems of the customer's, signed, at least once, in each person's order."""
