"""Every statement on a personal table names its bucket, or stands on a short, reviewed list (DESIGN, storage rule 5)."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection

from tests.evidence import GIVEN
from troth.kernel.clock import DAY, iso, now_ms

PERSONAL = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO) \"?(people_person|people_identifier|people_identifierindex|people_event|consent_record|consent_stance"
    r"|consent_suppression|intake_inboxitem|intake_seen|intake_deletionorder|intake_capture|messages_message|messages_deliveryevent|messages_stoppedaddress"
    r"|segments_membership|segments_mark|segments_timer)\b"
)
REVIEWED = {
    # The actor's and the sender's look at what is due; both read a short index of what waits.
    "FROM intake_inboxitem ORDER BY item_id LIMIT",
    # Whether anything waits at all, before a turn to write is taken: the first row, whichever.
    "SELECT 1 FROM intake_inboxitem LIMIT 1",
    "SELECT 1 FROM segments_mark LIMIT 1",
    "SELECT 1 FROM messages_message WHERE state = 'queued' AND is_marketing IN",
    "FROM messages_message WHERE state = 'queued' AND is_marketing =",
    "FROM messages_message WHERE state = 'sending' AND is_marketing IN",
    # What was held in workspaces that send again, from the index of states.
    "JOIN messages_message m WHERE w.send_mode <> 'off' AND m.workspace_id = w.id AND m.state = 'held'",
    # What the ledger has not appended yet, from a short index of it, in the order it was decided.
    "FROM consent_record WHERE leaf IS NULL UNION",
    "FROM consent_record INDEXED BY record_to_append WHERE workspace_id = %s AND leaf IS NULL ORDER BY record_id LIMIT",
    "FROM consent_record WHERE workspace_id = %s AND leaf IS NULL ORDER BY record_id LIMIT",
    # What Live shows of a workspace's last minutes, from an index of them; and its end, whoever it is about.
    "FROM intake_capture WHERE workspace_id = %s",
    'FROM "intake_capture" WHERE ("intake_capture"."capture_id" > %s AND "intake_capture"."workspace_id" = %s)',
    'FROM "intake_capture" WHERE ("intake_capture"."capture_id" = %s AND "intake_capture"."workspace_id" = %s)',
    # What has expired, from an index on the expiry.
    "FROM intake_seen WHERE until <",
    'UPDATE "messages_message" SET "rendered" = NULL',
    # What providers told, from indexes of its age.
    "UPDATE messages_deliveryevent SET diagnostic = '' WHERE noted_at <",
    "FROM messages_deliveryevent WHERE noted_at < %s ORDER BY noted_at LIMIT",
    # A member's search by the beginning of an identifier, a bounded range of the index on values.
    "FROM people_identifier i JOIN people_person p",
    # Whether anybody in a workspace is restricted, from an index of those who are.
    "FROM consent_stance WHERE workspace_id = %s AND purpose = '*' AND standing = -1 LIMIT 1",
    # The search for what is left of an erased person reads everything, which is its purpose.
    "SELECT SUM(CASE WHEN ",
    # What changed and was not looked at yet, in the order it changed; whose time has come, by horizon; both read a short index.
    "FROM segments_mark ORDER BY mark_id LIMIT",
    "FROM segments_timer WHERE horizon > %s ORDER BY horizon LIMIT 1",
    "FROM segments_timer WHERE horizon = %s AND value <= %s ORDER BY value LIMIT",
    # What the governor counts of the last hours, from the index of states.
    "FROM messages_message WHERE workspace_id = %s AND state = %s AND created_at >= %s",
    # The people of a batch, by pairs of bucket and person.
    "(segments_timer.bucket, segments_timer.person_id) IN",
    # A page of the members of a segment, from an index of them.
    "FROM segments_membership WHERE segment_id = %s AND workspace_id = %s AND (bucket, person_id) >",
    # Everybody in a range of buckets, when a segment is computed.
    "bucket >= %s AND",
    # The types of the newest people's attributes, and of a few events of a name.
    'FROM "people_person" WHERE "people_person"."workspace_id" = %s ORDER BY',
    "FROM people_event WHERE workspace_id = %s AND name = %s LIMIT %s",
    # Whether there are so many people that an impact assessment is due: a count that ends there.
    'FROM "people_person" WHERE "people_person"."workspace_id" = %s LIMIT 100000',
    # Deletions that wait, a handful.
    'FROM "intake_deletionorder" ORDER BY',
}


def names_its_bucket(sql: str) -> bool:
    return (
        bool(re.search(r"\bbucket\b", sql))
        if sql.lstrip().upper().startswith("INSERT")
        else bool(re.search(r"bucket(?:\"?|, person_id\)) (?:=|IN)", sql))
    )


def limit_everything(workspace_id: int, now: int) -> None:
    """Campaigns of every kind, with every rule, and limits: what they read is looked at too."""
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.publishing import publish_campaign
    from troth.messages.limit_settings import read_limits, save_limits
    from troth.segments.registry import create_segment

    save_limits(workspace_id, read_limits({"quiet_hours": {"from": "00:00", "until": "00:01"}, "caps": [{"messages": 9, "per": "P1D"}]}))
    segment = create_segment(
        workspace_id, name="Pro", purpose="service", definition={"attribute": "plan", "op": "equals", "value": "pro"}, now=now
    )
    rules = {
        "unless": {"event": "left"},
        "only_if_in": segment.pk,
        "reentry": {"rule": "once"},
        "cap": {"messages": 2, "per": "P1D"},
        "keeps_caps": True,
        "keeps_quiet_hours": True,
    }
    mail: dict[str, Any] = {"purpose": "service", "subject": "Hi", "html": "<p>Hi</p>", "rules": rules}
    date = {"kind": "date", "attribute": "renews_on", "at": "23:59"}
    for trigger in (None, date, {"kind": "segment", "segment": segment.pk}):
        event = "" if trigger else "bought"
        publish_campaign(create_campaign(workspace_id, name="All rules", trigger_event=event, trigger=trigger, **mail))


def test_every_statement_on_a_personal_table_names_its_bucket(workspace: Any) -> None:
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.publishing import publish_campaign
    from troth.intake.commands import Alias, Decide, Decision, Delete, Device, EditTags, Identify, Identity, Restrict, Track
    from troth.intake.door import apply
    from troth.kernel.personal_data import stores
    from troth.kernel.worker import drain
    from troth.people.lookup import find_person, latest_events, search_people
    from troth.segments.membership import list_members
    from troth.segments.registry import create_segment, list_segments

    seen: set[str] = set()

    def collect(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.add(" ".join(sql.split()))
        return execute(sql, params, many, context)

    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "vero", "received_at": now}
    dana = Identity(external_id="1", email="dana@example.com", phone="+33612345678", devices=(Device(token="t", platform="ios"),))
    with connection.execute_wrapper(collect):
        silent = {"all": [{"attribute": "plan", "op": "is_not_set"}, {"event": "bought", "op": "did_not", "within": "PT1H"}]}
        create_segment(workspace.pk, name="Silent", definition=silent, purpose="service")
        publish_campaign(
            create_campaign(workspace.pk, name="Receipt", trigger_event="bought", purpose="service", subject="Hi", html="<p>Hi</p>")
        )
        limit_everything(workspace.pk, now)
        apply(
            [
                Identify(identity=dana, attributes={"plan": "pro", "renews_on": iso(now)[:10]}, **common),
                Identify(identity=Identity(external_id="1", email="dana2@example.com"), attributes={"plan": None}, **common),
                Track(identity=Identity(anonymous_id="a"), name="Seen", ts=now, dedupe="k", dedupe_ms=DAY, **common),
                Track(identity=Identity(external_id="1"), name="Bought", ts=now, **common),
                EditTags(identity=Identity(external_id="1"), add=("x",), **common),
                Decide(identity=Identity(external_id="1"), decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **common),
                Identify(identity=Identity(external_id="1", anonymous_id="a"), **common),
                Alias(identity=Identity(external_id="2"), previous=Identity(external_id="1"), **common),
            ],
            now=now,
        )
        drain(now)
        subject = find_person(workspace.pk, "2")
        assert len(list(latest_events(subject))) == 2
        drain(now + 2 * DAY)
        own = next(one for one in list_segments(workspace.pk) if one.name == "Silent")
        assert [person_id for person_id, _since in list_members(own)] == [subject.person_id]
        assert search_people(workspace.pk, "dana2@", 5) == [(subject, "email", "dana2@example.com")]
        own_id = Identity(person_id=subject.person_id)
        apply(
            [
                Identify(identity=own_id, attributes={"plan": "free"}, remove_identifiers=Identity(phone="+33612345678"), **common),
                Decide(identity=own_id, decision=Decision.OBJECT, **common),
                Restrict(identity=own_id, **common),
                Track(identity=own_id, name="Bought", ts=now, **common),
            ],
            now=now,
        )
        for store in stores():
            list(store.export(subject))
        apply([Delete(identity=Identity(external_id="2"), **common)], now=now)
        drain(now_ms() + DAY)
    guilty = [
        sql for sql in seen if PERSONAL.search(sql) and not names_its_bucket(sql) and not any(reviewed in sql for reviewed in REVIEWED)
    ]
    assert guilty == []
    assert sum(bool(PERSONAL.search(sql)) for sql in seen) > 40
