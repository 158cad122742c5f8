"""The room Inventory: what is stored, one item with its users, corrected by who may, and what was not declared."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.console.test_people import know
from tests.members import join
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.privacy.inventory.storing import count_all
from troth.workspaces.models import AuditEntry


@pytest.fixture
def officer(workspace: Any) -> Client:
    know(workspace, "dana", diagnosis="flu", plan="pro")
    count_all(now_ms())
    return join(workspace, "privacy_officer")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/inventory{rest}"


ITEM = "/item?kind=attribute&event=&name=diagnosis"


def test_the_room_lists_what_is_stored_and_narrows_it(officer: Client, workspace: Any) -> None:
    page = officer.get(path(workspace)).content.decode()
    assert "diagnosis" in page
    assert "special categories" in page
    assert "flu" not in page
    assert "plan" not in officer.get(path(workspace, "?category=special")).content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Nothing fits" in officer.get(path(workspace, "?name=nobody")).content.decode()


def test_a_category_is_corrected_and_the_alarm_ends(officer: Client, workspace: Any) -> None:
    assert "1 thing to mend" in officer.get(path(workspace, "/drift")).content.decode()
    assert "Rules told it" in officer.get(path(workspace, ITEM)).content.decode()
    officer.post(path(workspace, ITEM), {"category": "none"})
    assert "A member gave it" in officer.get(path(workspace, ITEM)).content.decode()
    assert "this is no alarm" in officer.get(path(workspace, "/drift")).content.decode()
    assert AuditEntry.objects.filter(action="inventory.corrected").count() == 1


@pytest.mark.usefixtures("officer")
def test_who_does_not_manage_purposes_corrects_nothing(workspace: Any) -> None:
    viewer = join(workspace, "viewer")
    viewer.post(path(workspace, ITEM), {"category": "none"})
    assert "Rules told it" in viewer.get(path(workspace, ITEM)).content.decode()
    assert viewer.get(path(workspace, "/item?kind=attribute&name=unknown")).status_code == 404
    assert viewer.get(path(workspace, "/item")).status_code == 302


def test_one_click_stops_collecting_another_resumes_it_and_what_is_stored_goes(officer: Client, workspace: Any) -> None:
    datum = {"kind": "attribute", "event": "", "name": "diagnosis"}
    assert "Stop collecting" in officer.get(path(workspace, "/unused")).content.decode()
    officer.post(path(workspace, "/unused/stop"), datum)
    know(workspace, "erin", diagnosis="cold")
    page = officer.get(path(workspace, "/unused")).content.decode()
    assert "Delete what is stored" in page
    assert '<td class="num" data-label="Dropped in 30 days">1</td>' in page
    asked = officer.get(path(workspace, "/unused/clear?kind=attribute&event=&name=diagnosis")).content.decode()
    assert "1 stored value is deleted for good" in asked
    officer.post(path(workspace, "/unused/clear"), datum)
    drain(now_ms())
    assert "1 record, " in " ".join(officer.get(path(workspace, "/unused")).content.decode().split())
    officer.post(path(workspace, "/unused/resume"), datum)
    assert "Nothing was stopped" in officer.get(path(workspace, "/unused")).content.decode()
    assert officer.get(path(workspace, "/unused/clear?kind=attribute&name=diagnosis")).status_code == 303
    viewer = join(workspace, "viewer")
    assert viewer.post(path(workspace, "/unused/stop"), datum).status_code == 403
    told = AuditEntry.objects.filter(action__startswith="collecting.").values_list("action", flat=True)
    assert set(told) == {"collecting.stopped", "collecting.cleared", "collecting.resumed"}
