"""A newcomer writes the channel of docs/channels.md, word for word, and it works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.http_server import run_provider
from tests.messages.posting import Post
from troth.content.models import Template
from troth.content.short_text import ShortTemplate
from troth.intake.commands import Identify, Identity
from troth.kernel.clock import now_ms
from troth.messages import channels
from troth.messages.configured import add_channel, open_configured
from troth.messages.models import Message, State, StoppedAddress
from troth.messages.sending import send_due

GUIDE = Path(__file__).parents[2] / "docs" / "channels.md"


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "carrier").mkdir()
    (tmp_path / "carrier" / "__init__.py").write_text(source)
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    channels._adapters.cache_clear()
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.fixture(autouse=True)
def forget_the_carrier() -> Any:
    yield
    channels._adapters.cache_clear()


def test_the_channel_of_the_guide_is_found_configured_and_sends(post: Post, carrier: None) -> None:
    with run_provider() as loft:
        row = add_channel(post.workspace.pk, "carrier", {"url": loft.url, "token": "corn"}, now=now_ms())
        assert "answers" in open_configured(row).check()
        subject = post.person("dana")
        post.say(Identify(identity=Identity(external_id="dana", phone="+33612345678"), **post.common))
        template = Template.objects.create(workspace_id=post.workspace.pk, short=ShortTemplate(body="Hello").as_json())
        for occurrence in (1, 2):
            post.queue(subject, occurrence)
        Message.objects.update(channel="sms", template_id=template.pk)
        loft.next_answers = [(200, {})]
        loft.answer = lambda asked: (410, {})
        send_due(now_ms())
        assert loft.asked[-1].headers["x-token"] == "corn"
        assert {asked.json["to"] for asked in loft.asked if asked.method == "POST"} == {"+33612345678"}
    assert sorted(post.states()) == [(State.FAILED, "no_such_address"), (State.SENT, "")]
    assert StoppedAddress.objects.get().kind == "phone"
