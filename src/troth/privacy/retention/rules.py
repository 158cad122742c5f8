"""Schedules: what goes, and when.

A schedule names data (a category, an attribute, an event, a property, or the whole person), the purpose that it is collected for if not any, and
the trigger from which its period runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from troth.consent.catalog import load_catalog
from troth.consent.durations import DurationInvalid, add_duration, check_duration
from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, PROPERTY
from troth.privacy.inventory.reading import Item, read_inventory
from troth.privacy.inventory.rules import CATEGORIES
from troth.privacy.models import RetentionRule
from troth.privacy.retention.stores import EVIDENCE, KEEPABLES, STORE
from troth.privacy.seats import load_seat

CATEGORY, PERSON = "category", "person"
TARGETS = (CATEGORY, ATTRIBUTE, EVENT, PROPERTY, PERSON, STORE)
AGE, LAST_ACTIVITY, CONSENT_END, YEAR_END = "age", "last_activity", "consent_end", "year_end"
TRIGGERS = (AGE, LAST_ACTIVITY, CONSENT_END, YEAR_END)
FIELDS = ("title", "target", "category", "event", "name", "purpose", "trigger", "period", "is_active")
MOST = 100


class RetentionInvalid(TrothError):
    """A schedule that cannot be kept; the message begins with the field."""


class RetentionUnknown(TrothError):
    """There is no such schedule, hold or run in this workspace."""


class Datum(NamedTuple):
    """What a schedule covers by name."""

    kind: str
    event: str
    name: str


def list_rules(workspace_id: int) -> QuerySet[RetentionRule]:
    """The schedules of a workspace, in the order they were made."""
    return RetentionRule.objects.filter(workspace_id=workspace_id).order_by("pk")


def find_rule(workspace_id: int, rule_id: int) -> RetentionRule:
    """One of them. Raises RetentionUnknown."""
    found = RetentionRule.objects.filter(workspace_id=workspace_id, pk=rule_id).first()
    if found is None:
        raise RetentionUnknown("There is no such schedule in this workspace.")
    return found


def save_rule(workspace_id: int, given: Mapping[str, Any], *, now: int, rule: RetentionRule | None = None) -> RetentionRule:
    """Make a schedule or change one; it runs within a day when it is active. Raises RetentionInvalid, DurationInvalid."""
    own = rule or RetentionRule(workspace_id=workspace_id, created_at=now)
    for name, value in given.items():
        if name not in FIELDS:
            raise RetentionInvalid(f"$.{name}: a schedule has no such field.")
        setattr(own, name, value)
    _check(own)
    if rule is None and list_rules(workspace_id).count() >= MOST:
        raise RetentionInvalid(f"$: at most {MOST} schedules: join or delete some.")
    own.due_at = now
    own.save()
    return own


def delete_rule(own: RetentionRule) -> None:
    """Have a schedule no more. Raises RetentionInvalid for the one that every workspace has: deleted, it would be made anew, and run."""
    if _is_evidence(own) and not list_rules(own.workspace_id).filter(target=STORE, name=EVIDENCE).exclude(pk=own.pk).exists():
        raise RetentionInvalid("$: every workspace has this schedule: switch it off, or change its period.")
    own.delete()


def _is_evidence(own: RetentionRule) -> bool:
    return own.target == STORE and own.name == EVIDENCE


def _check(own: RetentionRule) -> None:
    if not own.title.strip():
        raise RetentionInvalid("$.title: a schedule needs a title.")
    if own.target not in TARGETS:
        raise RetentionInvalid(f"$.target: must be one of {', '.join(TARGETS)}.")
    if own.trigger not in TRIGGERS:
        raise RetentionInvalid(f"$.trigger: must be one of {', '.join(TRIGGERS)}.")
    if own.target == CATEGORY and own.category not in CATEGORIES:
        raise RetentionInvalid(f"$.category: must be one of {', '.join(CATEGORIES)}.")
    if own.target in (EVENT, PROPERTY) and not own.event:
        raise RetentionInvalid("$.event: name the event.")
    if own.target in (ATTRIBUTE, PROPERTY) and not own.name:
        raise RetentionInvalid("$.name: name the attribute or property.")
    if own.target == STORE and (own.name not in KEEPABLES or own.event or own.purpose):
        raise RetentionInvalid(f"$.name: of a store of Troth's own one of {', '.join(KEEPABLES)}, without event or purpose.")
    _check_trigger(own)
    if own.trigger == CONSENT_END and not own.purpose and own.target != STORE:
        raise RetentionInvalid("$.purpose: name the purpose whose consent ended.")
    if own.purpose and load_catalog(own.workspace_id).rule(own.purpose) is None:
        raise RetentionInvalid("$.purpose: there is no such purpose in this workspace.")
    try:
        check_duration(own.period)
    except DurationInvalid as error:
        raise RetentionInvalid(f"$.period: {error}") from None
    if cutoff_of(own.period, 10_000 * DAY) > 9_999 * DAY:
        raise RetentionInvalid("$.period: an ISO 8601 duration of a day at least, e.g. P2Y or P90D.")


def _check_trigger(own: RetentionRule) -> None:
    is_evidence = _is_evidence(own)
    if is_evidence and own.trigger not in (CONSENT_END, YEAR_END):
        raise RetentionInvalid("$.trigger: what proves a consent goes by the end of it, or by the end of that year.")
    if own.trigger == YEAR_END and not is_evidence:
        raise RetentionInvalid("$.trigger: only what proves a consent goes by the end of a year.")
    if own.target == STORE and own.trigger != AGE and not is_evidence:
        raise RetentionInvalid("$.trigger: what Troth itself writes goes by its age.")
    if own.target == PERSON and own.trigger == AGE:
        raise RetentionInvalid("$.trigger: whole persons go by their last activity or by the end of a consent.")


def cutoff_of(period: str, now: int) -> int:
    """The moment before which things are too old: the latest from which the period has run out by `now`."""
    # Adding is what the calendar defines, for months differ: so the day is looked for from which adding leads to now, and never beyond.
    ahead = (add_duration(now, period) or now) - now
    found = now - ahead - 5 * DAY
    while (add_duration(found + DAY, period) or now) <= now and found + DAY <= now:
        found += DAY
    return found


def cutoff_for(rule: RetentionRule, now: int) -> int:
    """The moment before which the trigger of a schedule must lie for its period to have run out by `now`.

    A period from the end of the year in which something happened begins with the next year, by the clock of the workspace's seat.
    """
    found = cutoff_of(rule.period, now)
    if rule.trigger != YEAR_END:
        return found
    zone = load_seat(rule.workspace_id).zone_info
    year = datetime.fromtimestamp(found / 1000, zone).year
    return int(datetime(year, 1, 1, tzinfo=zone).timestamp() * 1000)


def data_of(rule: RetentionRule) -> list[Datum]:
    """What a schedule covers by name, as stored now: of a category everything that is of it, collected for the purpose if one is named."""
    if rule.target == PERSON:
        return []
    if rule.target != CATEGORY:
        return [Datum(rule.target, rule.event, rule.name)]
    return [
        Datum(item.kind, item.event, item.name)
        for item in read_inventory(rule.workspace_id, with_uses=False)
        if item.category == rule.category
        and "." not in item.name
        and (rule.trigger == CONSENT_END or not rule.purpose or item.purpose == rule.purpose)
    ]


def reaches(rule: RetentionRule, item: Item) -> bool:
    """Whether a schedule lets data of this name go. With the end of a consent its purpose is the one that was agreed to, whatever the data is for."""
    if rule.purpose and rule.trigger not in ("consent_end", "year_end") and rule.purpose != item.purpose:
        return False
    if rule.target == CATEGORY:
        return bool(rule.category == item.category)
    return rule.target == "person" or (rule.target == item.kind and rule.event == item.event and rule.name == item.name)


def plain_rule(rule: RetentionRule) -> dict[str, Any]:
    """A schedule for JSON."""
    return {"id": rule.pk, **{name: getattr(rule, name) for name in FIELDS}}
