"""The preference page: what people agree to, object to and want, in their language; and what their browser says for them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.messages.posting import Post
from troth.consent.catalog import MARKETING_EMAIL, forget_catalogs
from troth.consent.models import Record
from troth.consent.purposes import PurposeTerms, create_purpose
from troth.consent.topics import archive_topic, create_topic
from troth.intake.commands import Alias, Decide, Decision, Identity, Restrict
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.messages.configured import add_channel
from troth.messages.models import Message, State
from troth.messages.sending import send_due
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.workspaces.branding import BrandInvalid, contrast, save_brand, save_logo, shade

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


class Centre:
    """Dana, who agreed to marketing, at the page behind the link of her mail."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.dana = post.person("dana")
        create_topic(post.workspace.pk, "offers", {"en": "Offers", "de": "Angebote"}, MARKETING_EMAIL)
        create_topic(post.workspace.pk, "news", {"en": "Product news"}, MARKETING_EMAIL)
        interest = PurposeTerms(name="Improve the product", legal_basis="legitimate_interest", description={"en": "We count clicks."})
        create_purpose(post.workspace.pk, "improve", interest, now=1)
        self.address = f"/p/{make_unsubscribe_token(UnsubscribeLink(self.dana, MARKETING_EMAIL, 0))}"
        self.number = 0

    def read(self, language: str = "en", **headers: str) -> str:
        return Client().get(self.address, headers={"accept-language": language, **headers}).content.decode()

    def save(self, change: dict[str, list[str]] | None = None, **headers: str) -> str:
        """Press Save, with the boxes as the page has them but for the change."""
        page = self.read()
        fields: dict[str, list[str]] = {}
        for tag in re.findall(r"<input [^>]+>", page):
            name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
            assert name and value
            if 'type="hidden"' in tag or " checked" in tag:
                fields.setdefault(name[1], []).append(value[1])
        answer = Client().post(self.address, {**fields, **(change or {})}, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    def said(self) -> list[tuple[str, str, str]]:
        own = Record.objects.filter(bucket=self.dana.bucket, person_id=self.dana.person_id).order_by("record_id")
        return list(own.values_list("purpose", "decision", "method"))[2:]

    def mail(self, topic: str = "") -> tuple[str, str]:
        """What becomes of a marketing mail about a topic."""
        self.queue(topic)
        send_due(now_ms())
        return self.post.states()[-1]

    def queue(self, topic: str = "") -> None:
        self.post.template.topic = topic
        self.post.template.pk = None
        self.post.template.save()
        self.number += 1
        self.post.queue(self.dana, self.number, purpose=MARKETING_EMAIL)


@pytest.fixture
def centre(post: Post) -> Centre:
    return Centre(post)


def test_who_leaves_a_topic_gets_no_more_of_it_and_keeps_the_rest(centre: Centre) -> None:
    assert "Offers" in centre.read()
    assert "Saved" in centre.save({"topic": ["news"]})
    assert centre.said() == [("topic:offers", "object", "preference_page")]
    assert centre.mail("offers") == ("skipped", "topic:offers:unwanted")
    assert centre.mail("news") == ("sent", "")
    assert centre.mail() == ("sent", "")


def test_leaving_a_topic_reaches_what_is_queued(centre: Centre) -> None:
    centre.queue("offers")
    centre.save({"topic": []})
    send_due(now_ms())
    assert centre.post.states() == [("skipped", "topic:offers:unwanted")]


def test_coming_back_to_a_topic_needs_the_page_or_a_proof(centre: Centre) -> None:
    centre.save({"topic": ["news"]})
    common = {**centre.post.common, "received_at": now_ms()}
    centre.post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.GRANT, purpose="topic:offers", **common))
    assert centre.mail("offers")[0] == "skipped"
    centre.save({"topic": ["news", "offers"]})
    assert centre.mail("offers") == ("sent", "")
    kept = Record.objects.filter(purpose="topic:offers").latest("record_id")
    assert (kept.valid, kept.evidence["notice"].splitlines()[-1]) == (True, "Offers")


def test_an_archived_topic_is_not_offered_and_nothing_goes_out_under_it(centre: Centre) -> None:
    centre.queue("offers")
    archive_topic(centre.post.workspace.pk, "offers")
    send_due(now_ms())
    assert centre.post.states() == [("skipped", "topic:offers:purpose_archived")]
    assert "Offers" not in centre.read()
    centre.save({"topic": []})
    assert [said[0] for said in centre.said()] == ["topic:news"]


def test_a_form_that_did_not_have_a_topic_leaves_it_as_it_was(centre: Centre) -> None:
    Client().post(centre.address, {"purpose": [MARKETING_EMAIL, "behavioural_profiling"]})
    Client().post(centre.address, {"purpose": [MARKETING_EMAIL, "behavioural_profiling"], "seen": ["topic:news"], "topic": ["news"]})
    assert centre.said() == []


