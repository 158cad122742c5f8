"""The room Newsletters: written, tried in variants, sent, watched, paused, cancelled."""

from __future__ import annotations

import html
import re
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.test import Client

from tests.mail_server import Kept
from tests.members import join
from tests.messages.posting import Post
from troth.campaigns.models import Newsletter, NewsletterRun, NewsletterState
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due, start_newsletter
from troth.console.newsletters.reading import read_progress
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.messages.models import Message, State
from troth.segments.computing import compute_due
from troth.segments.registry import create_segment
from troth.workspaces.models import AuditEntry

POSTED = {
    "name": "Weekly",
    "segment_id": "",
    "audience": "frozen",
    "purpose": "marketing_email",
    "topic": "",
    "kind": "now",
    "zone": "Europe/Berlin",
    "hold_minutes": "5",
    "expires_hours": "24",
    "holdout": "0",
    "variant": ["A"],
    "A-key": "A",
    "A-share": "1",
    "A-subject": "News for {{ person.first_name | default: 'you' }}",
    "A-html": "<p>Hello</p>",
}
SECOND = {"variant": ["A", "B"], "B-key": "B", "B-share": "1", "B-subject": "Other news", "B-html": "<p>Hi</p>"}


@pytest.fixture
def marketer(workspace: Any) -> Client:
    Post(workspace).person("dana")
    return join(workspace, "marketer")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/newsletters{rest}"


def write(marketer: Client, workspace: Any, **fields: Any) -> Newsletter:
    page = marketer.post(path(workspace, "/new"), {**POSTED, **fields}, follow=True).content.decode()
    assert "Nothing was sent yet" in page, re.findall(r'class="error"[^<]*<p>.*?</p>', page, re.DOTALL)
    return Newsletter.objects.get()


def begin(own: Newsletter) -> None:
    """It is started, and its people are gone through."""
    own.refresh_from_db()
    if own.state == NewsletterState.DRAFT:
        start_newsletter(own, now=now_ms())
    begin_due(now_ms())
    while gather_next(now_ms()):
        pass


def test_the_room_begins_empty_and_leads_to_the_first_one(marketer: Client, workspace: Any) -> None:
    assert "No newsletters yet" in marketer.get(path(workspace)).content.decode()
    assert "Add a variant" in marketer.get(path(workspace, "/new")).content.decode()


def test_one_is_written_sent_watched_paused_resumed_and_cancelled(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace)
    asked = marketer.get(path(workspace, f"/{own.pk}/start")).content.decode()
    assert "everybody whom the purpose reaches" in asked
    marketer.post(path(workspace, f"/{own.pk}/start"))
    assert "It waits for its time" in marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    begin_due(now_ms())
    while gather_next(now_ms()):
        pass
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "0 of 1 people" in page
    for act in ("pause", "resume", "cancel"):
        assert "Weekly" in marketer.get(path(workspace, f"/{own.pk}/{act}")).content.decode()
        marketer.post(path(workspace, f"/{own.pk}/{act}"))
    own.refresh_from_db()
    assert own.state == "cancelled"
    assert Message.objects.get().state == "cancelled"
    acts = [one for one in AuditEntry.objects.order_by("entry_id").values_list("action", flat=True) if one.startswith("newsletter")]
    assert acts == [f"newsletter.{one}" for one in ("created", "started", "paused", "resumed", "cancelled")]
    assert "Newsletter: Weekly" in marketer.get(f"/console/{workspace.pk}/outbox").content.decode()


def test_what_a_pause_holds_is_told_as_held_and_in_no_way_as_lost(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace, hold_minutes="60")
    begin(own)
    marketer.post(path(workspace, f"/{own.pk}/pause"))
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "Held" in page and "Cancelled" not in page
    assert "Why some got nothing" not in page and "The last mail is due" not in page
    why = marketer.get(f"/console/{workspace.pk}/why", {"person": "dana", "campaign": f"newsletter:{own.pk}"}).content.decode()
    assert "It is held: what it belongs to is paused." in why
    assert "1 held message" not in marketer.get(f"/console/{workspace.pk}/settings/sending/mode").content.decode()


