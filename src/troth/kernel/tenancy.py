"""What belongs to whom: each table belongs to a workspace, to something of a workspace, or to the installation.

Most tables say so themselves: they have a `workspace_id`, or a foreign key to one that has. The others are declared here, by the package that has
them, in its `personal_data.py`. So what is deleted with a workspace, and what is handed out of it, is complete by construction; a test walks all models.
"""

from __future__ import annotations

from dataclasses import dataclass

from troth.kernel.personal_data import stores


@dataclass(frozen=True)
class Belonging:
    """That rows of one model belong to rows of another. `on` joins them in SQL, as `own` and `parent`."""

    parent: str
    """A model's label."""
    on: str


_belongings: dict[str, Belonging] = {}
_of_installation: dict[str, str] = {}


def declare_belonging(model_label: str, parent: str, on: str) -> None:
    """State that rows of a model belong to rows of another without a foreign key; `on` in SQL, e.g. `parent.id = own.segment_id`."""
    _belongings[model_label] = Belonging(parent, on)


def declare_of_installation(model_label: str, reason: str) -> None:
    """State that a model belongs to no workspace, and why nothing of one is in it."""
    _of_installation[model_label] = reason


def belonging_of(model_label: str) -> Belonging | None:
    """What was declared of a model, if it was."""
    stores()
    return _belongings.get(model_label)


def is_of_installation(model_label: str) -> bool:
    """Whether a model was declared to belong to no workspace."""
    stores()
    return model_label in _of_installation