def test_one_a_week_means_one_a_week(centre: Centre) -> None:
    centre.save({"pace": ["pace:7"]})
    assert centre.said() == [("pace:7", "object", "preference_page")]
    assert centre.mail() == ("sent", "")
    assert centre.mail() == ("skipped", "pace:7:too_soon")
    Message.objects.filter(state=State.SENT).update(settled_at=now_ms() - 8 * 86_400_000)
    assert centre.mail() == ("sent", "")
    centre.post.queue(centre.dana, 99)
    send_due(now_ms())
    assert centre.post.states()[-1] == ("sent", ""), "a receipt is no marketing"


def test_of_several_that_are_due_at_once_one_goes_out(centre: Centre) -> None:
    centre.save({"pace": ["pace:30"]})
    for _ in range(4):
        centre.queue()
    send_due(now_ms())
    assert sorted(centre.post.states()) == [("sent", ""), *[("skipped", "pace:30:too_soon")] * 3]


def test_the_pace_can_be_changed_and_given_up(centre: Centre) -> None:
    centre.save({"pace": ["pace:30"]})
    assert re.search(r'value="pace:30" checked', centre.read())
    centre.save({"pace": ["pace:7"]})
    assert [said[:2] for said in centre.said()[1:]] == [("pace:7", "object"), ("pace:30", "grant")]
    assert re.search(r'value="pace:7" checked', centre.read())
    centre.save({"pace": [""]})
    assert centre.mail() == ("sent", "")
    assert centre.mail() == ("sent", "")


def test_a_way_by_which_marketing_comes_can_be_refused_where_there_is_more_than_one(centre: Centre) -> None:
    assert 'name="channel"' not in centre.read()
    add_channel(centre.post.workspace.pk, "twilio", {"account_sid": "AC1", "auth_token": "t", "sender": "Acme"}, now=now_ms())
    page = centre.read()
    assert "By text message" in page
    assert "On your phone" not in page
    assert "Per SMS" in centre.read("de")
    centre.save({"channel": ["channel:sms"]})
    assert centre.said() == [("channel:email", "object", "preference_page")]
    assert centre.mail() == ("skipped", "channel:email:unwanted")
    assert not re.search(r'value="channel:email" checked', centre.read())
    centre.save({"channel": ["channel:sms", "channel:email"]})
    assert centre.said()[1][:2] == ("channel:email", "grant")
    assert centre.mail() == ("sent", "")


def test_an_objection_ends_what_is_done_without_asking(centre: Centre) -> None:
    assert "We count clicks." in centre.read()
    centre.save({"objection": ["improve"]})
    assert centre.said() == [("improve", "object", "preference_page")]
    assert "You objected" in centre.read()
    centre.save({"objection": []})
    assert "You have not objected" in centre.read()
    assert centre.said()[-1][:2] == ("improve", "grant")


def test_no_to_everything_is_one_press_and_ends_all_asking(centre: Centre) -> None:
    page = Client().post(centre.address, {"stop": "1"}).content.decode()
    assert "Nothing of all this happens any more" in page
    assert {purpose: decision for purpose, decision, _ in centre.said()} == {
        MARKETING_EMAIL: "withdraw",
        "behavioural_profiling": "withdraw",
        "open_tracking": "refuse",
        "click_tracking": "refuse",
        "improve": "object",
    }
    assert centre.mail()[0] == "skipped"
    Client().post(centre.address, {"stop": "1"})
    assert len(centre.said()) == 5


@pytest.mark.parametrize(
    ("language", "title"), [("de-AT", "Ihre Entscheidungen"), ("fr", "Vos choix"), ("es", "Sus decisiones"), ("nl", "Your choices")]
)
def test_the_page_speaks_the_language_of_the_reader_and_keeps_what_it_said(centre: Centre, language: str, title: str) -> None:
    page = centre.read(language)
    assert f"<h1>{title}</h1>" in page
    spoken = re.search(r'<html lang="(\w+)"', page)
    assert spoken
    answer = Client().post(centre.address, {"purpose": ["open_tracking"], "language": spoken[1]}).content.decode()
    kept = Record.objects.get(purpose="open_tracking")
    assert (kept.valid, kept.language, kept.evidence["surface_language"]) == (True, spoken[1], spoken[1])
    for line in kept.evidence["notice"].splitlines():
        assert line in answer


def test_each_decision_has_its_receipt_on_the_page(centre: Centre) -> None:
    centre.save({"topic": []})
    links = re.findall(r'href="(/r/[^"]+)"', centre.read())
    assert len(links) == 2
    for link in links:
        assert b"Receipt of your decision" in Client().get(link).content


def test_the_receipt_of_a_topic_says_what_it_is_about(centre: Centre) -> None:
    from troth.consent.receipts import make_receipt
    from troth.consent.verifying import verify_receipt
    from troth.kernel.crypto import signing_key

    centre.save({"topic": ["news"]})
    receipt = make_receipt(Record.objects.get(purpose="topic:offers"), now_ms())
    assert receipt["troth:purposeName"] == "Offers"
    verify_receipt(receipt, signing_key().public_key())