def test_its_page_is_loaded_anew_once_it_got_further_and_not_before(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace)
    marketer.post(path(workspace, f"/{own.pk}/start"))
    shown = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    asks = html.unescape(re.findall(r'hx-get="([^"]+)"', shown)[0])
    assert "hx-refresh" not in marketer.get(asks, headers={"hx-request": "true"}).headers
    begin(own)
    assert marketer.get(asks, headers={"hx-request": "true"}).headers["hx-refresh"] == "true"


def test_what_a_provider_told_of_is_sent_as_well(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace, hold_minutes="0")
    begin(own)
    Message.objects.update(state=State.DELIVERED)
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "1 of 1 people" in page
    assert re.search(r'data-label="Sent">1<', page)


def test_while_variants_are_tried_the_last_mail_is_due_after_it_is_decided(workspace: Any, marketer: Client) -> None:
    test = {"test_share": "50", "test_metric": "clicked", "test_hours": "4"}
    own = write(marketer, workspace, **SECOND, **test, test_decide="highest")
    begin(own)
    run = NewsletterRun.objects.get()
    progress = read_progress(run, now_ms())
    assert run.decide_at is not None and progress.ends_about == run.decide_at
    NewsletterRun.objects.update(decide_at=None)  # as where a member decides: nobody knows when
    run.refresh_from_db()
    assert read_progress(run, now_ms()).ends_about is None


def test_a_variant_is_added_and_removed_without_losing_what_was_written(marketer: Client, workspace: Any) -> None:
    page = marketer.post(path(workspace, "/new"), {**POSTED, "A-subject": "Half a thought", "do": "add"}).content.decode()
    assert "Variant B" in page and "Half a thought" in page
    page = marketer.post(path(workspace, "/new"), {**POSTED, **SECOND, "do": "remove:A"}).content.decode()
    assert "Other news" in page and "Variant A" not in page
    assert Newsletter.objects.count() == 0


def test_a_variant_more_finds_no_fault_with_what_is_still_to_be_written(marketer: Client, workspace: Any) -> None:
    page = marketer.post(path(workspace, "/new"), {**POSTED, "name": "", "holdout": "7", "do": "add"}).content.decode()
    assert "This field is required" not in page and 'value="7"' in page


def test_times_are_those_of_whoever_writes(marketer: Client, workspace: Any) -> None:
    marketer.cookies["troth_zone"] = "Asia/Kolkata"
    page = marketer.get(path(workspace, "/new")).content.decode()
    assert 'name="zone" value="Asia/Kolkata"' in page
    own = write(marketer, workspace, kind="at", day="2099-03-10", time="09:00", zone="Europe/Berlin")
    page = marketer.get(path(workspace, f"/{own.pk}/edit")).content.decode()
    assert 'value="13:30"' in page and 'name="zone" value="Asia/Kolkata"' in page
    assert "at 10 Mar 2099, 13:30" in marketer.get(path(workspace, f"/{own.pk}")).content.decode()


def test_only_what_may_be_left_empty_is_called_optional(marketer: Client, workspace: Any) -> None:
    page = marketer.get(path(workspace, "/new")).content.decode()
    optional = re.findall(r"<label[^>]*>([^<]+) <span class=\"quiet\">optional", page)
    assert "At most so many an hour" in optional
    assert not {"To", "Goes out by", "Subject", "HTML", "Day"} & set(optional) - {"To"}


def test_variants_are_tested_and_a_member_chooses_the_better_one(marketer: Client, workspace: Any) -> None:
    test = {"test_share": "50", "test_metric": "clicked", "test_hours": "4", "test_decide": "hand"}
    own = write(marketer, workspace, **SECOND, **test)
    assert own.test == {"share": 50, "metric": "clicked", "hours": 4, "decide": "hand"}
    marketer.post(path(workspace, f"/{own.pk}/start"))
    begin_due(now_ms())
    while gather_next(now_ms()):
        pass
    assert "Choose B" in marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert marketer.get(path(workspace, f"/{own.pk}/winner/C")).status_code == 404
    marketer.post(path(workspace, f"/{own.pk}/winner/B"))
    run = NewsletterRun.objects.get()
    assert (run.winner, run.decided_by) == ("B", "hand")
    assert "winner</" in marketer.get(path(workspace, f"/{own.pk}")).content.decode()


