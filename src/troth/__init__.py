"""Troth: self-hosted customer engagement software that asks first."""
