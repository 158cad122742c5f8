"""Consents: found among many, each with the words that were seen, what it failed and its place in the ledger; recorded by staff only with proof."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from tests.members import join
from troth.consent.catalog import MARKETING_EMAIL, PROFILING
from troth.consent.decisions import decide_for
from troth.consent.evidence import hash_text
from troth.consent.gate import Operation
from troth.consent.ledger.log import append_for
from troth.consent.models import Record
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.consent.purposes import PurposeTerms, create_purpose
from troth.console.consents import reading
from troth.intake.commands import Decide, Decision, Identify, Identity, Restrict
from troth.intake.door import apply
from troth.kernel.clock import DAY, iso, now_ms
from troth.people.lookup import find_person
from troth.workspaces.models import AuditEntry, Member, Role, User

TEXT = "Acme Ltd writes to you once a week <b>about</b> its shoes."
SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "e-mail address", "withdrawal": "link in every mail"}
SHOWN = {"notice_key": "news", "notice_version": 1, "language": "en", "default_state": "unchecked"}
DANA = "dana@example.com"


@pytest.fixture
def officer(workspace: Any) -> Client:
    return join(workspace, "privacy_officer")


@pytest.fixture
def acme(workspace: Any) -> int:
    """A workspace with a published notice, and Dana, who has said nothing yet."""
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text=TEXT, says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=now_ms() - 30 * DAY)
    know(workspace.pk, DANA)
    pk: int = workspace.pk
    return pk


def know(workspace_id: int, email: str) -> int:
    now = now_ms()
    apply([Identify(workspace_id=workspace_id, source="api", received_at=now, identity=Identity(email=email))], now=now)
    return find_person(workspace_id, email).person_id


def say(workspace_id: int, decision: Decision, evidence: dict[str, Any] | None = None, **more: Any) -> int:
    """Decide as Dana, or as somebody else; the id of the newest record."""
    now = now_ms()
    email = more.pop("email", DANA)
    person_id = know(workspace_id, email)
    about = {"purpose": MARKETING_EMAIL, "source": "api", "workspace_id": workspace_id, "received_at": now, **more}
    apply([Decide(identity=Identity(email=email), decision=decision, evidence=evidence or {}, **about)], now=now)
    return Record.objects.filter(bucket=person_id % 4096, person_id=person_id).latest("record_id").record_id


def read(client: Client, workspace_id: int, rest: str = "", status: int = 200, **asked: Any) -> str:
    answer = client.get(f"/console/{workspace_id}/consents{rest}", asked)
    assert answer.status_code == status
    return answer.content.decode()


def listed(page: str) -> list[int]:
    import re

    return [int(found) for found in re.findall(r"/consents/(\d+)\"", page)]


def test_records_are_found_by_whom_what_how_and_when(officer: Client, acme: int) -> None:
    assert "No records yet" in read(officer, acme)
    proven = say(acme, Decision.GRANT, SHOWN)
    bare = say(acme, Decision.GRANT, {}, source="vero", email="bare@example.com")
    gone = say(acme, Decision.WITHDRAW, purpose=PROFILING)
    assert listed(read(officer, acme)) == [gone, bare, proven]
    today, tomorrow = iso(now_ms())[:10], iso(now_ms() + DAY)[:10]
    asked: dict[str, Any]
    for asked, found in (
        ({"person": DANA}, [gone, proven]),
        ({"purpose": PROFILING}, [gone]),
        ({"decision": "grant"}, [bare, proven]),
        ({"valid": "yes"}, [proven]),
        ({"valid": "no"}, [bare]),
        ({"rule": "C01"}, [bare]),
        ({"rule": "C05"}, []),
        ({"source": "vero"}, [bare]),
        ({"notice": "news"}, [proven]),
        ({"from": today, "to": today}, [gone, bare, proven]),
        ({"from": tomorrow}, []),
        ({"to": iso(now_ms() - DAY)[:10]}, []),
        ({"person": DANA, "decision": "withdraw", "valid": "yes"}, [gone]),
    ):
        assert listed(read(officer, acme, "", 200, **asked)) == found, asked
    wrong: dict[str, Any]
    for wrong in ({"person": "nobody@example.com"}, {"decision": "x"}, {"rule": "C99"}, {"source": "x"}, {"valid": "x"}, {"from": "x"}):
        page = read(officer, acme, "", 200, **wrong)
        assert listed(page) == []
        assert "notice warn" in page
    assert read(officer, acme, notice="\0", purpose="\0")


def test_many_records_come_page_by_page_and_a_page_looks_through_so_many_at_most(
    officer: Client, acme: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    ids = [say(acme, Decision.WITHDRAW if number % 5 else Decision.GRANT, SHOWN, email=f"{number}@example.com") for number in range(12)][
        ::-1
    ]

    def walk(**asked: Any) -> list[list[int]]:
        pages: list[list[int]] = []
        while True:
            page = read(officer, acme, "", 200, **asked)
            pages.append(listed(page))
            older = re.search(r"before=(\d+)", page)
            if older is None:
                return pages
            asked["before"] = older[1]

    monkeypatch.setattr(reading, "SHOWN", 5)
    assert walk() == [ids[:5], ids[5:10], ids[10:]]
    monkeypatch.setattr(reading, "WINDOW", 7)
    granted = [ids[1], ids[6], ids[11]]
    assert walk(decision="grant") == [granted[:2], granted[2:]]
    assert "looked through" in read(officer, acme, decision="grant")
    assert [found for page in walk(decision="object") for found in page] == []
    assert "No records fit" not in read(officer, acme, decision="object")


def test_a_record_shows_the_words_that_were_seen_and_that_it_counts(officer: Client, acme: int) -> None:
    record_id = say(acme, Decision.GRANT, {**SHOWN, "control_label": "Yes <please>"})
    page = read(officer, acme, f"/{record_id}")
    for told in ("It counts now", "&lt;b&gt;about", hash_text(TEXT), "Yes &lt;please&gt;", "ConsentGiven", "news, version 1", DANA):
        assert told in page
    assert "is appended within seconds" in page
    later = say(acme, Decision.WITHDRAW)
    assert f"/consents/{later}" in read(officer, acme, f"/{record_id}")
    assert "Art. 7(3)" in read(officer, acme, f"/{later}")
    history = officer.get(f"/console/{acme}/people/{find_person(acme, DANA).person_id}").content.decode()
    assert f"/consents/{record_id}" in history
    own = say(acme, Decision.GRANT, {"notice": "May we write?", "default_state": "unchecked"}, email="other@example.com")
    assert "May we write?" in read(officer, acme, f"/{own}")


def test_a_record_tells_which_rules_it_failed_and_how_to_mend_it(officer: Client, acme: int) -> None:
    page = read(officer, acme, f"/{say(acme, Decision.GRANT)}")
    assert "It permits nothing" in page
    assert "C01" in page
    assert "Send the text shown as “notice”" in page
    terms = PurposeTerms(name="Customers", legal_basis="legitimate_interest", is_marketing=True, soft_opt_in=True)
    create_purpose(acme, "customers", terms, now=now_ms())
    page = read(officer, acme, f"/{say(acme, Decision.SOFT_OPT_IN, {'sale': '7'}, purpose='customers')}")
    assert "S04" in page
    assert "S02" not in page
    assert "Directive 2002/58/EC" in page


def test_a_record_that_was_changed_is_not_what_the_ledger_says(officer: Client, acme: int) -> None:
    record_id = say(acme, Decision.GRANT, SHOWN)
    append_for(acme)
    page = read(officer, acme, f"/{record_id}")
    assert "as it was recorded" in page
    own = Record.objects.get(workspace_id=acme, record_id=record_id)
    Record.objects.filter(bucket=own.bucket, person_id=own.person_id, record_id=record_id).update(method="forged")
    assert "It is not what the ledger says" in read(officer, acme, f"/{record_id}")


def test_a_restriction_is_a_record_on_everything(officer: Client, acme: int) -> None:
    now = now_ms()
    apply([Restrict(workspace_id=acme, source="api", received_at=now, identity=Identity(email=DANA))], now=now)
    page = read(officer, acme)
    assert "everything" in page
    assert "Restriction: everything" in read(officer, acme, f"/{listed(page)[0]}")
    record_id = say(acme, Decision.GRANT, SHOWN)
    assert "processing is restricted" in read(officer, acme, f"/{record_id}")


def test_what_was_refused_at_the_door_is_counted_by_rule_with_nobodys_data(officer: Client, acme: int) -> None:
    assert "Nothing was refused" in read(officer, acme, "/refused")
    before = Record.objects.filter(workspace_id=acme).count()
    for _again in range(3):
        now = now_ms()
        ticked = {**SHOWN, "default_state": "checked"}
        about: dict[str, Any] = {"workspace_id": acme, "source": "segment", "received_at": now, "identity": Identity(email=DANA)}
        apply([Decide(decision=Decision.GRANT, purpose=MARKETING_EMAIL, evidence=ticked, **about)], now=now)
    page = read(officer, acme, "/refused")
    assert Record.objects.filter(workspace_id=acme).count() == before
    assert '<span class="mono">C01</span>' in page
    assert '<span class="num">3</span>' in page
    assert DANA not in page


def form(**changed: str) -> dict[str, str]:
    """As posted by somebody who holds a signed form."""
    return {
        "purpose": MARKETING_EMAIL,
        "shown": "news/1/en",
        "control_kind": "signature",
        "artefact": "Binder 7, sheet 12",
        "decided_at": iso(now_ms() - DAY)[:16],
        "note": "At the fair",
        **changed,
    }


def record_for(client: Client, workspace_id: int, data: dict[str, str], status: int) -> str:
    person_id = find_person(workspace_id, DANA).person_id
    answer = client.post(f"/console/{workspace_id}/people/{person_id}/consent", data)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_staff_record_a_consent_with_what_the_person_signed(officer: Client, acme: int) -> None:
    record_for(officer, acme, form(), 303)
    subject = find_person(acme, DANA)
    own = Record.objects.get(bucket=subject.bucket, person_id=subject.person_id)
    assert (own.valid, own.state, own.notice_hash, own.source) == (True, "ConsentGiven", hash_text(TEXT), "console")
    assert own.evidence["artefact"] == "Binder 7, sheet 12"
    assert own.at // 60_000 == (now_ms() - DAY) // 60_000
    assert decide_for(subject, MARKETING_EMAIL, Operation.MESSAGE, now_ms()).allow
    entry = AuditEntry.objects.get(action="consent.recorded")
    assert (entry.person_id, entry.detail) == (subject.person_id, {"purpose": MARKETING_EMAIL, "notice": "news/1/en"})
    assert "Binder 7, sheet 12" in read(officer, acme, f"/{own.record_id}")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"artefact": " "}, "C11"),
        ({"purpose": PROFILING}, "C05"),
        ({"decided_at": "2020-01-01T10:00"}, "C16"),
        ({"decided_at": "2099-01-01T10:00"}, "C16"),
        ({"shown": "news/2/en"}, ""),
        ({"control_kind": "silence"}, ""),
        ({"decided_at": "yesterday"}, ""),
        ({"purpose": "service"}, ""),
    ],
)
def test_without_its_proof_a_consent_is_refused_with_the_rule_and_not_recorded(
    officer: Client, acme: int, changed: dict[str, str], rule: str
) -> None:
    said = record_for(officer, acme, form(**changed), 422)
    assert rule in said
    assert "Art. 7(1)" in said or rule != "C11"
    assert not Record.objects.filter(workspace_id=acme).exists()
    assert not AuditEntry.objects.filter(action="consent.recorded").exists()


def test_an_older_paper_does_not_outweigh_what_the_person_said_since(officer: Client, acme: int) -> None:
    say(acme, Decision.WITHDRAW)
    assert "C07" in record_for(officer, acme, form(), 422)


def test_a_special_category_has_to_be_named(officer: Client, acme: int) -> None:
    create_purpose(acme, "health", PurposeTerms(name="Health tips", special_category=True), now=now_ms())
    save_notice(acme, "news", title="News", purposes=["health"])
    publish_notice(acme, "news", material=False, now=now_ms() - 2 * DAY)
    assert "C09" in record_for(officer, acme, form(purpose="health", shown="news/2/en"), 422)
    record_for(officer, acme, form(purpose="health", shown="news/2/en", explicit="on"), 303)


def test_a_paper_from_before_is_recorded_with_its_own_words(officer: Client, workspace: Any) -> None:
    know(workspace.pk, DANA)
    assert "C04" in record_for(officer, workspace.pk, form(shown=""), 422)
    words = "I agree to get news from Acme by e-mail."
    record_for(officer, workspace.pk, form(shown="", words=words, decided_at="2019-05-01T10:00"), 303)
    own = Record.objects.get(workspace_id=workspace.pk)
    assert (own.valid, own.notice, own.notice_hash) == (True, "", hash_text(words))
    assert words in read(officer, workspace.pk, f"/{own.record_id}")


def test_words_that_are_not_those_of_the_notice_are_refused(officer: Client, acme: int) -> None:
    assert "C04" in record_for(officer, acme, form(words="Something else."), 422)


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_who_may_see_records_and_who_may_record(workspace: Any, acme: int, role: str) -> None:
    client = join(workspace, role)
    record_id = say(acme, Decision.GRANT, GIVEN)
    sees, records = role != "viewer", role in ("owner", "marketer", "privacy_officer")
    for rest in ("", f"/{record_id}", "/refused"):
        read(client, acme, rest, 200 if sees else 403)
    record_for(client, acme, form(), 303 if records else 403)


def test_each_look_is_written_down_with_the_person(officer: Client, acme: int) -> None:
    from troth.workspaces.registry import create_workspace

    record_id, person_id = say(acme, Decision.GRANT, SHOWN), find_person(acme, DANA).person_id
    read(officer, acme)
    read(officer, acme, person=DANA)
    read(officer, acme, f"/{record_id}")
    written = AuditEntry.objects.order_by("entry_id").values_list("action", "person_id")
    assert list(written) == [("consent.list", 0), ("consent.list", person_id), ("consent.read", person_id)]
    other = create_workspace("Other").workspace
    Member.objects.create(user=User.objects.get(), workspace=other, role="owner")
    read(officer, other.pk, f"/{record_id}", 404)
    assert listed(read(officer, other.pk, person=f"person:{person_id}")) == []


def test_the_receipt_is_a_page_for_an_authority_and_handing_it_out_is_noted(officer: Client, acme: int) -> None:
    record_id = say(acme, Decision.GRANT, {**SHOWN, "control_kind": "checkbox"})
    assert f"/consents/{record_id}/receipt" in read(officer, acme, f"/{record_id}")
    kept = officer.get(f"/console/{acme}/consents/{record_id}/receipt")
    assert kept["Content-Disposition"] == f'attachment; filename="receipt-{record_id}.html"'
    assert "/p/" not in kept.content.decode().partition('id="held"')[2], "the person's own link is theirs alone"
    assert AuditEntry.objects.filter(action="consent.read").count() == 2
    assert officer.get(f"/console/{acme}/consents/1/receipt").status_code == 404
