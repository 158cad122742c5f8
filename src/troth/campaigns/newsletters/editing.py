"""Making and changing newsletters, and everything that starting one would be refused for. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from django.db import transaction

from troth.campaigns.goals import keep_goal
from troth.campaigns.models import Audience, Newsletter, NewsletterState, NewsletterVersion
from troth.campaigns.newsletters.errors import NewsletterInvalid, NewsletterStateWrong, NewsletterUnknown
from troth.campaigns.newsletters.plan import (
    FASTEST,
    LONGEST_EXPIRY,
    LONGEST_HOLD,
    MOST_HOLDOUT,
    MOST_MINUTES_BEHIND,
    Variant,
    check_number,
    read_test,
    read_variants,
)
from troth.campaigns.newsletters.schedule import read_schedule
from troth.campaigns.purpose_checking import Plan, find_uncovered
from troth.consent.catalog import load_catalog
from troth.content.publishing import compile_content
from troth.content.reading import Read
from troth.kernel.errors import TrothError
from troth.kernel.json_text import decode, encode
from troth.messages.channels.port import Medium
from troth.messages.configured import list_media
from troth.privacy.readiness.impact import find_unassessed
from troth.segments.registry import SegmentUnknown, get_segment

FIELDS = (
    "name",
    "segment_id",
    "audience",
    "purpose",
    "also_for",
    "topic",
    "medium",
    "schedule",
    "per_hour",
    "variants",
    "test",
    "holdout",
    "goal",
    "hold_minutes",
    "expires_hours",
    "fresh_minutes",
)
"""What can be edited."""
LONGEST_NAME = 200


def find_newsletter(workspace_id: int, newsletter_id: int) -> Newsletter:
    """A newsletter by its id. Raises NewsletterUnknown, also for one of another workspace."""
    found = Newsletter.objects.filter(workspace_id=workspace_id, pk=newsletter_id).first() if 0 < newsletter_id < 2**63 else None
    if found is None:
        raise NewsletterUnknown
    return found


def create_newsletter(workspace_id: int, fields: Mapping[str, Any], *, now: int, author: int = 0) -> Newsletter:
    """A draft; `fields` are those of FIELDS, at least a name, a purpose and one variant. Raises NewsletterInvalid, PurposeUnknown.

    `author`: the number of the member who writes it; 0: a key of the API, or the command line.
    """
    made = Newsletter(workspace_id=workspace_id, schedule={"kind": "now"}, created_at=now, updated_at=now)
    _set(made, fields)
    with transaction.atomic():
        made.save()
        _keep_version(made, now, author)
    return made


def fields_of(newsletter: Newsletter) -> dict[str, Any]:
    """What can be edited, as it is."""
    return {name: getattr(newsletter, name) for name in FIELDS}


def edit_newsletter(newsletter: Newsletter, fields: Mapping[str, Any], *, now: int, author: int = 0) -> Newsletter:
    """Change a draft, or the next sending of one that waits for its time. Raises NewsletterInvalid, NewsletterStateWrong, PurposeUnknown.

    `author`: as `create_newsletter`.
    """
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state not in (NewsletterState.DRAFT, NewsletterState.SCHEDULED):
            raise NewsletterStateWrong(
                "It is being sent, or was: what people get is not changed under way. Copy it to send something else."
            )
        if not NewsletterVersion.objects.filter(newsletter_id=row.pk).exists():
            _keep_version(row, row.updated_at, 0)  # it is from before versions were kept: what it was is the first
        _set(row, fields)
        row.updated_at = now
        if row.state == NewsletterState.SCHEDULED:
            # Its time may have been changed with it: whoever changes it schedules it anew.
            row.state, row.next_at = NewsletterState.DRAFT, None
        row.save()
        _keep_version(row, now, author)
    return row


def _keep_version(row: Newsletter, now: int, author: int) -> None:
    """Keep what was just saved, unless it is what was saved last; inside the caller's transaction."""
    written = decode(encode(fields_of(row)))
    mine = NewsletterVersion.objects.filter(workspace_id=row.workspace_id, newsletter_id=row.pk)
    last = mine.order_by("-number").first()
    if last is None or last.written != written:
        number = last.number + 1 if last else 1
        mine.create(workspace_id=row.workspace_id, newsletter_id=row.pk, number=number, written=written, author=author, saved_at=now)


def copy_newsletter(newsletter: Newsletter, *, now: int, author: int = 0) -> Newsletter:
    """A draft of the same content, to be sent once more or otherwise."""
    fields = {**fields_of(newsletter), "name": f"{newsletter.name[: LONGEST_NAME - 7]} (copy)"}
    return create_newsletter(newsletter.workspace_id, fields, now=now, author=author)


def delete_newsletter(newsletter: Newsletter) -> None:
    """Remove a draft that was never sent. Raises NewsletterStateWrong."""
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state != NewsletterState.DRAFT:
            raise NewsletterStateWrong("Only a draft can be deleted: messages name what was sent.")
        NewsletterVersion.objects.filter(workspace_id=row.workspace_id, newsletter_id=row.pk).delete()
        row.delete()