def test_schedules_are_kept_as_they_were_entered_and_shown_again(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace, kind="local", day="2099-03-10", time="09:00")
    assert own.schedule == {"kind": "local", "day": "2099-03-10", "time": "09:00", "zone": "Europe/Berlin"}
    marketer.post(path(workspace, f"/{own.pk}/edit"), {**POSTED, "kind": "at", "day": "2099-03-10", "time": "09:00"})
    own.refresh_from_db()
    assert own.schedule == {"kind": "at", "at": "2099-03-10T08:00:00.000Z"}
    page = marketer.get(path(workspace, f"/{own.pk}/edit")).content.decode()
    assert 'value="2099-03-10"' in page and 'value="08:00"' in page
    page = marketer.post(path(workspace, f"/{own.pk}/edit"), {**POSTED, "kind": "recurring", "cron": "every day"}).content.decode()
    assert "write five fields" in page
    assert "This field is required" in marketer.post(path(workspace, f"/{own.pk}/edit"), {**POSTED, "kind": "local"}).content.decode()


def test_a_copy_is_a_draft_and_a_draft_can_be_deleted(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace)
    marketer.post(path(workspace, f"/{own.pk}/copy"))
    copied = Newsletter.objects.exclude(pk=own.pk).get()
    assert copied.name == "Weekly (copy)"
    marketer.post(path(workspace, f"/{copied.pk}/delete"))
    assert Newsletter.objects.count() == 1


def test_what_stands_against_sending_is_told_before(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace, **{"A-html": "<p>{% if %}</p>"})
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "It cannot be sent like this" in page
    assert "Send</" not in marketer.get(path(workspace, f"/{own.pk}/start")).content.decode()


def test_each_variant_is_shown_as_a_real_or_made_up_person_gets_it_and_the_look_is_written_down(marketer: Client, workspace: Any) -> None:
    form = {**POSTED, **SECOND, "B-html": "<p>Hi {{ person.first_name | default: 'you' }} of {{ person.email }}</p>", "shown": "B"}
    answer = marketer.post(path(workspace, "/preview"), {**form, "person": "dana@example.com"})
    assert "Hi you of dana@example.com" in answer.content.decode()
    assert "sandbox" in answer["Content-Security-Policy"]
    made_up = {**form, "person": "dana@example.com", "made_up": '{"first_name": "Al"}'}
    assert "Hi Al of dana@example.com" in marketer.post(path(workspace, "/preview"), made_up).content.decode()
    assert "Hi Al of dana@example.com" in marketer.post(path(workspace, "/preview"), {**made_up, "look": "text"}).content.decode()
    told = marketer.post(path(workspace, "/about"), {**made_up, "shown": "A"}).content.decode()
    assert "News for Al" in told and "would let it through" in told
    assert "html, line 1" in marketer.post(path(workspace, "/about"), {**form, "B-html": "{% if %}"}).content.decode()
    (looked,) = AuditEntry.objects.filter(action="newsletter.previewed")
    assert looked.person_id and looked.detail == {"newsletter": "new"}
    assert join(workspace, "viewer").post(path(workspace, "/preview"), form).status_code == 403


