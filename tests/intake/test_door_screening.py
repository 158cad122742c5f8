"""An erased person does not come back, in whatever clothes, and screening never becomes the way to stop the door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evidence import GIVEN
from tests.processor_time import least_cpu_seconds
from troth.intake.commands import ACCEPTED, DROPPED, Alias, Command, Decide, Decision, Delete, EditTags, Identify, Identity, Outcome, Track
from troth.intake.door import apply
from troth.intake.errors import DoorUnavailable
from troth.intake.models import InboxItem
from troth.intake.screening import find_addresses
from troth.intake.writer import Writer
from troth.kernel.clock import now_ms
from troth.people.lookup import find_people, find_person
from troth.people.models import Person, PersonState
from troth.people.queries import load_identifiers

NOW = now_ms()
ADDRESS = "dana.erased@example.com"
CHARLIE = Identity(external_id="charlie")


@pytest.fixture
def common(workspace: Any) -> dict[str, Any]:
    """Charlie lives, Dana was erased."""
    common = {"workspace_id": workspace.pk, "source": "segment", "received_at": NOW}
    dana = Identity(external_id="dana-1", email=ADDRESS)
    apply([Identify(identity=CHARLIE, **common), Identify(identity=dana, **common), Delete(identity=dana, **common)], now=NOW)
    return common


def say(*commands: Command) -> list[Outcome]:
    return apply(commands, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        "Dana.Erased@EXAMPLE.com",
        f"https://shop.example/welcome?email={ADDRESS}&plan=pro",
        "https://shop.example/welcome?email=dana.erased%40example.com",
        "https://shop.example/welcome?email=Dana.Erased%40Example.com#top",
        f"https://shop.example/invite/{ADDRESS}",
        f"mailto:{ADDRESS}",
        f"mailto:{ADDRESS}?subject=hello",
        f"Dana <{ADDRESS}>",
        f"a@example.org,{ADDRESS};b@example.org",
        f"write to {ADDRESS}.",
        f"({ADDRESS})",
        f"user={ADDRESS}|role=admin",
        f'{{"email":"{ADDRESS}"}}',
        "dana.erased\uff20example.com",
        "dana.erased@\uff45xample.com",
        "dana.erased+shop@example.com",
        f"first line\n{ADDRESS}\nthird line",
        f"\t{ADDRESS}\r\n",
        f"\x0b{ADDRESS}\x0c",
        f"*{ADDRESS}*",
        f"`{ADDRESS}`",
    ],
)
def test_an_erased_address_is_found_wherever_it_stands_in_a_text(common: dict[str, Any], text: str) -> None:
    outcomes = say(
        Track(identity=CHARLIE, name="seen", ts=NOW, properties={"deep": [{"note": text}]}, **common),
        Identify(identity=CHARLIE, attributes={"note": text}, **common),
        Track(identity=CHARLIE, name="seen", ts=NOW, attributes={"note": text}, **common),
    )

    assert [outcome.status for outcome in outcomes] == [DROPPED] * 3
    assert not InboxItem.objects.exists()


def test_it_is_found_among_keys_tags_names_and_evidence_too(common: dict[str, Any]) -> None:
    outcomes = say(
        Track(identity=CHARLIE, name="seen", ts=NOW, properties={ADDRESS: 1}, **common),
        Track(identity=CHARLIE, name=f"Invited {ADDRESS}", ts=NOW, **common),
        EditTags(identity=CHARLIE, add=(f"friend of {ADDRESS}",), **common),
        Decide(identity=CHARLIE, decision=Decision.GRANT, purpose="marketing_email", evidence={**GIVEN, "form": ADDRESS}, **common),
        Alias(identity=CHARLIE, previous=Identity(external_id=ADDRESS), **common),
        Alias(identity=Identity(external_id="fresh"), previous=Identity(email=ADDRESS), **common),
    )

    assert [outcome.status for outcome in outcomes] == [DROPPED] * 6
    assert Person.objects.filter(state=PersonState.ACTIVE).count() == 1
    assert len(load_identifiers([find_person(common["workspace_id"], "charlie").person_id]).popitem()[1]) == 1


def test_a_tag_may_be_removed_whatever_it_says(common: dict[str, Any]) -> None:
    assert say(EditTags(identity=CHARLIE, remove=(ADDRESS,), **common))[0].status == ACCEPTED


def test_a_withdrawal_counts_whatever_its_evidence_says(common: dict[str, Any]) -> None:
    said = Decide(identity=CHARLIE, decision=Decision.WITHDRAW, purpose="marketing_email", evidence={**GIVEN, "form": ADDRESS}, **common)
    assert say(said)[0].status == ACCEPTED


@pytest.mark.parametrize("back", [{"email": "Eve@Example.com"}, {"external_id": "EVE@example.com"}, {"email": "eve+shop@example.com"}])
def test_an_id_that_was_an_address_does_not_come_back_as_one(common: dict[str, Any], back: dict[str, Any]) -> None:
    eve = Identity(external_id="Eve@example.com")
    say(Identify(identity=eve, **common), Delete(identity=eve, **common))

    assert say(Identify(identity=Identity(**back), **common))[0].status == DROPPED


def test_an_address_that_somebody_living_has_too_stays_theirs(common: dict[str, Any]) -> None:
    eve, frank = Identity(external_id="eve@example.com", email="eve@example.com"), Identity(external_id="frank", email="eve@example.com")
    say(
        Identify(identity=eve, **common),
        Identify(identity=frank, **common),
        Delete(identity=Identity(external_id="eve@example.com"), **common),
    )

    assert say(Identify(identity=frank, attributes={"note": "eve@example.com"}, **common))[0].status == ACCEPTED
    assert say(Identify(identity=Identity(external_id="eve@example.com"), **common))[0].status == DROPPED


def test_ones_own_living_address_is_no_reason_to_be_dropped(common: dict[str, Any]) -> None:
    gone, living = "eve.n@gmail.com", "even@gmail.com"
    say(Identify(identity=Identity(external_id="living", email=living), **common))
    say(Identify(identity=Identity(external_id="gone", email=gone), **common), Delete(identity=Identity(external_id="gone"), **common))

    said = Identify(identity=Identity(external_id="living", email=living), attributes={"contact": living}, **common)
    assert say(said)[0].status == ACCEPTED


@pytest.mark.parametrize(
    "text", ["x" * 400_000 + " @", "x@" * 100_000, "@" * 400_000, "a@b." * 90_000, "%40" * 130_000, "a." * 200_000 + "@b.c"]
)
def test_no_text_makes_the_search_slow(text: str) -> None:
    assert least_cpu_seconds(lambda: find_addresses(text), enough=2) < 2


def test_the_last_of_many_addresses_is_screened_as_the_first(common: dict[str, Any]) -> None:
    crowd = [f"reader{number}@example.org" for number in range(3_000)]
    said = Track(identity=CHARLIE, name="exported", ts=NOW, properties={"to": [*crowd, ADDRESS]}, **common)
    assert say(said)[0].status == DROPPED


LOCALS = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=20).map(lambda text: text.strip(".") or "a")
BETWEEN = st.text(" ,;:<>()[]\"'|=&?/\n\t`*{}!", min_size=1, max_size=5)


@given(local=LOCALS, before=BETWEEN, after=BETWEEN, words=st.text("abc xyz", max_size=20))
def test_an_address_between_any_signs_is_found(local: str, before: str, after: str, words: str) -> None:
    assert f"{local}@example.com" in find_addresses(f"{words}{before}{local}@example.com{after}{words}")


TEXTS = st.text(max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_can_be_searched(text: str) -> None:
    assert all("@" in found for found in find_addresses(text + "@" + text))


def test_when_suppressions_cannot_be_read_the_door_says_so_and_writes_nothing(workspace: Any) -> None:
    say_hello = Identify(
        identity=Identity(external_id="1", email="a@example.com"), workspace_id=workspace.pk, source="segment", received_at=NOW
    )

    async def submit() -> None:
        writer = Writer()
        writer.start()
        try:
            await writer.submit([say_hello])
        finally:
            writer.stop()

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE consent_suppression RENAME TO out_of_reach")
        try:
            with pytest.raises(DoorUnavailable):
                asyncio.run(submit())
        finally:
            cursor.execute("ALTER TABLE out_of_reach RENAME TO consent_suppression")
    assert not Person.objects.exists()
    assert find_people(workspace.pk, "1") == []
