"""The page that tells why: found from the person, the campaign and the message, and written to the audit log."""

from __future__ import annotations

from typing import Any

from tests.campaigns.town import Town
from tests.members import join
from troth.messages.models import Message
from troth.people.lookup import find_person
from troth.workspaces.models import AuditEntry


def test_why_is_searched_by_person_and_campaign(workspace: Any) -> None:
    town = Town(workspace)
    own = town.campaign(conditions={"property": "plan", "op": "equals", "value": "pro"})
    ann = town.person("ann")
    town.does(ann, "bought", plan="free")
    town.does(ann, "bought", at=town.now - 1, plan="pro")
    town.later()
    marketer = join(workspace, "marketer")
    base = f"/console/{workspace.pk}"
    page = marketer.get(f"{base}/why?person=ann@example.com&campaign={own.pk}").content.decode()
    assert "plan was “free”, and has to be: equals “pro”" in page
    assert "It was handed over." in page
    subject = find_person(workspace.pk, "ann")
    assert AuditEntry.objects.filter(action="why.asked", person_id=subject.person_id).count() == 1
    assert f"{base}/why?person=person:{subject.person_id}" in marketer.get(f"{base}/people/{subject.person_id}").content.decode()
    assert 'id="why-person"' in marketer.get(f"{base}/campaigns/{own.pk}").content.decode()
    message = Message.objects.get()
    assert f"campaign={own.pk}" in marketer.get(f"{base}/outbox/{message.message_id}").content.decode()
    assert "Nobody in this workspace" in marketer.get(f"{base}/why?person=nobody@example.com&campaign={own.pk}").content.decode()
    assert "There is no such campaign" in marketer.get(f"{base}/why?person=ann&campaign=999").content.decode()
    assert "Name a person" in marketer.get(f"{base}/why").content.decode()
    everywhere = marketer.get(f"{base}/why?person=ann").content.decode()
    assert f"campaign={own.pk}" in everywhere
    assert "Now they would get it, if it is triggered." in everywhere
    assert join(workspace, "viewer").get(f"{base}/why").status_code == 403
