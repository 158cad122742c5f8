"""Measuring opens and clicks: only of who agreed to that, only as long as they do, and never a machine for a person."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

import pytest
from django.test import Client

from tests.evidence import GIVEN
from tests.messages.posting import Post
from tests.web_process import Answer, Asked, ask_all
from troth.consent.catalog import CLICK_TRACKING, OPEN_TRACKING
from troth.content.models import Template
from troth.intake.commands import Alias, Decide, Decision, Identity, Restrict
from troth.kernel.clock import DAY, MINUTE, SECOND, now_ms
from troth.kernel.personal_data import Subject, erase_everywhere
from troth.messages.fetches import RETENTION, Fetch, forget_old_engagement, note_fetches
from troth.messages.machines import name_haste, name_machine
from troth.messages.models import Engaged, Engagement, FetchCount, Message
from troth.messages.sending import send_due
from troth.messages.tracking import collective_path, read_measured
from troth.people.lookup import find_person

READER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0"}
GOAL, OTHER = "https://shop.example/a?b=1&c=%C3%A9", "http://shop.example/b"
HTML = (
    f'<html><body><p>Hi</p><a class="x" href="{GOAL.replace("&", "&amp;")}">one</a> <A HREF=\'{OTHER}\'>two</A>'
    ' <a href="mailto:a@shop.example">write</a> <a data-href="https://no.example/">none</a></body></html>'
)


class Measuring:
    """A workspace that measures, Dana in it, and her mail."""

    def __init__(self, post: Post) -> None:
        self.post = post
        Template.objects.filter(pk=post.template.pk).update(html=HTML)
        self.number = 0
        self.dana = post.person("dana")

    def switch(self, **on: bool) -> None:
        for name, value in on.items():
            setattr(self.post.workspace, name, value)
        self.post.workspace.save()

    def decide(self, decision: Decision, *purposes: str) -> None:
        who = Identity(external_id="dana")
        evidence = GIVEN if decision is Decision.GRANT else {}
        common = {**self.post.common, "received_at": now_ms()}
        self.post.say(*[Decide(identity=who, decision=decision, purpose=one, evidence=evidence, **common) for one in purposes])

    def mail(self, subject: Subject | None = None) -> str:
        """The HTML part of a new mail, sent a minute ago."""
        self.number += 1
        self.post.queue(subject or self.dana, self.number, purpose="marketing_email")
        before = len(self.post.sent)
        send_due(now_ms())
        Message.objects.all().update(settled_at=now_ms() - MINUTE)
        assert len(self.post.sent) == before + 1, self.post.states()
        part = message_from_bytes(self.post.sent[-1].mail, policy=default).get_body(("html",))
        assert part is not None
        content: str = part.get_content()
        return content


@pytest.fixture
def measuring(post: Post) -> Measuring:
    made = Measuring(post)
    made.switch(measures_opens=True, measures_clicks=True)
    return made


def pictures(html: str) -> list[str]:
    return re.findall(r'<img src="http://[^/]*(/t/[^"]+)"', html)


def links(html: str) -> list[str]:
    return re.findall(r"""<a\b[^>]* href=["'](?:http://[^/"]*(?=/t/))?([^"']+)["']""", html, re.IGNORECASE)


def noted() -> list[tuple[str, str, int, int]]:
    return list(Engagement.objects.order_by("kind", "link").values_list("kind", "link", "times", "machine_times"))


def fetch(path: str, method: str = "GET", **headers: str) -> Answer:
    """By the lean door of a web process, which has written what it saw when this returns."""
    return ask_all([Asked(method, path, headers={**READER, **headers})])[0]


def test_without_consent_a_link_is_as_it_was_written_and_there_is_no_picture(measuring: Measuring) -> None:
    html = measuring.mail()
    assert links(html)[:3] == [GOAL.replace("&", "&amp;"), OTHER, "mailto:a@shop.example"]
    assert pictures(html) == []
    assert "/t/" not in html
    assert noted() == []
    told = [(one["operation"], one["reason"]) for one in Message.objects.get().decisions if one["operation"].startswith("track")]
    assert told == [("track_open", "no_consent"), ("track_click", "no_consent")]


def test_where_the_workspace_does_not_measure_consent_changes_nothing(measuring: Measuring) -> None:
    measuring.switch(measures_opens=False, measures_clicks=False)
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    assert "/t/" not in measuring.mail()
    assert not any(one["operation"].startswith("track") for one in Message.objects.get().decisions)


@pytest.mark.parametrize(("purpose", "picture", "link"), [(OPEN_TRACKING, 1, False), (CLICK_TRACKING, 0, True)])
def test_each_measure_needs_its_own_consent(measuring: Measuring, purpose: str, picture: int, *, link: bool) -> None:
    measuring.decide(Decision.GRANT, purpose)
    html = measuring.mail()
    assert len(pictures(html)) == picture
    assert links(html)[0].startswith("/t/c/") is link


def test_a_mail_that_is_measured_says_so_and_where_to_change_that(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING)
    html = measuring.mail()
    choice = re.search(r'href="http://[^/]*(/p/[^"]+)">Change your choice', html)
    assert choice
    assert b"Measure who opens mail" in Client().get(choice[1]).content


def test_who_agreed_is_noted_to_open_and_to_follow_a_link_to_its_goal(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    assert noted() == [("click", "", 0, 0), ("open", "", 0, 0)]
    answer = fetch(pictures(html)[0])
    assert (answer.status_code, answer["Content-Type"], answer.content[:6]) == (200, "image/gif", b"GIF89a")
    assert "set-cookie" not in answer.headers
    assert answer["Cache-Control"] == "no-store, private"
    answer = fetch(links(html)[0])
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (302, GOAL, "no-referrer")
    assert "set-cookie" not in answer.headers
    assert noted() == [("click", "", 0, 0), ("click", GOAL, 1, 0), ("open", "", 1, 0)]


def test_addresses_name_nobody(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    path = pictures(html)[0]
    assert str(measuring.dana.person_id) not in html
    assert path not in pictures(measuring.mail())
    assert fetch(f"{path[:-8]}AAAA.gif").status_code == 200
    assert fetch("/t/c/aHR0cHM6Ly9ldmlsLmV4YW1wbGU").status_code == 404
    assert fetch(links(html)[0].replace("/t/c/", "/t/o/") + ".gif").status_code == 200
    assert fetch(path.removesuffix(".gif").replace("/t/o/", "/t/c/")).status_code == 404


@pytest.mark.parametrize("decision", [Decision.WITHDRAW, Decision.OBJECT, Decision.REFUSE])
def test_a_withdrawal_reaches_mail_that_was_sent_before(measuring: Measuring, decision: Decision) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    measuring.decide(decision, OPEN_TRACKING, CLICK_TRACKING)
    before = noted()
    assert fetch(pictures(html)[0]).content[:6] == b"GIF89a"
    assert fetch(links(html)[0])["Location"] == GOAL
    assert noted() == before


def test_a_restriction_and_a_switch_reach_it_too(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    before = noted()
    measuring.switch(measures_opens=False)
    fetch(pictures(html)[0])
    measuring.post.say(Restrict(identity=Identity(external_id="dana"), **measuring.post.common))
    assert fetch(links(html)[0])["Location"] == GOAL
    assert noted() == before


def test_a_browser_that_asks_not_to_be_followed_is_not(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    before = noted()
    assert fetch(links(html)[0], **{"sec-gpc": "1"})["Location"] == GOAL
    assert fetch(links(html)[0], "HEAD")["Location"] == GOAL
    assert fetch(pictures(html)[0], "HEAD").content == b""
    assert fetch(links(html)[0], "POST").status_code == 405
    assert noted() == before


def test_after_erasure_the_link_still_leads_on_and_nothing_is_noted(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    fetch(pictures(html)[0])
    assert erase_everywhere([measuring.dana])[measuring.dana.person_id]["messages.engagement"] == 2
    assert fetch(links(html)[0])["Location"] == GOAL
    fetch(pictures(html)[0])
    assert noted() == []


def test_after_a_merge_what_is_opened_is_noted_with_the_one_person_they_are(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING)
    html = measuring.mail()
    measuring.post.person("erin")
    measuring.post.say(Alias(identity=Identity(external_id="erin"), previous=Identity(external_id="dana"), **measuring.post.common))
    measuring.decide(Decision.GRANT, OPEN_TRACKING)
    fetch(pictures(html)[0])
    assert Engagement.objects.get().times == 1
    assert Engagement.objects.get().person_id == find_person(measuring.post.workspace.pk, "erin").person_id


def test_mail_to_a_tester_is_never_measured(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    measuring.switch(send_mode="test", test_address="tester@example.com", counts_opens=True)  # type: ignore[arg-type]
    html = measuring.mail()
    assert "/t/" not in html
    assert noted() == []


def test_what_is_kept_of_the_mail_leads_where_its_author_wrote(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    measuring.mail()
    assert "/t/" not in str(Message.objects.get().rendered)


AGENTS = {
    "": "scanner",
    "Mozilla/5.0": "apple_mail_privacy",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": "gmail_proxy",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html": "yahoo_proxy",
    "Barracuda Sentinel (EE)": "scanner",
    "python-requests/2.32": "scanner",
    "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140": "scanner",
    READER["user-agent"]: "",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148": "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36": "",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_machines_are_told_from_persons(agent: str) -> None:
    assert name_machine({"user-agent": agent}, is_open=True) == AGENTS[agent]


def test_what_is_fetched_ahead_or_at_once_was_no_person() -> None:
    assert name_machine({**READER, "sec-purpose": "prefetch;prerender"}, is_open=False) == "prefetch"
    assert name_machine(READER, is_open=True) == ""
    assert [name_haste(waited) for waited in (SECOND, MINUTE, None)] == ["too_fast", "", ""]


def test_what_a_machine_fetched_is_counted_apart(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING, CLICK_TRACKING)
    html = measuring.mail()
    fetch(pictures(html)[0], **{"user-agent": "Mozilla/5.0"})
    fetch(pictures(html)[0], **{"user-agent": "Mozilla/5.0"})
    fetch(pictures(html)[0])
    row = Engagement.objects.get(kind=Engaged.OPEN)
    assert (row.times, row.machine_times, row.machine) == (1, 2, "apple_mail_privacy")
    assert row.first_at is not None


def test_who_follows_several_links_at_once_is_a_scanner_from_the_first_on(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, CLICK_TRACKING)
    html = measuring.mail()
    one, two = (read_measured(path.removeprefix("/t/c/")) for path in links(html)[:2])
    assert one
    assert two
    start = now_ms()
    for round_at in (start, start + DAY):
        for number, measured in enumerate((one, two, one)):
            note_fetches([Fetch(measured, "", round_at + number * 100)])
        assert {row[2] for row in noted()} == {0}
    note_fetches([Fetch(two, "", start + 2 * DAY)])
    note_fetches([Fetch(one, "", start + 2 * DAY + MINUTE)])
    assert [row[1:] for row in noted()] == [("", 0, 0), (OTHER, 1, 2), (GOAL, 1, 4)]


def test_fetches_of_all_others_are_counted_without_persons_where_that_is_switched_on(measuring: Measuring) -> None:
    measuring.switch(counts_opens=True)
    erin = measuring.post.person("erin")
    paths = pictures(measuring.mail()) + pictures(measuring.mail(erin))
    assert paths == [f"/{collective_path(measuring.post.workspace.pk, 'campaign:1')}"] * 2
    for path in paths:
        fetch(path)
    fetch(paths[0], **{"user-agent": "Mozilla/5.0"})
    fetch(paths[0].replace("campaign:1", "campaign:2"))
    fetch(paths[0], **{"sec-gpc": "1"})
    assert list(FetchCount.objects.order_by("is_machine").values_list("source", "is_machine", "times")) == [
        ("campaign:1", False, 2),
        ("campaign:1", True, 1),
    ]
    assert noted() == []
    measuring.switch(counts_opens=False)
    fetch(paths[0])
    assert sum(FetchCount.objects.values_list("times", flat=True)) == 3


def test_what_was_measured_is_forgotten_after_its_retention(measuring: Measuring) -> None:
    measuring.decide(Decision.GRANT, OPEN_TRACKING)
    measuring.mail()
    assert forget_old_engagement(now_ms() + RETENTION - MINUTE) is False
    assert len(noted()) == 1
    forget_old_engagement(now_ms() + RETENTION + MINUTE)
    assert noted() == []