def test_beside_it_stands_what_choosing_by_the_segment_reads_and_whether_the_person_is_in_it(marketer: Client, workspace: Any) -> None:
    pros = create_segment(workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"})
    form = {**POSTED, "segment_id": str(pros.pk), "person": "dana@example.com"}
    told = marketer.post(path(workspace, "/about"), form).content.decode()
    assert "not in the segment" in told
    assert "This newsletter reads" in told and "segment “Pros”" in told
    withdrawn = marketer.post(path(workspace, "/about"), {**form, "segment_id": "", "purpose": "nothing"}).content.decode()
    assert "would not get it now" in withdrawn


def test_a_test_of_the_variant_that_is_shown_reaches_the_member_alone(marketer: Client, workspace: Any, mail_server: Kept) -> None:
    answer = marketer.post(path(workspace, "/new"), {**POSTED, **SECOND, "shown": "B", "do": "test"}, headers={"HX-Request": "true"})
    assert "Sent to marketer@example.com" in answer.content.decode()
    ((recipients, raw),) = mail_server.mails
    assert recipients == ["marketer@example.com"]
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == "[Test] Other news"
    page = marketer.post(path(workspace, "/new"), {**POSTED, "A-subject": "Half a thought", "do": "test"}).content.decode()
    assert "Sent to" in page and "Half a thought" in page
    assert Newsletter.objects.count() == 0
    assert AuditEntry.objects.filter(action="newsletter.test_sent").count() == 2


def test_a_newsletter_that_demands_freshness_says_what_it_waits_for_and_that_it_was_paused(marketer: Client, workspace: Any) -> None:
    pros = create_segment(workspace.pk, name="Pros", definition={"attribute": "plan", "op": "equals", "value": "pro"})
    own = write(marketer, workspace, segment_id=str(pros.pk), fresh_minutes="10")
    assert own.fresh_minutes == 10
    marketer.post(path(workspace, f"/{own.pk}/start"))
    begin_due(now_ms())
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "It waits for its segment" in page and "has not been computed yet" in page
    begin_due(now_ms() + 25 * HOUR)
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "It was paused by itself" in page
    while compute_due(now_ms()):
        pass
    done = marketer.post(path(workspace, f"/{own.pk}/resume"), follow=True).content.decode()
    assert "It goes on" in done, re.findall("toast.*", done)
    begin_due(now_ms() + MINUTE)
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "It was paused by itself" not in page, Newsletter.objects.get().trouble
    assert NewsletterRun.objects.count() == 1


def test_who_waits_for_the_better_variant_awaits_the_winner_and_variants_are_told_by_their_subjects(
    marketer: Client, workspace: Any
) -> None:
    for number in range(12):
        Post(workspace).person(f"p{number}")
    own = write(marketer, workspace, **SECOND, test_share="50", test_metric="clicked", test_hours="4", test_decide="hand")
    marketer.post(path(workspace, f"/{own.pk}/start"))
    begin_due(now_ms())
    while gather_next(now_ms()):
        pass
    page = marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    assert "Other news" in page[page.index("How the mail was received") :]
    outbox = f"/console/{workspace.pk}/outbox"
    assert "awaits the winner" in marketer.get(outbox).content.decode()
    waiting = Message.objects.order_by("-due_at")[0]
    shown = marketer.get(f"{outbox}/{waiting.message_id}").content.decode()
    assert "awaits the winner" in shown and "9892" not in shown
    assert path(workspace, f"/{own.pk}") in shown


def test_why_somebody_got_it_or_not_is_asked_on_its_page(marketer: Client, workspace: Any) -> None:
    own = write(marketer, workspace)
    assert f'name="campaign" value="newsletter:{own.pk}"' in marketer.get(path(workspace, f"/{own.pk}")).content.decode()
    page = marketer.get(f"/console/{workspace.pk}/why?person=dana@example.com&campaign=newsletter:{own.pk}").content.decode()
    assert "It was never sent, so nobody got it." in page and "Now they would get it, if it were sent." in page
    assert f'<option value="newsletter:{own.pk}" selected>Newsletter: Weekly</option>' in page
    assert "no such newsletter" in marketer.get(f"/console/{workspace.pk}/why?person=dana&campaign=newsletter:999").content.decode()


def test_what_is_known_of_people_can_be_inserted_while_one_writes(marketer: Client, workspace: Any) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply
    from troth.kernel.clock import now_ms

    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    apply([Identify(identity=Identity(external_id="dana"), attributes={"shoe_size": 41}, **common)], now=now_ms())
    page = marketer.get(path(workspace, "/new")).content.decode()
    assert 'data-insert="{{ person.shoe_size }}"' in page and 'data-insert="{{ event.name }}"' not in page
    assert 'data-insert="{{ event.name }}"' in marketer.get(f"/console/{workspace.pk}/campaigns/new").content.decode()
