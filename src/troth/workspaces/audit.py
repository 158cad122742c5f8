"""The audit log (row C11): every read and every change of personal data by a member, or by a key over the API, is written down, and can be read and exported.

An entry says who did what, when and from where, and about whom, but holds no value of that person's data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.ids import bucket_of, new_row_id
from troth.workspaces.models import AuditEntry, ExpiredAudit, ShownPeople, Workspace

ACTIONS = {
    "people.list": "looked through people",
    "people.search": "searched people",
    "person.read": "opened a person",
    "glass.broken": "said why persons have to be seen in clear",
    "person.rectified": "corrected a person",
    "person.exported": "exported a person",
    "person.handed_over": "handed a person's data over to another company",
    "person.erased": "erased a person",
    "person.restricted": "restricted processing of a person",
    "person.restriction_lifted": "lifted a restriction",
    "person.objected": "recorded an objection",
    "consent.withdrawn": "recorded a withdrawal of consent",
    "consent.list": "looked through consents",
    "consent.read": "opened a consent",
    "consent.recorded": "recorded a consent",
    "purpose.created": "created a purpose",
    "purpose.revised": "revised a purpose",
    "purpose.archived": "archived a purpose",
    "purpose.restored": "took a purpose up again",
    "purpose.assigned": "assigned data to a purpose",
    "inventory.corrected": "corrected the category of data",
    "collecting.stopped": "stopped collecting data",
    "collecting.resumed": "resumed collecting data",
    "collecting.cleared": "had collected data deleted",
    "retention.saved": "changed a schedule of retention",
    "retention.deleted": "deleted a schedule of retention",
    "retention.run": "had a schedule of retention run",
    "hold.placed": "placed a legal hold",
    "hold.lifted": "lifted a legal hold",
    "kept.opened": "opened what a legal hold keeps of an erased person",
    "kept.ended": "ended the keeping of something of an erased person",
    "processor.kept": "changed the register of processors",
    "processor.objected": "objected to a processor",
    "processor.settled": "settled an objection to a processor",
    "processor.ended": "ended the use of a processor",
    "processor.way_set": "set how a processor is told of corrections and erasure",
    "recipient.answered": "recorded what a recipient said",
    "recipient.told_again": "had a recipient told anew",
    "recipient.taken_back": "took back what a recipient was told",
    "record.edited": "edited the record of processing",
    "record.exported": "took the record of processing away",
    "form.created": "made a form",
    "form.edited": "edited a form",
    "form.opened": "opened a form",
    "form.closed": "closed a form",
    "look.changed": "changed the look of the pages for people",
    "topic.created": "made a topic",
    "topic.edited": "renamed a topic",
    "topic.archived": "archived a topic",
    "topic.restored": "took a topic up again",
    "notice.created": "began a notice",
    "notice.edited": "edited a notice",
    "notice.published": "published a notice",
    "consent_source.declared": "declared a page as a source of decisions",
    "consent_source.withdrawn": "withdrew the source of decisions",
    "imbalance.stated": "stated whether people depend on the controller",
    "requests.list": "looked through privacy requests",
    "request.read": "opened a privacy request",
    "request.opened": "took a privacy request",
    "request.identity": "checked who makes a privacy request",
    "request.step": "took a step of a privacy request",
    "request.evidence": "downloaded the evidence of a privacy request",
    "letter.saved": "wrote a letter to persons who use their rights",
    "letter.put_back": "put a built-in letter back",
    "message.list": "looked through messages",
    "message.read": "opened a message",
    "limits.edited": "changed the limits of marketing",
    "campaign.rehearsed": "rehearsed a campaign on the past",
    "newsletter.rehearsed": "rehearsed a newsletter",
    "why.asked": "asked why somebody got a message or did not",
    "live.read": "looked at live events",
    "live.watched": "watched live events",
    "live.opened": "opened a live event",
    "template.created": "created a template",
    "template.edited": "edited a template",
    "template.published": "published a template",
    "template.restored": "wrote an old version of a template into its draft",
    "template.deleted": "deleted a template",
    "template.previewed": "previewed a template as a person",
    "template.test_sent": "sent a test of a template",
    "campaign.previewed": "previewed a campaign as a person",
    "campaign.test_sent": "sent a test",
    "segment.created": "made a segment",
    "segment.edited": "edited a segment",
    "segment.archived": "archived a segment",
    "segment.restored": "took a segment up again",
    "segment.members": "looked through the people of a segment",
    "segment.sampled": "looked at some people of a draft of a segment",
    "segment.why": "asked why somebody is in a segment or not",
    "funnel.saved": "kept a funnel under a name",
    "funnel.deleted": "deleted a funnel",
    "newsletter.previewed": "previewed a newsletter as a person",
    "newsletter.test_sent": "sent a test of a newsletter",
    "newsletter.created": "wrote a newsletter",
    "newsletter.edited": "edited a newsletter",
    "newsletter.started": "sent a newsletter",
    "newsletter.paused": "paused a newsletter",
    "newsletter.resumed": "resumed a newsletter",
    "newsletter.cancelled": "cancelled a newsletter",
    "newsletter.deleted": "deleted a draft of a newsletter",
    "newsletter.winner_chosen": "chose the variant of a newsletter",
    "sending.stopped": "stopped sending",
    "sending.let_go": "let sending go on",
    "sending.hold_set": "set how long mail waits before it goes",
    "campaign.created": "created a campaign",
    "campaign.edited": "edited a campaign",
    "campaign.published": "published a campaign",
    "campaign.paused": "paused a campaign",
    "campaign.resumed": "resumed a campaign",
    "campaign.deleted": "deleted a draft of a campaign",
    "key.created": "created a key",
    "key.revoked": "revoked a key",
    "key.bound": "bound a key to a client certificate, or released it",
    "member.invited": "invited a member",
    "invitation.revoked": "revoked an invitation",
    "member.joined": "accepted an invitation",
    "member.role_changed": "changed a member's role",
    "member.removed": "removed a member",
    "workspace.edited": "changed the workspace",
    "workspace.taken_away": "had everything of the workspace written into a file",
    "workspace.takeaway_downloaded": "downloaded everything of the workspace",
    "workspace.handed_over": "had everything of the workspace handed over",
    "workspace.leaving_asked": "asked for the deletion of the workspace",
    "workspace.leaving_called_off": "called off the deletion of the workspace",
    "webhook.added": "added a webhook",
    "webhook.edited": "edited a webhook",
    "webhook.removed": "removed a webhook",
    "webhook.tested": "tested a webhook",
    "webhook.secret_renewed": "renewed a webhook's secret",
    "webhook.replayed": "had a webhook told again",
    "webhook.deliveries": "looked at what a webhook was told",
    "channel.tested": "sent a test of a channel",
    "channel.added": "added a channel",
    "channel.edited": "edited a channel",
    "channel.removed": "removed a channel",
    "channel.hook_renewed": "renewed the address at which a provider tells",
    "domain.added": "added a sending domain",
    "domain.set_up": "set up a sending domain",
    "domain.removed": "removed a sending domain",
    "mailbox.set": "set up the return mailbox",
    "mailbox.removed": "removed the return mailbox",
    "stop.searched": "looked up a stopped address",
    "stop.lifted": "lifted the stop of an address",
    "send_mode.changed": "changed the send mode",
    "repermission.created": "wrote an asking for consent",
    "repermission.edited": "changed an asking for consent",
    "repermission.started": "started to ask for consent",
    "repermission.stopped": "stopped asking for consent",
    "measuring.changed": "changed what is measured of mail",
    "ledger.checked": "checked the consent ledger",
    "checkpoint.signed": "signed a checkpoint of the consent ledger",
    "proof.started": "had erasure proven",
    "backup.started": "had a backup made",
    "impact.declared": "declared criteria of an impact assessment",
    "impact.signed": "signed an impact assessment",
    "agreement.accepted": "accepted an agreement",
    "instruction.contested": "contested an instruction as infringing the law",
    "instruction.settled": "wrote down what the controller said to a contested instruction",
    "instruction.exported": "took the register of instructions away",
    "breach.recorded": "recorded a breach",
    "breach.revised": "added what became known of a breach",
    "breach.decided": "decided who is told of a breach",
    "breach.told": "noted who was told of a breach",
    "breach.closed": "closed a breach",
    "breach.listed": "took away the list of whom a breach touched",
    "audit.read": "read the audit log",
    "audit.exported": "exported the audit log",
    "api.changed": "changed something by a call of the API",
}
API = "api"
"""The role of an entry that a key made, and no member; `detail` names the key and the call."""
LONGEST_ADDRESS = 45
NOBODY = 0
"""The person of an entry that is about nobody, or about somebody since erased."""
FORGOTTEN_AT_ONCE = 1_000
AUDIT_DAYS = (30, 3_650)
"""The least and the most for which a workspace may have its log kept."""


class ActionUnknown(TrothError):
    """The action has no words."""


def record_access(
    workspace_id: int,
    *,
    user_id: int,
    role: str,
    action: str,
    at: int,
    person_id: int = NOBODY,
    detail: dict[str, Any] | None = None,
    reason: str = "",
    address: str = "",
) -> int:
    """Write down one act of a member, in the caller's transaction; the entry's id. `detail` holds names and numbers, never a person's values.

    Raises ActionUnknown.
    """
    if action not in ACTIONS:
        raise ActionUnknown(f"The audit log has no words for {action}: add it to troth.workspaces.audit.ACTIONS.")
    entry_id = new_row_id()
    AuditEntry.objects.create(
        bucket=bucket_of(person_id),
        person_id=person_id,
        entry_id=entry_id,
        workspace_id=workspace_id,
        at=at,
        user_id=user_id,
        role=role,
        action=action,
        detail=detail or {},
        reason=reason,
        address=address,
    )
    return entry_id


def address_of(meta: Mapping[str, Any]) -> str:
    """The IP address in the variables of a request (PEP 3333): as the server in front of us reports it when the connection comes from this machine."""
    direct, forwarded = str(meta.get("REMOTE_ADDR", "")), str(meta.get("HTTP_X_FORWARDED_FOR", ""))
    if forwarded and direct in ("127.0.0.1", "::1"):
        direct = forwarded.rsplit(",", 1)[-1].strip()
    return direct[:LONGEST_ADDRESS]


def read_entries(
    workspace_id: int,
    *,
    before: int | None = None,
    user_id: int | None = None,
    action: str = "",
    person_id: int | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """Entries of a workspace, the newest first, before an entry id; times in milliseconds, `until` excluded. Reads all buckets, from the index on age."""
    entries = AuditEntry.objects.filter(workspace_id=workspace_id)
    if person_id is not None:
        entries = entries.filter(bucket=bucket_of(person_id), person_id=person_id)
    if before is not None:
        entries = entries.filter(entry_id__lt=before)
    if user_id is not None:
        entries = entries.filter(user_id=user_id)
    if action:
        entries = entries.filter(action=action)
    if since is not None:
        entries = entries.filter(at__gte=since, entry_id__gte=first_id(since))
    if until is not None:
        entries = entries.filter(at__lt=until)
    return list(entries.order_by("-entry_id")[:limit])


def stream_entries(workspace_id: int, **filters: Any) -> Iterator[AuditEntry]:
    """As `read_entries` without a limit, in pages, so that memory stays flat."""
    before = None
    while page := read_entries(workspace_id, before=before, limit=500, **filters):
        yield from page
        before = page[-1].entry_id


def id_at(at: int) -> int:
    """The least id of entries written from a moment (ms) on: ids grow with time (kernel.ids). Past what an id can hold (the year 2112) it is the greatest."""
    return min(max(0, at) * 1_000 << 11, (1 << 63) - 1)


def first_id(at: int) -> int:
    """The least id of entries about a moment (ms) or later: an entry may be made up to a day after its moment, never before."""
    return id_at(at - DAY)


def expired_until(workspace_id: int, now: int) -> int:
    """Before which entry id entries may have gone by age. `now` in milliseconds; no entry goes before the least time that a log can be kept is over."""
    days = Workspace.objects.values_list("audit_days", flat=True).get(pk=workspace_id)
    gone = ExpiredAudit.objects.filter(workspace_id=workspace_id).values_list("until", flat=True).first() or 0
    return max(id_at(now - days * DAY), min(gone, id_at(now - AUDIT_DAYS[0] * DAY)))


def forget_old_entries(now: int) -> bool:
    """Worker duty: delete entries older than their workspace keeps them; True when there may be more."""
    more = False
    for workspace in Workspace.objects.all():
        over = now - workspace.audit_days * DAY
        old = AuditEntry.objects.filter(workspace_id=workspace.pk, entry_id__lt=id_at(over)).order_by("entry_id")
        keys = list(old.values_list("bucket", "person_id", "entry_id")[:FORGOTTEN_AT_ONCE])
        with transaction.atomic():
            if keys:
                ExpiredAudit.objects.update_or_create(workspace_id=workspace.pk, defaults={"until": keys[-1][2] + 1})
                ShownPeople.objects.filter(workspace_id=workspace.pk, entry_id__lte=keys[-1][2]).delete()
            for bucket, person_id, entry_id in keys:
                AuditEntry.objects.filter(bucket=bucket, person_id=person_id, entry_id=entry_id).delete()
        more = more or len(keys) == FORGOTTEN_AT_ONCE
    return more
