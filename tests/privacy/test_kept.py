"""A legal hold against an erasure: the item alone is kept, sealed and apart, with ground and end; when it ends, it is erased by itself."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, iso, now_ms
from troth.kernel.personal_data import Subject, stores
from troth.kernel.worker import drain
from troth.people.lookup import find_people, find_person
from troth.privacy.backups.restore import restore_backup
from troth.privacy.backups.taking import create_backup
from troth.privacy.certificate import verify_certificate
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.erasure.kept import KeptUnknown, find_kept, list_kept, open_kept
from troth.privacy.erasure.kept_ending import end_due
from troth.privacy.erasure.restore_guard import is_behind
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.retention.holds import lift_hold, place_hold
from troth.privacy.retention.rules import RetentionInvalid
from troth.privacy.scanning.scanner import scan
from troth.privacy.searching.verification import verify_erasure
from troth.privacy.storage.ledger_file import entries

CONTRACT, PRICE, HOBBY = "contract-eva-9921", "price-eva-1188-euro", "hobby-eva-kite-surfing"
EMAIL = "eva.unique@example.com"
GROUND = "lawsuit of Eva about her contract"


@pytest.fixture
def eva(workspace: Any) -> Subject:
    """Somebody with a contract and a hobby, who bought something."""
    now = now_ms()
    who = Identity(external_id="eva-external-1", email=EMAIL)
    about: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now, "identity": who}
    apply(
        [
            Identify(attributes={"contract": CONTRACT, "hobby": HOBBY}, **about),
            Track(name="Bought", ts=now, properties={"price": PRICE, "hobby": HOBBY}, **about),
            Track(name="Looked", ts=now, properties={"hobby": HOBBY}, **about),
        ],
        now=now,
    )
    drain(now)
    return find_person(workspace.pk, EMAIL)


def hold(eva: Subject, until: int, **what: str) -> int:
    return place_hold(eva.workspace_id, person_id=eva.person_id, ground=GROUND, until=until, now=now_ms(), **what).hold_id  # type: ignore[arg-type]


def claims_of(request: PrivacyRequest) -> dict[str, Any]:
    request.refresh_from_db()
    return verify_certificate(request.certificate)


def test_only_the_item_that_is_held_is_kept_and_everything_else_is_erased(eva: Subject, data_dir: Path) -> None:
    until = now_ms() + DAY
    hold(eva, until, kind="attribute", name="contract", exception="legal_obligation")
    hold(eva, until, kind="property", event="bought", name="price")

    request = verify_erasure(erase_person(eva, now=now_ms(), source="cli"))

    assert request.state == RequestState.ERASED, request.steps
    assert scan([data_dir], [CONTRACT, PRICE, HOBBY, EMAIL, GROUND]).clean, "what is kept is sealed"
    assert not any(list(store.export(eva)) for store in stores())
    assert not find_people(eva.workspace_id, EMAIL)
    contract, price = (open_kept(item) for item in list_kept(eva.workspace_id))
    assert contract["data"]["people.person"][0]["attributes"] == {"contract": CONTRACT}
    assert [event["properties"] for event in price["data"]["people.events"]] == [{"price": PRICE}]
    assert contract["ground"] == GROUND and ["email", EMAIL] in contract["whose"]
    assert HOBBY not in json.dumps([contract, price])


def test_certificate_and_evidence_name_item_ground_and_end_and_no_word_of_the_case(eva: Subject) -> None:
    until = now_ms() + DAY
    hold(eva, until, kind="attribute", name="contract")
    request = erase_person(eva, now=now_ms(), source="cli")

    told = {
        "item": "attribute contract",
        "ground": "establishment, exercise or defence of legal claims (Art. 17(3)(e))",
        "until": iso(until),
    }
    claims = claims_of(request)
    assert claims["exempted"] == [told]
    assert "1 items are exempted" in claims["levels"][0]["detail"]
    evidence = make_evidence(request, now_ms())
    assert verify_certificate(evidence)["done"]["exempted"] == [told]
    assert GROUND not in request.certificate + evidence


def test_a_hold_on_what_the_person_does_not_have_exempts_nothing(eva: Subject) -> None:
    hold(eva, now_ms() + DAY, kind="attribute", name="salary")
    place_hold(eva.workspace_id, kind="event", event="returned", ground="tax", until=now_ms() + DAY, now=now_ms())

    assert "exempted" not in claims_of(erase_person(eva, now=now_ms(), source="cli"))
    assert not list_kept(eva.workspace_id)


def test_a_hold_over_everybody_and_one_over_everything_keep_their_part(eva: Subject) -> None:
    place_hold(
        eva.workspace_id, kind="event", event="bought", ground="tax law", exception="legal_obligation", until=now_ms() + DAY, now=now_ms()
    )
    hold(eva, now_ms() + 2 * DAY)

    request = erase_person(eva, now=now_ms(), source="cli")

    assert {one["item"] for one in claims_of(request)["exempted"]} == {"event bought", "everything"}
    whole = next(open_kept(item) for item in list_kept(eva.workspace_id) if not item.kind)
    assert {"people.person", "people.events", "people.identifiers"} <= set(whole["data"])


def test_when_the_hold_is_over_the_rest_is_erased_by_itself_and_the_certificate_says_so(eva: Subject) -> None:
    until = now_ms() + DAY
    hold(eva, until, kind="attribute", name="contract")
    hold(eva, until + DAY, kind="event", event="bought")
    request = verify_erasure(erase_person(eva, now=now_ms(), source="cli"))
    assert end_due(until - 1) is False and len(list_kept(eva.workspace_id)) == 2

    end_due(until)

    claims = claims_of(request)
    assert [one["item"] for one in claims["exempted"]] == ["event bought"]
    assert claims["exemptions_ended"][0]["item"] == "attribute contract" and claims["exemptions_ended"][0]["erased_at"] == iso(until)
    assert [item.kind for item in list_kept(eva.workspace_id)] == ["event"]
    assert [entry.ended for entry in entries()] == [[], [("attribute", "", "contract")]]
    assert not is_behind()
    end_due(until + DAY)
    assert "exempted" not in claims_of(request) and not list_kept(eva.workspace_id)


def test_a_lifted_hold_ends_the_keeping_at_once(eva: Subject) -> None:
    now = now_ms()
    number = hold(eva, now + DAY, kind="attribute", name="contract")
    erase_person(eva, now=now, source="cli")

    lift_hold(eva.workspace_id, number, now)
    end_due(now)

    assert not list_kept(eva.workspace_id)


def test_a_restored_backup_keeps_what_is_held_and_no_more_after_the_hold_has_ended(eva: Subject) -> None:
    now = now_ms()
    backup = create_backup(now)
    hold(eva, now + DAY, kind="attribute", name="contract")
    hold(eva, now + 9 * DAY, kind="event", event="bought")
    erase_person(eva, now=now, source="cli")
    end_due(now + DAY)

    restore_backup(backup.name)

    assert not find_people(eva.workspace_id, EMAIL)
    assert [open_kept(item)["data"]["people.events"][0]["properties"]["price"] for item in list_kept(eva.workspace_id)] == [PRICE]
    request = PrivacyRequest.objects.get(source="ledger")
    assert [one["item"] for one in claims_of(request)["exempted"]] == ["event bought"]


def test_it_is_held_opened_and_ended_on_the_command_line(eva: Subject) -> None:
    def kept(*words: str) -> str:
        out = StringIO()
        call_command("privacy_kept", str(eva.workspace_id), *words, stdout=out)
        return out.getvalue()

    assert GROUND in kept("--hold", f"person={EMAIL}", "kind=attribute", "name=contract", f"ground={GROUND}", "until=2999-01-01")
    erase_person(eva, now=now_ms(), source="cli")
    line = kept()
    assert "attribute contract of request" in line and GROUND not in line
    number = line.split()[1]
    assert json.loads(kept("--open", number))["data"]["people.person"][0]["attributes"] == {"contract": CONTRACT}
    assert kept("--end", number) == ""
    with pytest.raises(KeptUnknown):
        find_kept(eva.workspace_id, int(number))
    with pytest.raises(RetentionInvalid, match="exception"):
        kept("--hold", "ground=x", "until=2999-01-01", "exception=because")
