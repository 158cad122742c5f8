"""Purposes: listed with who stands where, written and revised with what a change does, assigned, archived; each act is written down."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.console.test_notices import agree, written_down
from tests.members import join
from troth.consent.catalog import MARKETING_EMAIL, SERVICE, load_catalog
from troth.consent.purposes import PurposeTerms, archive_purpose, assign, create_purpose, find_purpose, list_versions, terms_of
from troth.console import reach
from troth.console.purposes.wording import list_changes
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms

NEWS = {
    "name": "News by post",
    "legal_basis": "consent",
    "is_marketing": "on",
    "data_categories": "address\r\nname\r\naddress",
    "retention": "36 months",
    "consent_lasts": "P24M",
    "on_change": "invalidate",
    "description_en": "We send you\r\na letter.",
}


@pytest.fixture
def owner(workspace: Any) -> Client:
    return join(workspace, "owner")


def place(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/purposes{rest}"


def read(client: Client, workspace: Any, rest: str = "", status: int = 200) -> str:
    answer = client.get(place(workspace, rest))
    assert answer.status_code == status
    return unescape(answer.content.decode())


def do(client: Client, workspace: Any, rest: str, data: dict[str, Any], status: int = 303) -> str:
    answer = client.post(place(workspace, rest), data)
    assert answer.status_code == status, answer.content.decode()[:2_000]
    return answer.headers.get("Location", "") or unescape(answer.content.decode())


def posted(workspace: Any, key: str = MARKETING_EMAIL, **changed: Any) -> dict[str, Any]:
    """The form of a purpose as a browser would post it unchanged, and what was changed."""
    own = find_purpose(workspace.pk, key)
    terms = terms_of(own)
    flags = {name: "on" for name in ("is_marketing", "special_category", "double_opt_in", "soft_opt_in") if getattr(terms, name)}
    texts = {name: getattr(terms, name) for name in ("name", "legal_basis", "retention", "transfers", "consent_lasts", "on_change")}
    lines = {name: "\r\n".join(getattr(terms, name)) for name in ("data_categories", "recipients")}
    words = {f"description_{language}": text for language, text in terms.description.items()}
    given = {**texts, **lines, **words, **flags, "after": str(own.version), **changed}
    return {name: value for name, value in given.items() if value is not None}


def refuse(workspace: Any, email: str) -> None:
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms(), "identity": Identity(email=email)}
    apply([Decide(decision=Decision.WITHDRAW, purpose=MARKETING_EMAIL, **about)], now=now_ms())


def test_the_list_tells_what_each_purpose_rests_on_and_who_stands_where(owner: Client, workspace: Any) -> None:
    agree(workspace.pk, "dana@example.com")
    agree(workspace.pk, "erin@example.com")
    agree(workspace.pk, "finn@example.com")
    refuse(workspace, "finn@example.com")
    assign(workspace.pk, "event", "viewed", MARKETING_EMAIL)
    row = next(row for row in read(owner, workspace).split("<tr") if f'"{place(workspace, "/marketing_email")}"' in row)
    assert "consent, Art. 6(1)(a)" in row
    assert "marketing</span>" in row.replace("\n", "")
    assert re.findall(r">(\d+)</td>", row) == ["1", "1", "2", "1"]
    assert "contract, Art. 6(1)(b)" in read(owner, workspace)
    assert "Archived" not in read(owner, workspace)


def test_many_are_estimated_from_a_sample(owner: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        agree(workspace.pk, f"p{number}@example.com")
    monkeypatch.setattr(reach, "FEW_PEOPLE", 5)
    monkeypatch.setattr(reach, "SAMPLE", 1024)
    assert "about" in read(owner, workspace)
    assert "about" in read(owner, workspace, "/marketing_email")


def test_a_purpose_is_created_as_entered(owner: Client, workspace: Any) -> None:
    assert "Art. 6(1)(f)" in read(owner, workspace, "/_new")
    assert do(owner, workspace, "/_new", {**NEWS, "key": "post"}) == place(workspace, "/post")
    own = find_purpose(workspace.pk, "post")
    assert (own.version, own.data_categories, own.retention, own.consent_lasts) == (1, ["address", "name"], "P36M", "P24M")
    assert own.description == {"en": "We send you\na letter."}
    page = read(owner, workspace, "/post")
    assert "36 months" in page
    assert "24 months" in page
    assert "as it was created" in page
    assert written_down("purpose.created") == [{"purpose": "post"}]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "This field is required."),
        ("key", "two words", "the key of a purpose has letters, digits"),
        ("key", MARKETING_EMAIL, "there is a purpose of this key"),
        ("retention", "for ever", "A duration is written as ISO 8601 says"),
        ("consent_lasts", "P900Y", "at most 200 years"),
        ("legal_basis", "because", "Select a valid choice"),
        ("soft_opt_in", "on", "only marketing on a legitimate interest"),
        ("recipients", "x" * 201, "At most 200 lines of 200 characters."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(owner: Client, workspace: Any, field: str, value: str, says: str) -> None:
    page = do(owner, workspace, "/_new", {**NEWS, "key": "post", field: value}, 422)
    error = page.split(f'id="id_{field}_error"', 1)[1].split("</div>", 1)[0]
    assert says in error
    assert written_down("purpose.created") == []


def test_a_language_is_added_without_a_script_and_nothing_is_lost(owner: Client, workspace: Any) -> None:
    page = do(owner, workspace, "/_new", {**NEWS, "name": "", "key": "post", "do": "language", "language": "de"}, 200)
    assert 'name="description_de"' in page
    assert "We send you" in page
    assert "required." not in page
    assert 'name="description_fr"' in do(owner, workspace, "/_new", {**NEWS, "key": "post", "language": "fr"}, 200)
    assert "written as en, de" in do(owner, workspace, "/_new", {**NEWS, "do": "language", "language": "?"}, 422)
    do(owner, workspace, "/marketing_email/edit", posted(workspace, description_de="Neues.", do="save"))
    assert find_purpose(workspace.pk, MARKETING_EMAIL).description == {"de": "Neues."}


def test_a_material_change_says_whose_consent_it_ends_before_it_does(owner: Client, workspace: Any) -> None:
    for name in ("dana", "erin"):
        agree(workspace.pk, f"{name}@example.com")
    data = posted(workspace, recipients="Printers Ltd")
    page = do(owner, workspace, "/marketing_email/edit", data, 200)
    assert "as version 2" in page
    assert "Recipients: Printers Ltd" in page
    assert "This change is material" in page
    assert "2 persons who agreed before will count no more" in page
    assert find_purpose(workspace.pk, MARKETING_EMAIL).version == 1
    assert 'name="recipients" value="Printers Ltd"' in page
    assert "Printers Ltd</textarea>" in do(owner, workspace, "/marketing_email/edit", {**data, "do": "edit"}, 200)
    do(owner, workspace, "/marketing_email/edit", {**data, "do": "save"})
    assert find_purpose(workspace.pk, MARKETING_EMAIL).material_since > 0
    assert written_down("purpose.revised") == [{"purpose": MARKETING_EMAIL, "version": 2, "material": True}]
    page = read(owner, workspace, "/marketing_email")
    assert "Recipients: Printers Ltd" in page
    assert re.search(r"Counts now</dt><dd>0<", page)


def test_who_is_asked_again_counts_until_they_answer(owner: Client, workspace: Any) -> None:
    do(owner, workspace, "/marketing_email/edit", posted(workspace, on_change="ask_again", do="save"))
    agree(workspace.pk, "dana@example.com")
    page = do(owner, workspace, "/marketing_email/edit", posted(workspace, recipients="Printers Ltd"), 200)
    assert "1 person who agreed before will be asked again" in page


def test_better_wording_is_material_only_if_it_is_stated(owner: Client, workspace: Any) -> None:
    agree(workspace.pk, "dana@example.com")
    data = posted(workspace, description_en="News, weekly.")
    page = do(owner, workspace, "/marketing_email/edit", data, 200)
    assert 'name="material"' in page
    assert "1 person who agreed before will count no more" in page
    do(owner, workspace, "/marketing_email/edit", {**data, "do": "save"})
    assert find_purpose(workspace.pk, MARKETING_EMAIL).material_since == 0
    do(owner, workspace, "/marketing_email/edit", {**posted(workspace), "do": "save", "material": "on"})
    assert find_purpose(workspace.pk, MARKETING_EMAIL).material_since > 0
    assert [version.material for version in list_versions(workspace.pk, MARKETING_EMAIL)] == [True, False, False]


def test_saving_nothing_makes_no_version(owner: Client, workspace: Any) -> None:
    do(owner, workspace, "/marketing_email/edit", posted(workspace, do="save"))
    assert find_purpose(workspace.pk, MARKETING_EMAIL).version == 1
    assert written_down("purpose.revised") == []


def test_two_who_revise_at_once_do_not_overwrite_each_other(owner: Client, workspace: Any) -> None:
    stale = posted(workspace, name="Mine", do="save")
    do(owner, workspace, "/marketing_email/edit", posted(workspace, name="Theirs", do="save"))
    page = do(owner, workspace, "/marketing_email/edit", stale, 409)
    assert "Somebody else revised this purpose meanwhile" in page
    assert 'value="Mine"' in page
    assert find_purpose(workspace.pk, MARKETING_EMAIL).name == "Theirs"


def test_a_purpose_is_archived_only_when_nothing_belongs_to_it(owner: Client, workspace: Any) -> None:
    assign(workspace.pk, "event", "viewed", MARKETING_EMAIL)
    assert "Assign this to another purpose first" in read(owner, workspace, "/marketing_email/archive")
    do(owner, workspace, "/marketing_email/archive", {})
    assert not find_purpose(workspace.pk, MARKETING_EMAIL).archived
    assign(workspace.pk, "event", "viewed", SERVICE)
    assert "nothing is collected, profiled or sent" in read(owner, workspace, "/marketing_email/archive")
    do(owner, workspace, "/marketing_email/archive", {})
    assert find_purpose(workspace.pk, MARKETING_EMAIL).archived
    assert "Archived" in read(owner, workspace)
    assert "cannot be archived" in read(owner, workspace, "/service/archive")
    do(owner, workspace, "/marketing_email/restore", {})
    assert not find_purpose(workspace.pk, MARKETING_EMAIL).archived
    assert written_down("purpose.archived") == written_down("purpose.restored") == [{"purpose": MARKETING_EMAIL}]


def test_what_nobody_assigned_stands_on_top_and_many_are_assigned_at_once(owner: Client, workspace: Any) -> None:
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    names = ("viewed", "bought", "left")
    apply([Track(name=name, ts=now_ms(), identity=Identity(email="dana@example.com"), **about) for name in names], now=now_ms())
    fold_inbox(now_ms())
    page = read(owner, workspace, "/_assignments")
    assert all(f'value="event:{name}"' in page.split('id="assigned"')[0] for name in names)
    assert "Provide the service" in page
    assert "event:bought" not in read(owner, workspace, "/_assignments?name=view")
    chosen = {"purpose": "behavioural_profiling", "thing": ["event:viewed", "event:left"], "kind": "event", "name": "Page  Closed"}
    do(owner, workspace, "/_assignments/assign", chosen)
    assert load_catalog(workspace.pk).events == dict.fromkeys(("viewed", "left", "page_closed"), "behavioural_profiling")
    unassigned, assigned = read(owner, workspace, "/_assignments").split('id="assigned"')
    assert "event:bought" in unassigned
    assert "event:viewed" in assigned
    assert "event:viewed" in read(owner, workspace, "/_assignments?purpose=behavioural_profiling")
    assert "event:viewed" not in read(owner, workspace, "/_assignments?purpose=service")
    assert "page_closed" in read(owner, workspace, "/behavioural_profiling")
    [told] = written_down("purpose.assigned")
    names = ["event left", "event page_closed", "event viewed"]
    assert told == {"purpose": "behavioural_profiling", "number": 3, "names": names, "before": dict.fromkeys(names, "")}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"purpose": SERVICE}, "Choose at least one"),
        ({"purpose": "nothing", "thing": "event:viewed"}, "Select a valid choice"),
        ({"purpose": SERVICE, "thing": "campaign:1"}, "This cannot be assigned"),
        ({"purpose": SERVICE, "thing": "event:" + "x" * 256}, "This cannot be assigned"),
    ],
)
def test_what_cannot_be_assigned_is_refused(owner: Client, workspace: Any, data: dict[str, str], says: str) -> None:
    assert says in do(owner, workspace, "/_assignments/assign", data, 422)
    assert load_catalog(workspace.pk).events == {}


def test_a_viewer_reads_and_a_privacy_officer_keeps_purposes(workspace: Any) -> None:
    viewer, officer = join(workspace, "viewer"), join(workspace, "privacy_officer")
    assert "New purpose" not in read(viewer, workspace)
    assert "Revise" not in read(viewer, workspace, "/marketing_email")
    read(viewer, workspace, "/marketing_email/edit", 403)
    assert 'type="checkbox"' not in read(viewer, workspace, "/_assignments")
    do(officer, workspace, "/_new", {**NEWS, "key": "post"})


def test_an_unknown_purpose_is_not_found(owner: Client, workspace: Any) -> None:
    for rest in ("/nothing", "/nothing/edit", "/nothing/archive", "/nothing/restore"):
        read(owner, workspace, rest, 404)


def test_changes_are_told_field_by_field() -> None:
    before = {"name": "News", "recipients": ["A"], "description": {"en": "x"}, "retention": "P1Y", "double_opt_in": False}
    after = {"name": "News", "recipients": ["A", "B"], "description": {"en": "y"}, "retention": "", "double_opt_in": True}
    assert list_changes(before, after) == [
        ("-", "Description: en: x"),
        ("+", "Description: en: y"),
        ("-", "Kept for: 1 year"),
        ("+", "Recipients: B"),
        ("-", "Confirmed by e-mail: no"),
        ("+", "Confirmed by e-mail: yes"),
    ]


def test_a_campaign_without_a_purpose_in_use_is_named(owner: Client, workspace: Any) -> None:
    from troth.campaigns.editing import create_campaign

    create_purpose(workspace.pk, "post", PurposeTerms(name="Post"), now=now_ms())
    create_campaign(workspace.pk, name="Letters", trigger_event="bought", purpose="post", subject="Hello", html="<p>Hello</p>")
    assert "Letters" in read(owner, workspace, "/post")
    assert "Letters" in read(owner, workspace, "/post/archive")
    archive_purpose(workspace.pk, "post", now=1)
    assert "Letters" in read(owner, workspace, "/_assignments")
