"""A list that a member sees counts, in a breach, as whom it showed."""

from __future__ import annotations

from typing import Any

from bench.console_pages import list_routes
from tests.members import join
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.breaches.affected import OPENED_ALL, Affected, count_affected
from troth.privacy.breaches.register import record_breach
from troth.privacy.breaches.touched import TouchedList
from troth.segments.computing import compute_due
from troth.segments.registry import create_segment
from troth.workspaces.audit import read_entries
from troth.workspaces.models import ShownPeople

NAMES = ("ada", "bob", "cy")


def people_of(workspace: Any) -> dict[str, int]:
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    for name in NAMES:
        identity = Identity(external_id=name, email=f"{name}@example.com")
        apply([Identify(identity=identity, attributes={"plan": "pro" if name == "ada" else "free"}, **common)], now=now_ms())
    apply([Decide(identity=Identity(external_id="bob"), decision=Decision.WITHDRAW, purpose="marketing_email", **common)], now=now_ms())
    return {name: find_person(workspace.pk, name).person_id for name in NAMES}


def test_each_list_counts_as_the_persons_on_its_page_each_once(workspace: Any) -> None:
    who, member = people_of(workspace), join(workspace, "owner")
    here = f"/console/{workspace.pk}"
    segment = create_segment(
        workspace.pk, name="Pro", definition={"attribute": "plan", "op": "equals", "value": "pro"}, purpose="service", now=now_ms()
    )
    while compute_due(now_ms()):
        pass
    shows: dict[str, tuple[str, ...]] = {
        f"{here}/people?q=ada": ("ada",),
        f"{here}/people": NAMES,
        f"{here}/segments/{segment.pk}/members": ("ada",),
        f"{here}/consents": ("bob",),
        f"{here}/search?q=cy@ex": ("cy",),
        f"{here}/outbox": (),
        f"{here}/desk": (),
        f"{here}/live": (),
        f"{here}/repermission/lacking/marketing_email": ("ada", "cy"),
    }
    for page, names in shows.items():
        began = now_ms()
        assert member.get(page).status_code == 200, page
        entry = read_entries(workspace.pk)[0]
        assert entry.action in OPENED_ALL, page
        assert ShownPeople.objects.get(entry_id=entry.entry_id).number == len(names), page
        assert count_affected(workspace.pk, began, now_ms() + 1) == Affected(len(names), 1, 0, 0), page
    everything = count_affected(workspace.pk, 0, now_ms() + 1)
    assert (everything.people, everything.records, everything.lists) == (len(NAMES), len(shows), 0)
    breach = record_breach(workspace.pk, {"title": "An account was taken over", "began_at": 1}, user_id=0, now=now_ms())
    assert {one.person_id for one in TouchedList(breach, now=now_ms())} == set(who.values())


def test_what_is_refused_or_shown_as_a_pseudonym_shows_nobody(workspace: Any) -> None:
    people_of(workspace)
    marketer, viewer = join(workspace, "marketer"), join(workspace, "viewer")
    workspace.glass_roles = ["marketer"]
    workspace.save()
    for client in (marketer, viewer):
        assert client.get(f"/console/{workspace.pk}/people").status_code == 403
    assert not ShownPeople.objects.exists()


def test_no_further_page_shows_many() -> None:
    """Whoever adds one has it say whom it shows, and adds it above."""
    many = {view.__name__ for _, route, view in list_routes() if getattr(view, "audit", "") in OPENED_ALL}
    assert many == {"people", "members", "consents", "outbox", "desk", "live", "stream", "lacking", "person_options"}
