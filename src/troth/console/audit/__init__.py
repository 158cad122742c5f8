"""Audit: who looked at whose data, who changed it, and why (row C11)."""
