"""`troth channel …`."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.http_server import run_provider
from troth.messages.configured import SettingsInvalid, settings_of
from troth.messages.errors import ChannelError
from troth.messages.models import ConfiguredChannel


def _say(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_a_channel_is_added_listed_checked_and_tried(workspace: Any, settings: Any, tmp_path: Path) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    secret = tmp_path / "token"
    secret.write_text("very-secret\n")
    assert "auth_token*" in _say("channel_list", "--adapters")
    with run_provider(lambda asked: (201 if asked.method == "POST" else 200, {"sid": "SM1", "status": "queued"})) as provider:
        given = ["account_sid=AC1", f"auth_token=@{secret}", "sender=Acme", f"api_url={provider.url}"]
        words = [word for one in given for word in ("--set", one)]
        added = _say("channel_add", str(workspace.pk), "twilio", *words)
        row = ConfiguredChannel.objects.get()
        assert settings_of(row)["auth_token"] == "very-secret"
        assert "/hooks/" in added
        assert "very-secret" not in added + _say("channel_list", str(workspace.pk), "--json")
        assert "knows" in _say("channel_check", str(workspace.pk), str(row.pk))
        assert "queued" in _say("channel_test", str(workspace.pk), str(row.pk), "--to", "+33612345678")
        with pytest.raises(ChannelError):
            _say("channel_test", str(workspace.pk), str(row.pk), "--to", "0612345678")
    with pytest.raises(SettingsInvalid):
        _say("channel_add", str(workspace.pk), "twilio")
