"""The room Processors: an entry is written, objected to, settled and ended, by who keeps the registers."""

from __future__ import annotations

from typing import Any

from tests.members import join
from troth.privacy.models import Processor


def test_a_processor_is_proposed_objected_to_settled_and_ended(workspace: Any) -> None:
    officer = join(workspace, "privacy_officer")
    base = f"/console/{workspace.pk}/processors"
    assert "Nobody yet" in officer.get(base).content.decode()
    posted = {"name": "Mailer Ltd", "location": "Ireland", "transfer_tool": "none_needed", "window_days": "30"}
    page = officer.post(f"{base}/entry", posted, follow=True).content.decode()
    assert "proposed" in page
    made = Processor.objects.get()
    assert "Mailer Ltd" in officer.get(f"{base}/entry?id={made.pk}").content.decode()
    page = officer.post(f"{base}/act", {"act": "object", "id": str(made.pk), "text": "No agreement"}, follow=True).content.decode()
    assert "No agreement" in page
    officer.post(f"{base}/act", {"act": "settle", "id": str(made.pk), "text": "They signed it."})
    officer.post(f"{base}/act", {"act": "end", "id": str(made.pk)})
    assert "ended" in officer.get(base).content.decode()
    assert officer.get(f"{base}/entry?id=99").status_code == 404
    assert join(workspace, "viewer").get(base).status_code == 403
