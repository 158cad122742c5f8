"""What is held for a purpose beside attributes and events: what persons are known by, what was sent to them, what is noted of that, segments.

The inventory counts what has a name of its own. The record of processing has to tell the categories of all data (Art. 30(1)(c)), and for which
purposes messages leave, by what: campaigns and newsletters lie above and register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db import connection

from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING, PROFILING, SERVICE
from troth.kernel.ids import BUCKETS
from troth.messages.configured import list_media
from troth.privacy.inventory.rules import BEHAVIOUR, PROFILE
from troth.segments.models import Segment
from troth.workspaces.models import Workspace

CATEGORY_OF_KIND = {"external_id": "identity", "anonymous_id": "technical", "device": "technical", "email": "contact", "phone": "contact"}
CATEGORY_OF_MEDIUM = {"email": "contact", "sms": "contact", "push": "technical", "webhook": "identity"}
ENOUGH = 5_000
"""Identifiers after which those of a sample of buckets are looked at in place of all."""
SAMPLE = 16


class Sending(NamedTuple):
    """That messages go out for a purpose, and by what: `email`, `sms`, `push` or `webhook`."""

    purpose: str
    medium: str


Finder = Callable[[int], Iterator[Sending]]
_finders: list[Finder] = []


def register_sendings(finder: Finder) -> None:
    """Have `finder(workspace_id)` asked for which purposes messages go out."""
    _finders.append(finder)


def find_sendings(workspace_id: int) -> set[Sending]:
    """For which purposes messages of a workspace go out, or went out, and by what."""
    return {sending for finder in _finders for sending in finder(workspace_id)}


def find_beside(workspace_id: int, sendings: set[Sending]) -> dict[str, set[str]]:
    """Categories of data, as keys of `rules.CATEGORIES`, by the purpose for which it is held."""
    found: dict[str, set[str]] = {SERVICE: {CATEGORY_OF_KIND[kind] for kind in find_kinds(workspace_id)}}
    for sending in sendings:
        found.setdefault(sending.purpose, set()).add(CATEGORY_OF_MEDIUM[sending.medium])
    switches = Workspace.objects.filter(pk=workspace_id).values_list("measures_opens", "measures_clicks").first() or (False, False)
    for purpose, is_on in zip((OPEN_TRACKING, CLICK_TRACKING), switches, strict=True):
        if is_on:
            found[purpose] = {BEHAVIOUR}
    if Segment.objects.filter(workspace_id=workspace_id, archived=False).exists():
        found[PROFILING] = {PROFILE}
    return found


def find_kinds(workspace_id: int) -> set[str]:
    """The kinds of identifiers that persons have.

    Goes over all buckets, by the index on values and no further than `ENOUGH`; where there are more, those of a few buckets are looked at, for
    person ids are random. Where push is sent there are devices.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind FROM people_identifier WHERE workspace_id = %s AND kind IN ('external_id', 'email', 'phone') LIMIT %s",
            [workspace_id, ENOUGH],
        )
        rows = [kind for (kind,) in cursor.fetchall()]
        if len(rows) == ENOUGH:
            buckets = range(0, BUCKETS, BUCKETS // SAMPLE)
            cursor.execute(
                f"SELECT DISTINCT kind FROM people_identifier WHERE bucket IN ({','.join(['%s'] * len(buckets))}) AND workspace_id = %s",
                [*buckets, workspace_id],
            )
            rows += [kind for (kind,) in cursor.fetchall()]
    return {*rows, *(["device"] if "push" in list_media(workspace_id) else [])}