def lock_newsletter(newsletter: Newsletter) -> Newsletter:
    """The row as it is now, against whoever acts on it at the same time."""
    return Newsletter.objects.select_for_update().get(pk=newsletter.pk, workspace_id=newsletter.workspace_id)


def find_faults(newsletter: Newsletter) -> list[TrothError]:
    """Everything that starting it would be refused for: mails that cannot be rendered, data collected for other purposes."""
    faults: list[TrothError] = []
    for check in (_check_purpose, _check_segment, _check_channel):
        try:
            check(newsletter)
        except TrothError as error:
            faults.append(error)
    if faults:
        return faults
    for variant in read_variants(newsletter.variants):
        try:
            reads = _read_content(newsletter, variant)
        except TrothError as error:
            faults.append(NewsletterInvalid(f"Variant {variant.key}: {error}"))
        else:
            faults.extend(find_uncovered(plan_of_newsletter(newsletter, reads)))
    if newsletter.segment_id is not None and (unassessed := find_unassessed(newsletter.workspace_id)):
        faults.append(unassessed)
    return faults


def plans_of(newsletter: Newsletter) -> list[Plan]:
    """The newsletter as purpose checking sees it, once for each variant that can be understood."""
    plans = []
    for variant in read_variants(newsletter.variants):
        with suppress(TrothError):
            plans.append(plan_of_newsletter(newsletter, _read_content(newsletter, variant)))
    return plans


def _read_content(newsletter: Newsletter, variant: Variant) -> Sequence[Read]:
    """What a variant's mail or short message reads. Raises ContentError."""
    is_mail = newsletter.medium == Medium.EMAIL
    return compile_content(newsletter.workspace_id, variant.template, variant.inline, is_mail=is_mail)[1]


def plan_of_newsletter(newsletter: Newsletter, reads: Sequence[Read]) -> Plan:
    """The newsletter as purpose checking sees it."""
    return Plan(newsletter.workspace_id, newsletter.purpose, newsletter.also_for, "", None, reads, segment_id=newsletter.segment_id)


def _set(row: Newsletter, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise NewsletterInvalid(f"$.{min(unknown)}: this is no field of a newsletter.")
    for field, value in fields.items():
        setattr(row, field, value)
    row.name = row.name.strip()
    if not 0 < len(row.name) <= LONGEST_NAME or "\0" in row.name:
        raise NewsletterInvalid(f"$.name: give it a name of at most {LONGEST_NAME} characters.")
    if row.audience not in Audience.values:
        raise NewsletterInvalid("$.audience: choose `frozen` or `live`.")
    _check_purpose(row)
    _check_content(row)
    check_number(row.per_hour, 1, FASTEST, "$.per_hour")
    check_number(row.holdout, 0, MOST_HOLDOUT, "$.holdout")
    check_number(row.hold_minutes, 0, LONGEST_HOLD, "$.hold_minutes")
    check_number(row.expires_hours, 1, LONGEST_EXPIRY, "$.expires_hours")
    check_number(row.fresh_minutes, 1, MOST_MINUTES_BEHIND, "$.fresh_minutes")
    _check_segment(row)


def _check_purpose(row: Newsletter) -> None:
    catalog = load_catalog(row.workspace_id)
    for purpose in (row.purpose, *row.also_for):
        catalog.require(purpose)
    row.also_for = sorted({purpose for purpose in row.also_for if purpose != row.purpose})
    topic = catalog.topics.get(row.topic)
    if row.topic and (topic is None or topic.archived or topic.purpose != row.purpose):
        raise NewsletterInvalid("$.topic: choose a topic of the newsletter's purpose that is in use, or none.")


def _check_channel(row: Newsletter) -> None:
    if row.medium not in list_media(row.workspace_id):
        raise NewsletterInvalid("$.medium: no channel of this workspace sends it: set one up in Channels, or choose another.")


def _check_content(row: Newsletter) -> None:
    read_schedule(row.schedule)
    if row.medium not in set(Medium):
        raise NewsletterInvalid(f"$.medium: choose one of {', '.join(Medium)}.")
    variants = read_variants(row.variants)
    if row.medium != Medium.EMAIL and not all(variant.template for variant in variants):
        raise NewsletterInvalid("$.variants: what is no e-mail is made of stored short messages: name one in `template` of each.")
    row.variants = msgspec.to_builtins(variants)
    test = read_test(row.test, len(variants))
    row.test = msgspec.to_builtins(test) if test else None
    row.goal = keep_goal(row.goal)
    if test and test.metric == "converted" and row.goal is None:
        raise NewsletterInvalid("$.test.metric: say in `goal` what people are hoped to do, or take another metric.")


def _check_segment(row: Newsletter) -> None:
    if row.segment_id is None:
        return
    try:
        segment = get_segment(row.workspace_id, row.segment_id)
    except SegmentUnknown:
        raise NewsletterInvalid("$.segment_id: there is no such segment in this workspace.") from None
    if segment.archived:
        raise NewsletterInvalid("$.segment_id: the segment is archived and holds nobody: take it up again, or choose another.")
