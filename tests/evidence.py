"""What a company's form brings along with a consent: the text shown and how the box stood."""

from __future__ import annotations

from typing import Any

from troth.intake.commands import Decision

GIVEN: dict[str, Any] = {"notice": "May we write to you?", "default_state": "unchecked", "control_kind": "checkbox", "language": "en"}


def proof_of(decision: Decision) -> dict[str, Any]:
    """Evidence for a grant; anything else needs none."""
    return GIVEN if decision is Decision.GRANT else {}
