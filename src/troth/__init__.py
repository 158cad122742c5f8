"""Troth: self-hosted customer engagement software that asks first."""

__version__ = "0.1.0"
