"""The page on which a workspace tells everybody how it handles data."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from troth.consent.catalog import load_catalog
from troth.consent.models import LegalBasis, Purpose
from troth.kernel.clock import DAY, now_ms
from troth.pages.transparency import BASES, RIGHTS, WORDS
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.processors.register import register_processor
from troth.webhooks.editing import create_webhook
from troth.workspaces.models import Workspace


@pytest.fixture
def place(workspace: Any) -> str:
    Workspace.objects.filter(pk=workspace.pk).update(is_transparent=True, privacy_contact="dpo@acme.example")
    return f"/transparency/{workspace.pk}"


def ask(workspace: Any, right: str, number: int, days: int) -> None:
    now = now_ms()
    for _ in range(number):
        PrivacyRequest.objects.create(
            workspace_id=workspace.pk,
            type=right,
            state="done",
            source="api",
            received_at=now - 30 * DAY,
            due_at=now,
            closed_at=now - (30 - days) * DAY,
        )


def test_it_is_there_only_while_it_is_switched_on(client: Client, workspace: Any) -> None:
    assert client.get(f"/transparency/{workspace.pk}").status_code == 404
    Workspace.objects.update(is_transparent=True)
    assert client.get(f"/transparency/{workspace.pk}").status_code == 200
    assert client.get("/transparency/999").status_code == 404


def test_it_tells_purposes_with_their_basis_and_end(client: Client, workspace: Any, place: str) -> None:
    load_catalog(workspace.pk)
    Purpose.objects.filter(workspace_id=workspace.pk, key="marketing_email").update(
        retention="P2Y", recipients=["Mailer Ltd"], description={"en": "News about shoes"}
    )
    page = client.get(place, headers={"Accept-Language": "en"}).content.decode()
    for said in ("News about shoes", "2 years", "Mailer Ltd", "your consent", "dpo@acme.example", f"/my/of/{workspace.pk}"):
        assert said in page, said
    german = client.get(f"{place}?lang=de").content.decode()
    assert "Wofür sie gebraucht werden" in german and "2 Jahre" in german and "P2Y" not in german
    assert "Neuigkeiten und Angebote per E-Mail" in german and "News and offers" not in german
    Purpose.objects.filter(workspace_id=workspace.pk, key="marketing_email").update(name="Shoes, weekly")
    assert "Shoes, weekly" in client.get(f"{place}?lang=de").content.decode(), "what a workspace wrote stays as it wrote it"


def test_it_does_not_say_that_nobody_gets_what_somebody_gets(client: Client, workspace: Any, place: str) -> None:
    """Art. 13(1)(e), (f): what carries the messages of a purpose is its recipient, named by the register; while nobody named it nothing is claimed."""
    load_catalog(workspace.pk)

    def told_of(purpose: str) -> str:
        return client.get(f"{place}?lang=en").content.decode().partition(f"<strong>{purpose}</strong>")[2].partition("</li>")[0]

    hook, _secret = create_webhook(workspace.pk, url="https://crm.example/", types=["user_updated"], purpose="service", name="CRM", now=1)
    assert "nobody else" not in told_of("Provide the service") and "CRM" not in told_of("Provide the service")
    assert "nobody else" in told_of("News and offers by e-mail")
    said = {"name": "Crm Inc", "location": "USA", "transfer_tool": "scc_2", "webhooks": [hook.pk]}
    register_processor(workspace.pk, said, in_use=True, now=1)
    assert "Crm Inc</dd>" in told_of("Provide the service") and "Crm Inc (USA)" in told_of("Provide the service")


def test_few_requests_are_not_told_for_they_might_tell_of_somebody(client: Client, workspace: Any, place: str) -> None:
    ask(workspace, "access", 6, days=3)
    ask(workspace, "erasure", 4, days=1)
    page = client.get(f"{place}?lang=en").content.decode()
    assert "access: 6" in page
    assert "answered in 3.0 days" in page
    assert "erasure" not in page.partition("Requests of the last year")[2].partition("</ul>")[0]
    assert "Fewer than five" in page


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_has_every_word(language: str) -> None:
    assert WORDS[language].keys() == WORDS["en"].keys()
    assert BASES[language].keys() == set(LegalBasis.values)
    assert RIGHTS[language].keys() == RIGHTS["en"].keys() == set(RequestType.values)


def test_the_register_of_processors_is_a_feed_of_every_change_for_machines(client: Client, workspace: Any, place: str) -> None:
    from xml.etree import ElementTree as ET

    from troth.privacy.processors.register import change_processor, end_processor, object_to, settle_objection

    now = now_ms()
    secret = {"contact": "Ann, +49 30 1", "tia": "drawer 3", "dpa": "drawer 4"}
    own = register_processor(workspace.pk, {"name": "Mailer <Ltd>", "location": "Paris", "service": "mail", **secret}, in_use=True, now=now)
    change_processor(own, {"contact": "Bob"}, now=now + 1)
    change_processor(own, {"location": "Boston", "transfer_tool": "scc_2"}, now=now + 2)
    object_to(own, "We do not want that", now=now + 3)
    settle_objection(own, "We stay in Paris", now=now + 4)
    end_processor(own, now=now + 5)
    told = client.get(f"{place}/processors.json").json()
    assert [one["what"] for one in told["changes"]] == ["ended", "settled", "objected", "proposed", "registered"], (
        "a new contact is no change"
    )
    assert told["changes"][-1]["processor"]["location"] == "Paris" and told["changes"][0]["processor"]["location"] == "Boston"
    answer = client.get(f"{place}/processors.atom")
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    titles = [entry.findtext("{http://www.w3.org/2005/Atom}title") for entry in feed.iter("{http://www.w3.org/2005/Atom}entry")]
    assert titles[-1] == "Mailer <Ltd> is in use" and "you may object" in str(titles[-4 + 2])
    for hidden in ("Ann", "Bob", "drawer", "We do not want", "We stay in Paris"):
        assert hidden not in answer.content.decode() and hidden not in str(told)
    Workspace.objects.update(is_transparent=False)
    assert client.get(f"{place}/processors.json").status_code == 404


def test_the_page_names_the_companies_that_process_for_us(client: Client, workspace: Any, place: str) -> None:
    assert "processors.atom" not in client.get(place).content.decode()
    register_processor(workspace.pk, {"name": "Mailer Ltd", "location": "Paris", "service": "sends mail"}, in_use=True, now=now_ms())
    page = client.get(place, headers={"Accept-Language": "de"}).content.decode()
    assert "Mailer Ltd" in page and "sends mail · Paris" in page and f"{place}/processors.atom" in page
