"""What the room shows. Values in, values out; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.console.webhooks.forms import WORDS
from troth.kernel.clock import DAY
from troth.webhooks.editing import list_webhooks
from troth.webhooks.models import Webhook, Withheld
from troth.webhooks.waiting import Told, count_by_state

DAYS = 30


@dataclass(frozen=True)
class Row:
    """A webhook as the list shows it."""

    webhook: Webhook
    purpose: str
    told: list[Any]
    counts: dict[str, int]
    is_resting: bool


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery as the list shows it."""

    told: Told
    says: Any
    trouble: str
    can_replay: bool


def read_webhooks(workspace_id: int, now: int) -> list[Row]:
    """All of a workspace."""
    return [read_row(row, now) for row in list_webhooks(workspace_id)]


def read_row(row: Webhook, now: int) -> Row:
    """One of them."""
    rule = load_catalog(row.workspace_id).rule(row.purpose)
    told = [WORDS[type_] for type_ in row.types]
    return Row(row, rule.name if rule else row.purpose, told, count_by_state(row), row.health.open_until > now)


def describe(told: Told) -> DeliveryRow:
    """A delivery with its words."""
    return DeliveryRow(told, WORDS.get(told.type, told.type), word_trouble(told.trouble), told.is_whole and told.state != "waiting")


def word_trouble(trouble: str) -> str:
    """Why something was not taken, in words."""
    words = {
        "refused": _("the address refused it"),
        "redirected": _("the address sent it elsewhere, which is not followed"),
        "gone": _("the address says it is gone for good"),
        "timed_out": _("the address did not answer in time"),
        "unreachable": _("the address cannot be reached"),
        "certificate": _("the address has no valid certificate"),
        "private_address": _("the address leads inside this network, where the operator has to allow it (TROTH_PRIVATE_TARGETS)"),
        "broken": _("the answer could not be read"),
    }
    return words.get(trouble, trouble)


def read_withheld(row: Webhook, now: int) -> list[tuple[Any, str, str, int]]:
    """What was not told in the last 30 days because the gate kept it back: what, the purpose, the reason, how often."""
    found = Withheld.objects.filter(webhook_id=row.pk, day__gt=now // DAY - DAYS).values("type", "reason").annotate(number=Sum("times"))
    told = []
    for one in found.order_by("-number", "type")[:50]:
        purpose, _colon, reason = one["reason"].rpartition(":")
        told.append((WORDS.get(one["type"], one["type"]), purpose, reason, one["number"]))
    return told
