"""What boxes of forms have in common."""

from __future__ import annotations

CODE = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
"""Attributes of a box whose words are no language: a browser is to mend nothing."""
