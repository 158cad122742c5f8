"""The room Re-permission: who lacks a valid consent and why, and asking them, once."""
