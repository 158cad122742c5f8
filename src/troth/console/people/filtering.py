"""What a list of people is narrowed to: read from the address, written as conditions on a row `p` of people_person, for both databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from troth.consent.models import EVERYTHING, Standing
from troth.console.asking import FilterInvalid, read_day
from troth.kernel.json_text import encode
from troth.kernel.sql import is_sqlite

HAS = ("email", "phone", "device", "external_id", "anonymous_id")
STANDINGS = {"granted": Standing.GRANTED, "refused": Standing.REFUSED}
OPERATIONS = ("is", "contains", "is_set")
NAMES = ("tag", "attribute", "op", "value", "purpose", "standing", "has", "restricted", "from", "to")
LONGEST = 255


@dataclass(frozen=True)
class Filters:
    """Conditions in SQL with their values, and the days between which somebody must have come (milliseconds, the end excluded)."""

    conditions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    since: int | None = None
    until: int | None = None

    @property
    def narrows(self) -> bool:
        """Whether rows are looked at that may not be shown."""
        return bool(self.conditions)


def read_filters(asked: Mapping[str, str], zone: str) -> Filters:
    """The filters of an address. Raises FilterInvalid."""
    parts: list[tuple[str, list[Any]]] = []
    if tag := asked.get("tag", "")[:LONGEST]:
        parts.append(_has_tag(tag))
    if name := asked.get("attribute", "")[:LONGEST]:
        parts.append(_attribute(name, asked.get("op", "is") or "is", asked.get("value", "")))
    if purpose := asked.get("purpose", "")[:64]:
        parts.append(_stands(purpose, asked.get("standing", "") or "granted"))
    if kind := asked.get("has", ""):
        if kind not in HAS:
            raise FilterInvalid(_("People can be narrowed to those who have an e-mail, a phone, a device, an id or an anonymous id."))
        parts.append((f"EXISTS (SELECT 1 FROM people_identifier i WHERE {_OWN.format('i')} AND i.kind = %s)", [kind]))
    if asked.get("restricted"):
        parts.append(_has_stance(EVERYTHING, Standing.REFUSED))
    return Filters(
        conditions=tuple(condition for condition, _values in parts),
        values=tuple(value for _condition, values in parts for value in values),
        since=read_day(asked.get("from", ""), zone),
        until=read_day(asked.get("to", ""), zone, 1),
    )


_OWN = "{0}.bucket = p.bucket AND {0}.person_id = p.person_id"


def _has_tag(tag: str) -> tuple[str, list[Any]]:
    if is_sqlite():
        return "EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = %s)", [tag]
    return "p.tags @> %s::jsonb", [encode([tag])]


def _attribute(name: str, operation: str, value: str) -> tuple[str, list[Any]]:
    """An attribute of that name whose value, as text, is or contains something, or that is there at all."""
    if operation not in OPERATIONS:
        raise FilterInvalid(_("An attribute is compared by “is”, “contains” or “is set”."))
    if is_sqlite():
        text = "CASE a.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(a.value AS TEXT) END"
        found, place = "EXISTS (SELECT 1 FROM json_each(p.attributes) a WHERE a.key = %s{})", "instr"
    else:
        text = "a.value"
        found, place = "EXISTS (SELECT 1 FROM jsonb_each_text(p.attributes) a WHERE a.key = %s{})", "strpos"
    if operation == "is":
        return found.format(f" AND {text} = %s"), [name, value]
    if operation == "contains":
        return found.format(f" AND {place}(lower({text}), lower(%s)) > 0"), [name, value]
    return found.format(""), [name]


def _stands(purpose: str, standing: str) -> tuple[str, list[Any]]:
    if standing in STANDINGS:
        return _has_stance(purpose, STANDINGS[standing])
    if standing != "none":
        raise FilterInvalid(_("Somebody has granted or refused a purpose, or said nothing."))
    return (
        f"NOT EXISTS (SELECT 1 FROM consent_stance s WHERE {_OWN.format('s')} AND s.purpose = %s AND s.standing <> %s)",
        [purpose, int(Standing.NONE)],
    )


def _has_stance(purpose: str, standing: int) -> tuple[str, list[Any]]:
    return (
        f"EXISTS (SELECT 1 FROM consent_stance s WHERE {_OWN.format('s')} AND s.purpose = %s AND s.standing = %s)",
        [purpose, int(standing)],
    )
