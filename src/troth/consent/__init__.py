"""Purposes, decisions, suppressions, and the one gate: `troth.consent.gate.decide`."""
