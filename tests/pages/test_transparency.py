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
    for said in ("News about shoes", "P2Y", "Mailer Ltd", "your consent", "dpo@acme.example", f"/my/of/{workspace.pk}"):
        assert said in page, said
    assert "Wofür sie gebraucht werden" in client.get(f"{place}?lang=de").content.decode()


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
