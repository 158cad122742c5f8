"""What the commands that try a draft share: with whom, what is shown, and a test to a member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from troth.campaigns.draft_trials import DraftTrial, find_hindrance, parts_of, subject_of
from troth.campaigns.trials import Rendered, Sample, make_sample, send_trial_to_member
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.workspaces.models import Workspace


def add_sample(parser: CommandParser) -> None:
    """--person, --made-up, --properties, --part."""
    parser.add_argument("--person", default="", metavar="IDENTIFIER", help="any identifier of a real person")
    parser.add_argument("--made-up", default="", metavar="FILE", help="a person as JSON, laid over the real one if there is one")
    parser.add_argument("--properties", default="", metavar="FILE", help="of the event, as JSON; else those of the person's latest")
    parser.add_argument("--part", choices=("subject", "html", "text"), help="only this part")


def read_sample(workspace_id: int, options: dict[str, Any], *, event: str = "") -> Sample:
    """With whom, and with which event. Raises PersonNotFound, CommandError."""
    subject = find_person(workspace_id, options["person"]) if options["person"] else None
    return make_sample(subject, _read(options["made_up"]), event=event, properties=_read(options["properties"]), now=now_ms())


def tell_parts(rendered: Rendered, part: str | None) -> Iterator[str]:
    """One part as it is, or all that there are under their names."""
    parts = parts_of(rendered)
    if part:
        yield parts[part]
    else:
        yield from (f"--- {name}\n{words}\n" for name, words in parts.items() if words)


def tell_trial(trial: DraftTrial, part: str | None) -> Iterator[str]:
    """A draft with a person, and, of a real one, whether they would get it. Raises CommandError where there is nothing to show."""
    if trial.rendered is None:
        raise CommandError(" ".join(trial.faults))
    yield from tell_parts(trial.rendered, part)
    if part is None and trial.sample is not None and trial.sample.subject is not None:
        hindrance = find_hindrance(trial, now_ms())
        yield f"--- {'would not get it now: ' + hindrance if hindrance else 'would get it now'}"


def send_test(workspace: Workspace, trial: DraftTrial, to: str) -> str:
    """Send it to a member; what was done, in words. Raises TrialRefused, CommandError."""
    if trial.rendered is None:
        raise CommandError(" ".join(trial.faults))
    send_trial_to_member(workspace, trial.rendered, to, now_ms(), subject=subject_of(trial))
    return f"Sent to {to}, with “[Test]” before its subject. Its unsubscribe link leads nowhere."


def _read(path: str) -> dict[str, Any] | None:
    """An object from a file; None without one."""
    if not path:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise CommandError(f"{path}: this is no file with a JSON object.")
    return found
