"""Lines of the list that read the registers: the record of processing, its officer, the processors, and whether what was promised to go does go."""

from __future__ import annotations

from collections.abc import Iterator

from troth.consent.models import Purpose
from troth.privacy.inventory.reading import read_inventory
from troth.privacy.inventory.recipients import find_recipients
from troth.privacy.models import Processor, RetentionRule
from troth.privacy.processors.register import list_used
from troth.privacy.readiness.impact import read_impact
from troth.privacy.readiness.line import Line
from troth.privacy.readiness.officer import judge_officer
from troth.privacy.record.deriving import read_record
from troth.privacy.record.parties import read_parties
from troth.privacy.retention.rules import CATEGORY
from troth.privacy.retention.stores import STORE
from troth.workspaces.models import Workspace


def look_at_registers(workspace: Workspace, now: int) -> Iterator[Line]:
    """The lines, in the order in which one goes through them."""
    parties = read_parties(workspace.pk)
    yield Line("dpo", *judge_officer(parties, read_impact(workspace).met), "record/parties")
    missing = read_record(workspace.pk, now).missing
    yield Line(
        "record",
        not missing,
        f"{len(missing)} thing{'s are' if len(missing) != 1 else ' is'} missing in it" if missing else "complete",
        missing[0].path if missing else "record",
    )
    yield _processors(workspace, now)
    yield _retention(workspace)


def _processors(workspace: Workspace, now: int) -> Line:
    own = list_used(workspace.pk, now)
    lacking = [(one, what) for one in own if (what := _lacks(one))]
    if lacking:
        return Line(
            "processors", False, "; ".join(f"{one.name}: {what}" for one, what in lacking), f"processors/entry?id={lacking[0][0].pk}"
        )
    if not own and (reached := [one.name for one in find_recipients(workspace.pk) if not one.is_here]):
        return Line("processors", False, f"data goes out by {', '.join(reached)}, and nobody is registered", "processors/entry")
    if not own:
        return Line("processors", None, "nobody is registered: enter who hosts this and who carries your mail", "processors/entry")
    return Line("processors", True, f"{len(own)} registered, each with agreement and place", "processors")


def _lacks(own: Processor) -> str:
    """What an entry does not say yet (Art. 28(3), 44, 46)."""
    wanted = (
        (not own.dpa, "no agreement"),
        (not own.location, "no place"),
        (not own.transfer_tool, "not said whether data leaves the EEA"),
        (own.transfer_tool.startswith(("scc", "bcr")) and not own.tia, "no assessment of the transfer"),
        (bool(own.objection), "an objection is to be settled"),
    )
    return ", ".join(says for is_lacking, says in wanted if is_lacking)


def _retention(workspace: Workspace) -> Line:
    """Each purpose that says when its data goes, and has data, needs a schedule that lets it go."""
    rules = list(RetentionRule.objects.filter(workspace_id=workspace.pk, is_active=True).exclude(target=STORE))
    stored: dict[str, set[str]] = {}
    for item in read_inventory(workspace.pk, with_uses=False):
        stored.setdefault(item.purpose, set()).add(item.category)
    idle = [
        purpose.name
        for purpose in Purpose.objects.filter(workspace_id=workspace.pk, archived=False).exclude(retention="").order_by("name")
        if purpose.key in stored and not any(_serves(rule, purpose.key, stored[purpose.key]) for rule in rules)
    ]
    says = (
        f"{', '.join(idle)}: an end is promised, and no schedule that is on carries it out"
        if idle
        else "what is promised to go goes by itself"
    )
    return Line("retention", not idle, says, "retention/schedule" if idle else "retention")


def _serves(rule: RetentionRule, purpose: str, categories: set[str]) -> bool:
    if rule.purpose not in ("", purpose):
        return False
    return rule.target != CATEGORY or rule.category in categories
