"""One thing of each kind in a filled workspace, to open the pages that are about one; what `console_data` did not write is made."""

from __future__ import annotations

from typing import Any


def purpose_key_of(workspace_id: int) -> str:
    """The key of the purpose in several versions, another one in each workspace."""
    return f"learning-{workspace_id}"


def notice_key_of(workspace_id: int) -> str:
    """The key of the published notice, another one in each workspace."""
    return f"news-{workspace_id}"


def asking_id_of(workspace_id: int) -> int:
    """An asking for consent, a draft, made if there is none."""
    from troth.campaigns.models import Repermission

    fields = {"purpose": "marketing_email", "notice": notice_key_of(workspace_id), "ground": "service", "subject": "May we?"}
    html = '<p><a href="{{ ask_url }}">Yes or no</a></p>'
    made, _ = Repermission.objects.get_or_create(workspace_id=workspace_id, **fields, defaults={"html": html, "created_at": 1})
    return int(made.pk)


def newsletter_id_of(workspace_id: int) -> int:
    """A newsletter with a test under way, of which one batch of people was gone through; made if there is none."""
    from troth.campaigns.models import Newsletter
    from troth.campaigns.newsletters.editing import create_newsletter
    from troth.campaigns.newsletters.gathering import gather_next
    from troth.campaigns.newsletters.running import begin_due, start_newsletter
    from troth.kernel.clock import now_ms

    found = Newsletter.objects.filter(workspace_id=workspace_id).first()
    if found is None:
        mails = [{"key": key, "subject": f"What is new, told {how}", "html": "<p>News</p>"} for key, how in (("A", "short"), ("B", "long"))]
        fields = {"name": "What is new in spring", "purpose": "marketing_email", "variants": mails, "holdout": 10, "hold_minutes": 1_000}
        found = create_newsletter(workspace_id, {**fields, "test": {"share": 30, "decide": "hand"}}, now=now_ms())
        start_newsletter(found, now=now_ms())
        begin_due(now_ms())
        gather_next(now_ms())
    return int(found.pk)


def segment_id_of(workspace_id: int) -> int:
    """A segment with groups in it, made and computed where there is none."""
    from troth.consent.catalog import load_catalog
    from troth.kernel.clock import now_ms
    from troth.segments.computing import compute_due
    from troth.segments.registry import create_segment, list_segments

    found = list_segments(workspace_id)
    if not found:
        definition = {
            "all": [
                {"attribute": "plan", "op": "in", "value": ["pro", "team"]},
                {"any": [{"event": "login", "op": "did_not", "within": "P7D"}, {"not": {"tag": "beta"}}]},
            ]
        }
        also_for = list(load_catalog(workspace_id).purposes)
        found = [create_segment(workspace_id, name="Paying and silent for a week", definition=definition, also_for=also_for)]
        while compute_due(now_ms()):
            pass
    return int(found[0].pk)


def funnel_id_of(workspace_id: int) -> int:
    """A funnel that is kept, beside another one; made if there is none."""
    from troth.campaigns.saved_funnels import keep_funnel, list_funnels
    from troth.consent.catalog import PROFILING, load_catalog
    from troth.kernel.clock import now_ms
    from troth.segments.seen import list_event_names

    found = list_funnels(workspace_id)
    if not found:
        events = [{"event": name} for name in [*list_event_names(workspace_id), "seen", "bought"][:3]]
        also_for = [key for key in load_catalog(workspace_id).purposes if key != PROFILING]
        for name, steps in (("The first three steps", events), ("The last two steps", events[1:])):
            found.append(keep_funnel(workspace_id, name, {"steps": steps, "days": 14, "also_for": also_for}, now=now_ms()))
    return int(found[0].pk)


def webhook_id_of(workspace_id: int) -> int:
    """A webhook, paused, with what it was told, what waits, and a dead letter; made if there is none."""
    from troth.kernel.clock import now_ms
    from troth.people.lookup import find_person
    from troth.webhooks.editing import create_webhook, revise_webhook
    from troth.webhooks.models import Delivery, Webhook
    from troth.webhooks.passing import News, count_withheld, pass_on

    found = Webhook.objects.filter(workspace_id=workspace_id).first()
    if found is None:
        now, subject = now_ms(), find_person(workspace_id, "heavy-person")
        types = ["user_updated", "unsubscribed", "person.erased"]
        found, _ = create_webhook(workspace_id, url="https://crm.example.com/hooks", types=types, purpose="service", name="CRM", now=now)
        revise_webhook(found, {"state": "paused"}, now=now)
        change = {"changes": {"plan": "pro"}, "add": ["vip"], "remove": []}
        pass_on([News("user_updated", subject, now - number * 60_000, change) for number in range(12)], now)
        keys = list(Delivery.objects.filter(webhook_id=found.pk).order_by("delivery_id").values_list("delivery_id", flat=True))
        own = Delivery.objects.filter(bucket=subject.bucket, person_id=subject.person_id)
        own.filter(delivery_id__in=keys[:7]).update(state="delivered", status=200, attempts=1, settled_at=now)
        own.filter(delivery_id__in=keys[7:9]).update(state="dead", status=503, trouble="refused", attempts=19, settled_at=now)
        count_withheld({(found.pk, "user_updated", "service:objected"): 3}, now)
    return int(found.pk)


