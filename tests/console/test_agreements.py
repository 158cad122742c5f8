"""The room Agreements."""

from __future__ import annotations

from typing import Any

from tests.members import join
from troth.kernel.clock import now_ms
from troth.workspaces.agreements.registry import Kind, list_acceptances, newest_version
from troth.workspaces.audit import record_access


def place(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/agreements{rest}"


def test_an_owner_reads_accepts_and_takes_away(workspace: Any) -> None:
    owner = join(workspace, "owner")
    assert "not yet" in owner.get(place(workspace)).content.decode()
    page = owner.get(place(workspace, "/dpa/accept"))
    assert "On instructions only" in page.content.decode()
    posted = {"name": "Ada", "function": "director", "digest": newest_version(Kind.DPA).digest}
    assert owner.post(place(workspace, "/dpa/accept"), posted).status_code == 422  # the box is not ticked
    assert owner.post(place(workspace, "/dpa/accept"), {**posted, "authority": "on"}).status_code == 303
    (accepted,) = list_acceptances(workspace.pk, Kind.DPA)
    assert (accepted.name, accepted.function) == ("Ada", "director")
    pdf = owner.get(place(workspace, "/dpa/pdf"))
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_a_privacy_officer_reads_and_cannot_accept(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    assert "Accept" not in officer.get(place(workspace, "/dpa")).content.decode().partition("<main")[2].partition("columns")[0]
    posted = {"name": "Ada", "function": "officer", "digest": newest_version(Kind.DPA).digest, "authority": "on"}
    answer = officer.post(place(workspace, "/dpa/accept"), posted)
    assert (answer.status_code, list_acceptances(workspace.pk, Kind.DPA)) == (422, [])


def test_instructions_are_what_members_set_up_and_not_what_they_looked_at(workspace: Any) -> None:
    for action in ("purpose.created", "person.read", "campaign.published", "segment.why"):
        record_access(workspace.pk, user_id=1, role="owner", action=action, at=now_ms())
    page = join(workspace, "owner").get(place(workspace, "/instructions")).content.decode()
    assert ("created a purpose" in page, "published a campaign" in page) == (True, True)
    assert ("opened a person" in page, "asked why somebody" in page) == (False, False)
