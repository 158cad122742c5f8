"""What the packages below say happened, in the words of webhooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import transaction

from troth.consent.catalog import load_catalog
from troth.consent.decisions import Decided, Said
from troth.consent.models import Standing
from troth.intake.news import Changed, Created, Merged
from troth.kernel.personal_data import Subject
from troth.messages.news import Became, MessageNews
from troth.privacy.models.contests import Outcome
from troth.privacy.news import Asked, Contested
from troth.segments.membership import Change
from troth.segments.models import Segment
from troth.webhooks.kinds import (
    CONSENT_CHANGED,
    INSTRUCTION_CONTESTED,
    INSTRUCTION_SETTLED,
    NOBODY,
    PERSON_ERASED,
    PERSON_MERGED,
    REQUEST_RECEIVED,
    RESUBSCRIBED,
    SEGMENT_ENTERED,
    SEGMENT_LEFT,
    UNSUBSCRIBED,
    USER_CREATED,
    USER_UPDATED,
)
from troth.webhooks.listening import find_listeners, forget_listeners, is_asked_for
from troth.webhooks.models import Webhook, WebhookState
from troth.webhooks.passing import NOTICE, News, pass_on, write

SEGMENTS = frozenset({SEGMENT_ENTERED, SEGMENT_LEFT})


def hear_persons(news: Sequence[Created | Changed], now: int) -> None:
    """New people and changed profiles."""
    pass_on((_of_person(one, now) for one in news), now)


def _of_person(one: Created | Changed, now: int) -> News:
    if isinstance(one, Created):
        return News(USER_CREATED, one.subject, now)
    facts = {"changes": dict(one.changes), "add": list(one.added_tags), "remove": list(one.removed_tags)}
    return News(USER_UPDATED, one.subject, now, facts)


def hear_merges(news: Sequence[Merged], now: int) -> None:
    """Two who are one."""
    pass_on((News(PERSON_MERGED, one.subject, now, {"merged_id": str(one.merged_id)}) for one in news), now)


def hear_outcomes(news: Sequence[MessageNews], now: int) -> None:
    """What became of messages. A complaint is an objection, and always passed on."""
    pass_on(
        (
            News(
                one.became.value,
                one.subject,
                one.at,
                {**one.detail, "message_id": str(one.message_id)} if one.message_id else dict(one.detail),
                ungated=one.became is Became.COMPLAINED,
            )
            for one in news
        ),
        now,
    )


def hear_decisions(news: Sequence[Decided], now: int) -> None:
    """Decisions; those on direct marketing also in Vero's words, once for each person however many purposes they are on."""
    pass_on([*_changed(news), *_subscribed(news)], now)


def _changed(news: Sequence[Decided]) -> Iterator[News]:
    for row, before in news:
        standing = row.standing
        if standing is None:
            continue
        refuses = standing is Standing.REFUSED or row.said is Said.LIFT
        if refuses or standing != before:
            facts = {"purpose": row.purpose, "decision": row.said.value, "standing": standing.name.lower()}
            yield News(CONSENT_CHANGED, row.subject, row.at, facts, ungated=refuses)


def _subscribed(news: Sequence[Decided]) -> Iterator[News]:
    """To agree for the first time is no subscribing again."""
    said: dict[tuple[Subject, str], list[str]] = defaultdict(list)
    at: dict[tuple[Subject, str], int] = {}
    for row, before in news:
        rule = load_catalog(row.subject.workspace_id).rule(row.purpose)
        if rule is None or not rule.is_marketing:
            continue
        again = row.standing is Standing.GRANTED and before == Standing.REFUSED
        if again or row.standing is Standing.REFUSED:
            key = (row.subject, RESUBSCRIBED if again else UNSUBSCRIBED)
            said[key].append(row.purpose)
            at[key] = row.at
    for (subject, type_), purposes in said.items():
        yield News(type_, subject, at[subject, type_], {"purposes": purposes}, ungated=type_ == UNSUBSCRIBED)


def hear_memberships(changes: Sequence[Change], now: int) -> None:
    """Who entered or left a segment. Leaving is always passed on: whoever acts on the list has to stop."""
    if not is_asked_for(SEGMENTS):
        return
    segments = {row.pk: row for row in Segment.objects.filter(pk__in={change.segment_id for change in changes})}
    pass_on(
        (
            News(
                SEGMENT_ENTERED if change.entered else SEGMENT_LEFT,
                Subject(change.workspace_id, change.person_id),
                now,
                {
                    "segment": {"id": str(change.segment_id), "name": segments[change.segment_id].name},
                    "cause": change.cause.value,
                },
                purposes=(segments[change.segment_id].purpose,) if change.entered else (),
                ungated=not change.entered,
            )
            for change in changes
            if change.segment_id in segments
        ),
        now,
    )


def hear_erasures(subjects: Sequence[Subject], now: int) -> None:
    """Who was erased, by nothing but the number that was theirs. Everything else about them that was on its way is deleted with them."""
    told = [
        (News(PERSON_ERASED, subject, now, ungated=True), listener)
        for subject in subjects
        for listener in find_listeners(subject.workspace_id, PERSON_ERASED)
    ]
    write(NOTICE, told, now)


def hear_requests(news: Sequence[Asked], now: int) -> None:
    """What persons asked of a processor: always passed on, for it is the controller's to decide (Art. 28(3)(e))."""
    pass_on(
        (
            News(REQUEST_RECEIVED, one.subject, one.received_at, {"request_id": str(one.request_id), "right": one.right}, ungated=True)
            for one in news
        ),
        now,
    )


def hear_contests(news: Sequence[Contested], now: int) -> None:
    """Instructions that are contested, and settled: about nobody, and always passed on, for the controller is informed immediately (Art. 28(3))."""
    told = [
        (News(type_, Subject(one.workspace_id, NOBODY), now, one.facts, ungated=True), listener)
        for one in news
        for type_ in (INSTRUCTION_SETTLED if one.is_settled else INSTRUCTION_CONTESTED,)
        for listener in find_listeners(one.workspace_id, type_)
    ]
    write(NOTICE, told, now)


def stop_contested(news: Sequence[Contested], now: int) -> None:
    """A webhook whose instruction the controller changed or withdrew stays still, and takes in what happens, until a member switches it on again."""
    for one in news:
        kind, _, number = str(one.facts["waits"]).partition(":")
        if kind == "webhook" and one.is_settled and one.facts["outcome"] != Outcome.CONFIRMED:
            own = Webhook.objects.filter(workspace_id=one.workspace_id, pk=int(number), state=WebhookState.ON)
            own.update(state=WebhookState.PAUSED, changed_at=now)
            transaction.on_commit(forget_listeners)