def form_id_of(workspace_id: int) -> str:
    """A form, made for the published notice where there is none."""
    from troth.consent.forms import FormTerms, create_form, list_forms
    from troth.kernel.clock import now_ms

    forms, terms = list_forms(workspace_id), FormTerms(title="Footer of the shop", notice=notice_key_of(workspace_id))
    return (forms[0] if forms else create_form(workspace_id, terms, now=now_ms())).form_id


def topic_key_of(workspace_id: int) -> str:
    """A topic, made where there is none."""
    from troth.consent.topics import create_topic, list_topics

    topics = list_topics(workspace_id)
    return topics[0].key if topics else create_topic(workspace_id, "news", {"en": "Product news"}, "marketing_email").key


def find_examples(workspace_id: int) -> dict[str, Any]:
    """One id of everything that an address of the console can name, from what is there."""
    from troth.campaigns.models import Campaign
    from troth.consent.models import Record
    from troth.intake.captures import read_captures
    from troth.messages.models import Message
    from troth.people.lookup import find_person
    from troth.privacy.models import PrivacyRequest
    from troth.workspaces.models import Invitation, Key, Member

    person_id = find_person(workspace_id, "heavy-person").person_id
    own = Message.objects.filter(bucket=person_id % 4096, person_id=person_id)
    sent = own.filter(rendered__isnull=False).order_by("-message_id").first() or own.first()
    viewer = Member.objects.filter(workspace=workspace_id).order_by("-pk").first()
    invitation = Invitation.objects.filter(workspace=workspace_id).first()
    key = Key.objects.filter(workspace=workspace_id).first()
    requests = PrivacyRequest.objects.filter(workspace_id=workspace_id).order_by("-received_at")
    request = requests.exclude(certificate="").first() or requests.first()
    campaign = Campaign.objects.filter(workspace_id=workspace_id).order_by("pk").first()
    decided = Record.objects.filter(workspace_id=workspace_id).order_by("-record_id")
    record = decided.filter(bucket=person_id % 4096, person_id=person_id).first() or decided.first()
    newest = next(iter(read_captures(workspace_id, after=0, limit=1)), None)
    return {
        "workspace_id": workspace_id,
        "person_id": person_id,
        "message_id": sent.message_id if sent else 0,
        "campaign_id": campaign.pk if campaign else 0,
        "capture_id": newest.capture_id if newest else 0,
        "key_id": key.pk if key else 0,
        "member_id": viewer.pk if viewer else 0,
        "invitation_id": invitation.pk if invitation else 0,
        "request_id": str(request.pk) if request else "",
        "purpose": "marketing_email",
        "record_id": record.record_id if record else 0,
        "form_id": form_id_of(workspace_id),
        "topic_key": topic_key_of(workspace_id),
        "template_key": "welcome",
        "notice_key": notice_key_of(workspace_id),
        "asking_id": asking_id_of(workspace_id),
        "newsletter_id": newsletter_id_of(workspace_id),
        "variant": "B",
        "step": "refuse",
        "kind": "refuse",
        "language": "de",
        "segment_id": segment_id_of(workspace_id),
        "funnel_id": funnel_id_of(workspace_id),
        "webhook_id": webhook_id_of(workspace_id),
        "purpose_key": purpose_key_of(workspace_id),
        "version": 1,
        "form": "csv",
        "channel_id": channel_id_of(workspace_id),
        "domain_id": domain_id_of(workspace_id),
        "adapter": "postmark",
        "breach_id": breach_id_of(workspace_id),
        "agreement": "dpa",
        "proof_id": proof_id_of(),
        "notice_id": told_id_of(request),
        "entry_id": instruction_id_of(workspace_id),
        "contest_id": contest_id_of(workspace_id),
    }


def instruction_id_of(workspace_id: int) -> int:
    """The newest entry of the register of instructions, made if there is none."""
    from troth.kernel.clock import now_ms
    from troth.workspaces.agreements.instructions import list_instructions
    from troth.workspaces.audit import record_access

    if not list_instructions(workspace_id, limit=1):
        record_access(workspace_id, user_id=0, role="operator", action="person.exported", at=now_ms())
    return int(list_instructions(workspace_id, limit=1)[0].entry_id)