def test_who_is_restricted_is_told_so(centre: Centre) -> None:
    assert "locked" not in centre.read()
    common = {**centre.post.common, "received_at": now_ms()}
    centre.post.say(Restrict(identity=Identity(external_id="dana"), lift=False, **common))
    assert "Your data is locked at the moment" in centre.read()


def test_when_two_become_one_the_stricter_wish_holds(centre: Centre) -> None:
    other = centre.post.person("dana-2")
    centre.save({"topic": ["news"], "pace": ["pace:7"]})
    common = {**centre.post.common, "received_at": now_ms()}
    centre.post.say(Alias(identity=Identity(external_id="dana-2"), previous=Identity(external_id="dana"), **common))
    centre.dana = other
    assert centre.mail("offers") == ("skipped", "topic:offers:unwanted")


def test_members_can_look_at_the_page_and_nothing_is_saved(centre: Centre) -> None:
    nobody = Subject(centre.post.workspace.pk, 0)
    address = f"/p/{make_unsubscribe_token(UnsubscribeLink(nobody, '', 0))}"
    before = Record.objects.count()
    for answer in (Client().get(address), Client().post(address, {"stop": "1"})):
        assert b"This is a preview" in answer.content
        assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert Record.objects.count() == before
    assert "frame-ancestors 'none'" in Client().get(centre.address)["Content-Security-Policy"]


@pytest.fixture
def sharing(centre: Centre) -> Centre:
    shared = PurposeTerms(name="Share with partners", legal_basis="legitimate_interest", sharing=True)
    create_purpose(centre.post.workspace.pk, "partners", shared, now=1)
    forget_catalogs()
    return centre


def test_a_browser_that_objects_is_heard_when_the_person_saves(sharing: Centre) -> None:
    assert "Global Privacy Control" not in sharing.read()
    page = sharing.read(**{"sec-gpc": "1"})
    assert "Global Privacy Control" in page
    assert "Share with partners" in page
    assert sharing.said() == [], "looking changes nothing"
    sharing.save(**{"sec-gpc": "1"})
    assert sharing.said() == [("partners", "object", "gpc")]
    sharing.save(**{"sec-gpc": "1"})
    assert len(sharing.said()) == 1


def test_what_the_person_agrees_to_after_that_stands(sharing: Centre) -> None:
    sharing.save(**{"sec-gpc": "1"})
    sharing.save({"objection": []}, **{"sec-gpc": "1"})
    assert sharing.said()[1:] == [("partners", "grant", "preference_page")]
    sharing.save(**{"sec-gpc": "1"})
    assert len(sharing.said()) == 2


def test_the_site_says_that_it_hears_the_signal() -> None:
    answer = Client().get("/.well-known/gpc.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["gpc"] is True


def test_the_pages_wear_the_company_s_look(centre: Centre) -> None:
    pk = centre.post.workspace.pk
    assert f"/b/{pk}.css" not in centre.read()
    save_brand(pk, accent="#AA0055", privacy_url="https://acme.example/privacy", imprint_url="")
    save_logo(pk, PNG)
    page = centre.read()
    assert f'href="/b/{pk}.css"' in page
    assert 'href="https://acme.example/privacy"' in page
    style = Client().get(f"/b/{pk}.css").content.decode()
    assert "--accent: #aa0055" in style
    logo = re.search(r'<img src="(/b/[^"]+)" alt="([^"]+)"', page)
    assert logo
    answer = Client().get(logo[1])
    assert (answer.content, answer["Content-Type"], answer["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert Client().get(f"/b/{pk}/0000").status_code == 404


@pytest.mark.parametrize("accent", ["#ffee00", "red", "#12", "#aa0055;}", "javascript:"])
def test_a_colour_that_cannot_be_read_is_refused(workspace: Any, accent: str) -> None:
    with pytest.raises(BrandInvalid, match=r"\$\.accent"):
        save_brand(workspace.pk, accent=accent, privacy_url="", imprint_url="")


@pytest.mark.parametrize("logo", [b"<svg onload='x'/>", b"", PNG + b"\0" * 100_000, b"GIF89a"])
def test_a_logo_is_a_small_picture_that_runs_nothing(workspace: Any, logo: bytes) -> None:
    with pytest.raises(BrandInvalid, match=r"\$\.logo"):
        save_logo(workspace.pk, logo)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//acme.example", 'https://a.example/"onclick', "https://user@a.example"])
def test_a_link_leads_to_a_plain_address(workspace: Any, url: str) -> None:
    with pytest.raises(BrandInvalid, match=r"\$\.imprint_url"):
        save_brand(workspace.pk, accent="", privacy_url="", imprint_url=url)


def test_a_dark_colour_is_lightened_until_it_can_be_read_at_night() -> None:
    for accent in ("#000000", "#2f4bce", "#aa0055", "#767676"):
        shades = shade(accent)
        assert contrast(shades.night, "#1b1d23") >= 4.5
        assert contrast(shades.on_night, shades.night) >= 4.5
        assert contrast(shades.on_day, shades.day) >= 4.5
