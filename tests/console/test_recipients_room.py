"""Recipients on a request's page: who was told, what they answered, and what members do about those who did not."""

from __future__ import annotations

import re
from typing import Any

from tests.members import join
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.disclosures.log import Went, note_disclosures
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models.disclosures import NoticeWay, RecipientNotice
from troth.privacy.processors.register import register_processor


def test_a_member_sees_who_owes_an_answer_and_records_what_was_heard(workspace: Any) -> None:
    now = now_ms()
    apply([Identify(identity=Identity(external_id="ann"), workspace_id=workspace.pk, source="api", received_at=now)], now=now)
    ann = find_person(workspace.pk, "ann")
    own = register_processor(workspace.pk, {"name": "Mailer Ltd", "channels": [9], "webhooks": [4]}, in_use=True, now=1)
    note_disclosures([Went(ann, "channel", 9, "Post office", "email", "service", now)])
    request = erase_person(ann, now=now, source="console")
    officer = join(workspace, "privacy_officer")
    page = f"/console/{workspace.pk}/desk/{request.pk}"
    told = officer.get(page).content.decode()
    assert "Mailer Ltd" in told and "for you to tell" in told and "1 recipient of the data owes an answer" in told
    found = re.search(rf'href="({page}/recipients/[^"]+)"', told)
    assert found
    detail = found[1]
    assert "No way is set" in officer.get(detail).content.decode()
    assert "set one in the register" in officer.post(f"{detail}/act", {"act": "again"}, follow=True).content.decode()

    entry = f"/console/{workspace.pk}/processors/entry?id={own.pk}"
    assert "Told of corrections" in officer.get(entry).content.decode()
    way = f"/console/{workspace.pk}/processors/way"
    wrong = officer.post(way, {"id": str(own.pk), "way": "mail", "address": "nobody"}, follow=True).content.decode()
    assert "the mail address of whoever answers" in wrong
    secret = {"id": str(own.pk), "way": "opendsr", "address": "https://opendsr.mailer.example/v2/", "authorization": "Bearer hidden-secret"}
    kept_page = officer.post(way, secret, follow=True).content.decode()
    assert "Kept." in kept_page, kept_page[-3000:]
    kept = NoticeWay.objects.get()
    assert (kept.address, kept.domain) == ("https://opendsr.mailer.example/v2", "opendsr.mailer.example")
    assert "hidden-secret" not in officer.get(entry).content.decode()

    assert (
        "Say by what" in officer.post(f"{detail}/act", {"act": "answer", "answer": "done", "means": "dream"}, follow=True).content.decode()
    )
    page_after = officer.post(f"{detail}/act", {"act": "answer", "answer": "done", "means": "letter"}, follow=True).content.decode()
    assert "acknowledged" in page_after and "letter" in page_after and "Record it" not in page_after
    assert RecipientNotice.objects.get().answers.get().user_id
    assert "acknowledged" in officer.get(page).content.decode() and "owes an answer" not in officer.get(page).content.decode()

    assert officer.post(f"{detail}/act", {"act": "x"}).status_code == 404
    assert officer.get(f"{page}/recipients/{request.pk}").status_code == 404
    assert join(workspace, "marketer").post(f"{detail}/act", {"act": "again"}).status_code == 403
