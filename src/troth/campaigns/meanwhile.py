"""What happens while a message waits: an event after which it is not wanted any more. Heard as it comes, and looked for when the message is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from troth.campaigns.entering import source_of
from troth.campaigns.entry import is_meanwhile
from troth.campaigns.versions import Rule
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import decode, encode
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.decisions import UNLESS, Decision
from troth.messages.models import State
from troth.messages.queue import Claim


class Happened(NamedTuple):
    """An event of a person, and a campaign that names such after `unless`."""

    rule: Rule
    person_id: int
    name: str
    at: int
    properties: dict[str, Any]


def decide_unless(rule: Rule, name: str, happened_at: int, *, operation: str, now: int) -> Decision:
    """The link of the chain that ends a message because of what happened meanwhile."""
    return Decision(
        allow=False, purpose=UNLESS, operation=operation, at=now, reason=name[:90], told={"at": happened_at, "campaign": rule.campaign_id}
    )


def drop_waiting(happened: Sequence[Happened], now: int) -> None:
    """Skip the queued messages that these events make pointless, in the caller's transaction; one read and one write."""
    if not happened:
        return
    by_key: dict[tuple[int, str], list[Happened]] = defaultdict(list)
    for one in happened:
        by_key[one.person_id, source_of(one.rule.campaign_id)].append(one)
    rows = select_by_keys(
        "SELECT m.bucket, m.person_id, m.message_id, m.source, m.template_id, m.context, m.decisions",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.source = k.column3 AND m.state = 'queued'",
        [(bucket_of(person_id), person_id, source) for person_id, source in by_key],
        (*PERSON_KEY, "text"),
    )
    dropped = []
    for bucket, person_id, message_id, source, template_id, context, decisions in rows:
        since = since_of(decode(context))
        # What was queued under an earlier version is judged by that one, when it is due.
        own = [one for one in by_key[person_id, source] if one.rule.template_id == template_id]
        ended = next((one for one in own if is_meanwhile(one.rule, since, one.name, one.at, one.properties)), None)
        if ended:
            said = decide_unless(ended.rule, ended.name, ended.at, operation="meanwhile", now=now)
            told = encode([*decode(decisions), said])
            dropped.append((State.SKIPPED.value, said.reason_of_message, now, told, bucket, person_id, message_id))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE messages_message SET state = %s, reason = %s, settled_at = %s, decisions = %s, context = '{}'"
            " WHERE bucket = %s AND person_id = %s AND message_id = %s AND state = 'queued'",
            dropped,
        )


def since_of(context: Mapping[str, Any]) -> int:
    """When what triggered a message happened."""
    return int(context.get("trigger", {}).get("at", 0))


def find_ended(claims: Iterable[tuple[Claim, Rule]], now: int) -> dict[int, Decision]:
    """The due messages that what happened meanwhile made pointless, by message; also what is accepted and not folded yet counts."""
    asked = [(claim, rule) for claim, rule in claims if rule.rules.unless]
    happened = _load_happened([(claim, name) for claim, rule in asked for name in sorted({one.event for one in rule.rules.unless})])
    found = {}
    for claim, rule in asked:
        since = since_of(claim.context)
        for name, at, properties in happened.get(claim.subject.person_id, ()):
            if at <= now and is_meanwhile(rule, since, name, at, properties):
                found[claim.message_id] = decide_unless(rule, name, at, operation="hand_over", now=now)
                break
    return found


def _load_happened(wanted: Sequence[tuple[Claim, str]]) -> dict[int, list[tuple[str, int, dict[str, Any]]]]:
    """Events of these names since their messages were triggered, by person: from the history, and from the inbox."""
    keys = [
        (claim.subject.bucket, claim.subject.person_id, claim.subject.workspace_id, name, since_of(claim.context)) for claim, name in wanted
    ]
    join = "e.bucket = k.column1 AND e.person_id = k.column2 AND e.workspace_id = k.column3 AND e.name = k.column4 AND e.ts > k.column5"
    types = (*PERSON_KEY, "bigint", "text", "bigint")
    found: dict[int, list[tuple[str, int, dict[str, Any]]]] = defaultdict(list)
    for table in ("people_event", "intake_inboxitem"):
        for person_id, name, at, properties in select_by_keys(
            "SELECT e.person_id, e.name, e.ts, e.properties", f"JOIN {table} e ON {join}", keys, types
        ):
            found[person_id].append((name, at, decode(properties)))
    return found
