"""Notices: written language by language, judged while typing, published, compared; and the company's own page declared; each act is written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from tests.members import join
from troth.consent.catalog import MARKETING_EMAIL, PROFILING, load_catalog
from troth.consent.declaring import read_setting
from troth.consent.evidence import hash_text
from troth.consent.models import Notice
from troth.consent.notices import find_notice, publish_notice, save_draft, save_notice
from troth.consent.purposes import find_purpose, revise_purpose, terms_of
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.workspaces.models import AuditEntry, Role

TEXT = "Acme Ltd writes to you once a week <b>about</b> its shoes.\n\nStop with the link in every mail."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "e-mail address", "withdrawal": "link in every mail"}
POSTED = {"text": TEXT, **{f"says_{name}": words for name, words in SAYS.items()}}


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


@pytest.fixture
def news(workspace: Any) -> int:
    """Published once in English."""
    save_notice(workspace.pk, "news", title="News & offers", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text=TEXT, says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=now_ms() - 5_000)
    pk: int = workspace.pk
    return pk


def place(workspace_id: int, rest: str = "") -> str:
    return f"/console/{workspace_id}/notices{rest}"


def read(client: Client, workspace_id: int, rest: str = "", status: int = 200) -> str:
    answer = client.get(place(workspace_id, rest))
    assert answer.status_code == status
    return answer.content.decode()


def do(client: Client, workspace_id: int, rest: str, data: dict[str, Any], status: int = 303) -> str:
    answer = client.post(place(workspace_id, rest), data)
    assert answer.status_code == status, answer.content.decode()[:2_000]
    return answer.headers.get("Location", "") or answer.content.decode()


def written_down(action: str) -> list[dict[str, Any]]:
    return list(AuditEntry.objects.filter(action=action).order_by("entry_id").values_list("detail", flat=True))


def agree(workspace_id: int, email: str) -> None:
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": workspace_id, "source": "api", "received_at": now, "identity": Identity(email=email)}
    apply([Identify(**about), Decide(decision=Decision.GRANT, purpose=MARKETING_EMAIL, evidence=GIVEN, **about)], now=now)


def test_a_notice_is_begun_written_and_published_from_the_first_page_on(owner: Client, workspace: Any) -> None:
    pk = workspace.pk
    assert "No notices yet" in read(owner, pk)
    there = do(owner, pk, "/_new", {"key": "shoes", "title": "Shoes", "purposes": [MARKETING_EMAIL]})
    assert there == place(pk, "/shoes/edit")
    page = read(owner, pk, "/shoes/edit")
    assert page.count("must be said") == 4
    assert "It does not say: controller." in page
    there = do(owner, pk, "/shoes/edit", {**POSTED, "text": TEXT.replace("\n", "\r\n"), "language": "en", "seen": "", "do": "publish"})
    assert there == place(pk, "/shoes/publish")
    assert find_notice(pk, "shoes").drafts["en"] == {"text": TEXT, "says": SAYS}
    assert "as version 1" in read(owner, pk, "/shoes/publish")
    do(owner, pk, "/shoes/publish", {"after": "0", "material": "on"})
    assert load_catalog(pk).notices["shoes", "1", "en"].text_hash == hash_text(TEXT)
    page = read(owner, pk, "/shoes")
    assert hash_text(TEXT)[:12] in page
    assert "&lt;b&gt;about" in page
    assert "checked" not in page
    assert "as published" in read(owner, pk)
    assert written_down("notice.created") == [{"notice": "shoes"}]
    assert written_down("notice.published") == [{"notice": "shoes", "version": 1, "material": False}]


def test_what_a_draft_lacks_is_told_while_it_is_typed_and_nothing_is_kept(owner: Client, news: int) -> None:
    checked = do(owner, news, "/news/check", {**POSTED, "language": "de", "says_withdrawal": " "}, 200)
    assert "It does not say: withdrawal." in checked
    assert "<html" not in checked
    assert "It says what it must" in do(owner, news, "/news/check", {**POSTED, "language": "de"}, 200)
    assert "does not name the controller" in do(owner, news, "/news/check", {**POSTED, "text": "We write.", "language": "de"}, 200)
    assert list(find_notice(news, "news").drafts) == ["en"]


def test_what_a_purpose_needs_is_marked(owner: Client, news: int) -> None:
    terms = terms_of(find_purpose(news, MARKETING_EMAIL))
    revise_purpose(
        news, MARKETING_EMAIL, type(terms)(**{**_asdict(terms), "transfers": "USA, standard clauses"}), material=False, now=now_ms()
    )
    page = read(owner, news, "/news/edit")
    assert "a purpose has it" in page
    assert "It does not say: transfers." in page


def _asdict(terms: Any) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in terms.__struct_fields__}


def test_a_draft_that_somebody_else_saved_meanwhile_is_not_overwritten(owner: Client, news: int) -> None:
    said = do(owner, news, "/news/edit", {**POSTED, "text": "Mine. Acme Ltd", "language": "en", "seen": "stale"}, 409)
    assert "Somebody else saved this draft" in said
    assert "Mine. Acme Ltd" in said
    assert find_notice(news, "news").drafts["en"]["text"] == TEXT


@pytest.mark.parametrize("language", ["deutsch, bitte", "x" * 40, "de\0"])
def test_a_language_is_named_as_the_standard_says(owner: Client, news: int, language: str) -> None:
    assert owner.get(place(news, "/news/edit"), {"language": language}).status_code == 303
    assert list(find_notice(news, "news").drafts) == ["en"]


def test_a_language_is_added_and_given_up(owner: Client, news: int) -> None:
    assert 'lang="de"' in read(owner, news, "/news/edit?language=de")
    do(owner, news, "/news/edit", {"text": "Acme Ltd schreibt.", "language": "de", "seen": ""})
    page = read(owner, news, "/news?language=de")
    assert "It cannot be published like this" in page
    assert "Publish…" not in page
    assert "differs in de" in read(owner, news)
    assert "It does not say" in read(owner, news, "/news/publish")
    do(owner, news, "/news/publish", {"after": "1"}, 200)
    assert find_notice(news, "news").version == 1
    do(owner, news, "/news/drop", {"language": "fr"}, 404)
    do(owner, news, "/news/drop", {"language": "de"})
    assert list(find_notice(news, "news").drafts) == ["en"]


def test_two_versions_are_compared(owner: Client, news: int) -> None:
    save_draft(news, "news", "en", text=TEXT.replace("once", "twice"), says=SAYS)
    publish_notice(news, "news", material=False, now=now_ms())
    for rest in ("/news/versions/2", "/news/versions/1?language=en&with=2"):
        page = read(owner, news, rest)
        assert '<span class="removed"><span class="sign">-</span> Acme Ltd writes to you once' in page
        assert '<span class="added"><span class="sign">+</span> Acme Ltd writes to you twice' in page
    assert "This is the first version" in read(owner, news, "/news/versions/1")
    assert hash_text(TEXT) in read(owner, news, "/news/versions/1")
    for rest in ("/news/versions/3", "/news/versions/1?language=fr", "/news/versions/1?with=1", "/news/versions/1?with=x"):
        read(owner, news, rest, 404)


@pytest.mark.parametrize(("on_change", "told"), [("invalidate", "counts no more"), ("ask_again", "is asked again")])
def test_a_material_version_says_beforehand_whom_it_concerns(owner: Client, news: int, on_change: str, told: str) -> None:
    agree(news, "dana@example.com")
    terms = terms_of(find_purpose(news, MARKETING_EMAIL))
    revise_purpose(news, MARKETING_EMAIL, type(terms)(**{**_asdict(terms), "on_change": on_change}), material=False, now=now_ms())
    page = read(owner, news, "/news/publish")
    assert "1 person" in page
    assert told in page
    do(owner, news, "/news/publish", {"after": "1", "material": "on"})
    assert bool(load_catalog(news).purposes[MARKETING_EMAIL].material_since) == (on_change == "invalidate")
    assert written_down("notice.published") == [{"notice": "news", "version": 2, "material": True}]
    do(owner, news, "/news/publish", {"after": "1"})
    assert find_notice(news, "news").version == 2


def test_title_and_purposes_are_changed_and_the_key_stays(owner: Client, news: int) -> None:
    assert "News &amp; offers" in read(owner, news, "/news/about")
    do(owner, news, "/news/about", {"title": "News", "purposes": [PROFILING], "key": "other"})
    assert (find_notice(news, "news").title, find_notice(news, "news").purposes) == ("News", [PROFILING])
    assert "differs in en" in read(owner, news)
    do(owner, news, "/news/about", {"title": "", "purposes": [PROFILING]}, 422)
    do(owner, news, "/news/about", {"title": "News", "purposes": ["nothing"]}, 422)


@pytest.mark.parametrize("key", ["news", "_new", "a b", "", "x" * 65])
def test_a_key_is_plain_and_used_once(owner: Client, news: int, key: str) -> None:
    do(owner, news, "/_new", {"key": key, "title": "N", "purposes": [MARKETING_EMAIL]}, 422)
    assert Notice.objects.filter(workspace_id=news).count() == 1


def test_an_own_page_is_declared_with_the_words_of_the_controller_and_withdrawn(owner: Client, news: int) -> None:
    assert "No page is declared" in read(owner, news)
    source = {"shown": "news/1/en", "url": "https://acme.example/mail", "instruction": "Alice: an empty box."}
    for wrong in ({"shown": "news/2/en"}, {"url": "acme"}, {"url": "https://a@acme.example"}, {"instruction": " "}):
        do(owner, news, "/_source", {**source, **wrong}, 422)
    assert read_setting(news).source_notice == ""
    do(owner, news, "/_source", source)
    assert (read_setting(news).source_notice, read_setting(news).source_version) == ("news", 1)
    assert written_down("consent_source.declared") == [
        {"notice": "news", "version": 1, "language": "en", "url": source["url"], "instruction": source["instruction"]}
    ]
    page = read(owner, news)
    assert "“Alice: an empty box.”" in page
    assert "declare it anew" not in page
    publish_notice(news, "news", material=False, now=now_ms())
    assert "declare it anew" in read(owner, news)
    assert "https://acme.example/mail" in read(owner, news, "/_source/withdraw")
    do(owner, news, "/_source/withdraw", {})
    assert read_setting(news).source_notice == ""
    assert len(written_down("consent_source.withdrawn")) == 1


def test_that_people_depend_on_the_controller_is_stated(owner: Client, news: int) -> None:
    assert "News and offers by e-mail" in read(owner, news, "/_imbalance")
    do(owner, news, "/_imbalance", {"imbalance": "yes"})
    assert load_catalog(news).purposes[MARKETING_EMAIL].imbalance
    assert "no consent counts" in read(owner, news)
    do(owner, news, "/_imbalance", {"imbalance": "no"})
    assert written_down("imbalance.stated") == [{"imbalance": True}, {"imbalance": False}]


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_who_may_see_and_who_may_write(news: int, role: str) -> None:
    from troth.workspaces.models import Workspace

    client = join(Workspace.objects.get(pk=news), role)
    sees, writes = role != "viewer", role in ("owner", "privacy_officer")
    for rest in ("", "/news", "/news/versions/1"):
        answer = client.get(place(news, rest))
        assert answer.status_code == (200 if sees else 403)
        assert (b"data-dialog" in answer.content) is (writes and "version" not in rest)
    for rest in ("/_new", "/_source", "/_source/withdraw", "/_imbalance", "/news/edit", "/news/about", "/news/publish", "/news/drop"):
        assert client.get(place(news, rest)).status_code == (200 if writes else 403)
    assert client.post(place(news, "/news/publish"), {}).status_code == (303 if writes else 403)
    assert find_notice(news, "news").version == (2 if writes else 1)