def contest_id_of(workspace_id: int) -> int:
    """An instruction that is contested, which is done if none is."""
    from troth.kernel.clock import now_ms
    from troth.privacy.contests.contesting import contest_entry, list_contests
    from troth.privacy.history import By

    if found := list_contests(workspace_id):
        return int(found[0].pk)
    reason = "Nobody consented to it (Art. 6(1))."
    return int(contest_entry(workspace_id, instruction_id_of(workspace_id), reason, by=By("console"), now=now_ms()).pk)


def told_id_of(request: Any) -> str:
    """A recipient of the example request who has answered, beside others who have not, made if there are none."""
    from troth.kernel.clock import DAY, HOUR
    from troth.privacy.models.disclosures import NoticeAnswer, RecipientNotice

    if request is None:
        return ""
    if found := RecipientNotice.objects.filter(request=request, state="done").first():
        return str(found.pk)
    at = request.received_at
    about = {
        "request": request,
        "workspace_id": request.workspace_id,
        "right": request.type,
        "kind": "channel",
        "opened_at": at,
        "asked_at": at,
        "retry_until": at + 3 * DAY,
    }
    made = RecipientNotice.objects.create(
        name="Mailhaus GmbH", way="opendsr", state="done", is_signed=True, told_at=at + HOUR, answered_at=at + DAY, recipient_id=1, **about
    )
    body = f'{{"request_status":"completed","subject_request_id":"{made.pk}"}}'
    signed = {
        "digest": "5d" * 32,
        "body": body,
        "signature": "c2lnbmF0dXJl" * 20,
        "certificate": "-----BEGIN CERTIFICATE-----",
        "domain": "dsr.example",
    }
    for hours, kind, state in ((1, "receipt", "told"), (24, "callback", "done")):
        NoticeAnswer.objects.create(notice=made, at=at + hours * HOUR, kind=kind, state=state, **signed)
    for name, way, state in (("Anrufe AG", "mail", "told"), ("CRM of the shop", "webhook", "waiting"), ("Printer", "", "by_hand")):
        RecipientNotice.objects.create(
            name=name, way=way, state=state, silent_at=at + 3 * DAY if state != "told" else None, recipient_id=2, **about
        )
    return str(made.pk)


def proof_id_of() -> str:
    """A proof of erasure that passed; it is of the whole installation."""
    from troth.kernel.clock import HOUR, now_ms
    from troth.privacy.certificate import certify
    from troth.privacy.models.proofs import ProofRun, ProofState
    from troth.privacy.proofs.persons import make_up
    from troth.privacy.proofs.statement import Looked, make_claims

    found = ProofRun.objects.filter(state=ProofState.PASSED).order_by("-begun_at").first()
    if found is None:
        begun, names = now_ms() - HOUR, make_up().values
        searched = {"files": 21, "bytes_read": 48_000_000, "took_ms": 1_900, "gone": ["the door"], "stores": ["people.person"]}
        seen = Looked(erased=dict.fromkeys(names, False), control=dict.fromkeys(names, True), **searched)
        found = ProofRun(begun_at=begun, seen_at=begun, ended_at=begun + 9_000, state=ProofState.PASSED)
        found.files, found.total, found.done, found.took_ms = 21, 48_000_000, 48_000_000, 1_900
        found.certificate = certify(make_claims(seen, [], run_id=str(found.pk), begun_at=begun, now=begun + 9_000))
        found.save()
    return str(found.pk)


def breach_id_of(workspace_id: int) -> int:
    """A breach whose clock runs."""
    from troth.kernel.clock import HOUR, now_ms
    from troth.privacy.breaches.register import list_breaches, record_breach

    found = list_breaches(workspace_id)
    if found:
        return found[0].pk
    now = now_ms()
    said = {
        "title": "A list was sent to the wrong address",
        "aware_at": now - 20 * HOUR,
        "began_at": now - 26 * HOUR,
        "ended_at": now - 20 * HOUR,
        "categories": "customers; names and e-mail addresses",
        "people": 140,
        "facts": "A colleague attached a list of customers to a mail that went to another company, which told us.",
        "effects": "The other company could have written to these customers.",
        "remedy": "They have deleted the mail and confirmed it in writing.",
    }
    return record_breach(workspace_id, said, user_id=0, now=now).pk


def channel_id_of(workspace_id: int) -> int:
    """A channel that is not in use, so that nothing leaves by it."""
    from troth.kernel.clock import now_ms
    from troth.messages.configured import add_channel, list_channels, revise_channel

    found = list_channels(workspace_id)
    row = found[0] if found else add_channel(workspace_id, "postmark", {"server_token": "token"}, now=now_ms())
    if row.is_active:
        revise_channel(row, {}, is_active=False, now=now_ms())
    return row.pk


def domain_id_of(workspace_id: int) -> int:
    """A sending domain."""
    from troth.kernel.clock import now_ms
    from troth.messages.domains import add_domain, list_domains

    found = list_domains(workspace_id)
    return (found[0] if found else add_domain(workspace_id, "acme.example", now_ms())).pk
