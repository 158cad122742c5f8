"""The preference centre: topics made, renamed and archived, the look of the pages, and a preview; each act is written down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.console.test_notices import written_down
from tests.members import join
from troth.campaigns.models import Campaign
from troth.consent.topics import archive_topic, create_topic, find_topic
from troth.workspaces.branding import read_brand

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


def place(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/preferences{rest}"


def test_a_topic_is_made_renamed_and_archived(owner: Client, workspace: Any) -> None:
    assert "No topics yet" in owner.get(place(workspace)).content.decode()
    made = {"key": "offers", "names": "en: Offers\nde: Angebote", "purpose": "marketing_email"}
    assert owner.post(place(workspace, "/topics/_new"), made).status_code == 303
    assert find_topic(workspace.pk, "offers").name == {"en": "Offers", "de": "Angebote"}
    page = owner.get(place(workspace)).content.decode()
    assert "Offers" in page
    written = owner.get(place(workspace, "/topics/offers")).content.decode()
    assert "en: Offers" in written
    assert "de: Angebote" in written
    owner.post(place(workspace, "/topics/offers"), {"names": "en: Bargains"})
    assert find_topic(workspace.pk, "offers").name == {"en": "Bargains"}
    owner.post(place(workspace, "/topics/offers/archive"))
    assert find_topic(workspace.pk, "offers").archived
    owner.post(place(workspace, "/topics/offers/archive"))
    assert not find_topic(workspace.pk, "offers").archived
    acts = ("topic.created", "topic.edited", "topic.archived", "topic.restored")
    assert [written_down(act) for act in acts] == [[{"topic": "offers"}]] * 4


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"names": "Offers"}, "Line 1: write a language"),
        ({"names": "en: "}, "Line 1: write a language"),
        ({"names": "english!: Offers"}, "in at least one language"),
        ({"names": ""}, "required"),
        ({"key": "a b"}, "letters, digits"),
        ({"key": "news"}, "there is a topic of this key"),
        ({"purpose": "nonsense"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_with_a_topic_is_told_at_its_field(owner: Client, workspace: Any, wrong: dict[str, str], told: str) -> None:
    create_topic(workspace.pk, "news", {"en": "News"}, "marketing_email")
    answer = owner.post(place(workspace, "/topics/_new"), {"key": "offers", "names": "en: Offers", "purpose": "marketing_email", **wrong})
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_the_look_is_chosen_and_shown(owner: Client, workspace: Any) -> None:
    chosen = {
        "accent": "#AA0055",
        "privacy_url": "https://acme.example/privacy",
        "imprint_url": "",
        "logo": SimpleUploadedFile("a.png", PNG),
    }
    assert owner.post(place(workspace, "/look"), chosen).status_code == 303
    brand = read_brand(workspace.pk)
    assert (brand.accent, bytes(brand.logo or b""), brand.logo_type) == ("#aa0055", PNG, "image/png")
    owner.post(place(workspace, "/look"), {"accent": "", "privacy_url": "", "imprint_url": ""})
    assert (read_brand(workspace.pk).accent, bytes(read_brand(workspace.pk).logo or b"")) == ("", PNG)
    owner.post(place(workspace, "/look"), {"accent": "", "privacy_url": "", "imprint_url": "", "no_logo": "on"})
    assert read_brand(workspace.pk).logo is None
    assert len(written_down("look.changed")) == 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"accent": "#ffee00"}, "cannot be read on white"), ({"logo": SimpleUploadedFile("a.svg", b"<svg/>")}, "PNG, JPEG or WebP")],
)
def test_a_look_that_cannot_be_is_refused_whole(owner: Client, workspace: Any, wrong: dict[str, Any], told: str) -> None:
    answer = owner.post(place(workspace, "/look"), {"accent": "#aa0055", "privacy_url": "", "imprint_url": "", **wrong})
    assert (answer.status_code, told in answer.content.decode()) == (422, True)
    assert read_brand(workspace.pk).accent == ""


def test_the_preview_is_the_page_itself(owner: Client, workspace: Any) -> None:
    create_topic(workspace.pk, "offers", {"en": "Offers", "de": "Angebote"}, "marketing_email")
    page = owner.get(place(workspace), {"lang": "de"}).content.decode()
    source = re.search(r'<iframe src="([^"]+)"', page)
    assert source
    shown = Client().get(source[1]).content.decode()
    assert "Ihre Entscheidungen" in shown
    assert "Angebote" in shown


def test_a_campaign_has_a_topic_of_its_purpose_or_none(owner: Client, workspace: Any) -> None:
    create_topic(workspace.pk, "offers", {"en": "Offers"}, "marketing_email")
    create_topic(workspace.pk, "old", {"en": "Old"}, "marketing_email")
    archive_topic(workspace.pk, "old")
    draft = {"name": "Sale", "trigger_event": "bought", "purpose": "marketing_email", "subject": "s", "html": "<p>h</p>", "do": "save"}
    new = f"/console/{workspace.pk}/campaigns/new"
    assert "not one of the available choices" in owner.post(new, {**draft, "topic": "old"}).content.decode()
    wrong = owner.post(new, {**draft, "topic": "offers", "purpose": "service"})
    assert "belongs to another purpose" in wrong.content.decode()
    assert not Campaign.objects.filter(workspace_id=workspace.pk).exists()
    assert owner.post(new, {**draft, "topic": "offers"}).status_code in (302, 303)
    assert Campaign.objects.get(workspace_id=workspace.pk).topic == "offers"


@pytest.mark.parametrize("role", ["marketer", "developer", "privacy_officer", "viewer"])
def test_each_role_may_do_what_its_work_is(workspace: Any, role: str) -> None:
    client = join(workspace, role)
    assert client.get(place(workspace)).status_code == (403 if role == "viewer" else 200)
    for rest in ("/look", "/topics/_new"):
        assert client.get(place(workspace, rest)).status_code == (200 if role == "privacy_officer" else 403)


def test_another_workspace_s_topic_is_not_found(owner: Client, workspace: Any) -> None:
    create_topic(workspace.pk + 1, "offers", {"en": "Offers"}, "marketing_email")
    assert owner.get(place(workspace, "/topics/offers")).status_code == 404
