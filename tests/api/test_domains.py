"""Sending domains and the return mailbox over the control API and by command."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.messages.imap_server import run_imap_server
from tests.messages.test_return import Zone
from troth.messages import dns_records
from troth.messages.domains import DomainNotFound
from troth.messages.models import ReturnMailbox


def say(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def zone(no_dns: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    zone = Zone()
    monkeypatch.setattr(dns_records, "make_resolver", lambda: zone.resolver)
    yield zone
    zone.socket.close()


def test_a_domain_is_taken_in_checked_and_signs_and_its_key_stays_inside(alice: Any, zone: Zone) -> None:
    made = alice.api.json("POST", "/domains", {"domain": "Acme.Example."}, status=201)
    assert (made["domain"], made["signs"], made["record_name"]) == ("acme.example", False, "troth._domainkey.acme.example")
    assert made["record"].startswith("v=DKIM1; k=rsa; p=") and "PRIVATE" not in str(made)
    zone.records["troth._domainkey.acme.example", "TXT"] = [" ".join(f'"{made["record"][at : at + 200]}"' for at in range(0, 600, 200))]
    checked = alice.api.json("POST", f"/domains/{made['id']}/check")
    assert {one["what"]: one["fine"] for one in checked["findings"]} == {"SPF": False, "DKIM": True, "DMARC": False}
    change = {"signs": True, "return_address": "bounces@acme.example"}
    assert alice.api.json("PUT", f"/domains/{made['id']}", change)["signs"]
    assert alice.api("PUT", f"/domains/{made['id']}", {"signs": True, "return_address": "nowhere"}).status_code == 400
    assert alice.api("POST", "/domains", {"domain": "acme.example"}).status_code == 400
    assert alice.api("DELETE", f"/domains/{made['id']}").status_code == 204
    assert "acme.example" not in str(alice.api.json("GET", "/domains"))


def test_the_return_mailbox_is_read_when_it_is_set_and_its_password_stays_inside(alice: Any, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    assert alice.api.json("GET", "/return-mailbox") is None
    with run_imap_server() as imap:
        given = {"host": "127.0.0.1", "port": imap.port, "security": "none", "user": "bounces", "password": "very-secret"}
        assert alice.api.json("PUT", "/return-mailbox", given)["fault"] == ""
        imap.refuses = True
        kept = alice.api.json("PUT", "/return-mailbox", {**given, "password": ""})
        assert "refused the log-in" in kept["fault"] and "very-secret" not in str(kept)
    assert alice.api("DELETE", "/return-mailbox").status_code == 204
    assert not ReturnMailbox.objects.exists()


def test_the_commands_do_the_same(workspace: Any, zone: Zone, settings: Any, tmp_path: Path) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    own = str(workspace.pk)
    assert "troth._domainkey.acme.example TXT v=DKIM1" in say("domain_add", own, "acme.example")
    assert "does not sign" in say("domain_list", own)
    assert "signs; mail comes back to bounces@acme.example" in say(
        "domain_set", own, "acme.example", "--sign", "on", "--return-address", "bounces@acme.example"
    )
    with pytest.raises(CommandError, match="Not all records"):
        say("domain_check", own, "acme.example")
    assert "Removed" in say("domain_set", own, "acme.example", "--remove")
    with pytest.raises(DomainNotFound):
        say("domain_check", own, "acme.example")
    (tmp_path / "password").write_text("very-secret\n")
    assert "No mailbox" in say("domain_mailbox", own)
    with run_imap_server() as imap:
        way = ("--host", "127.0.0.1", "--port", str(imap.port), "--security", "none", "--user", "bounces")
        shown = say("domain_mailbox", own, *way, "--password-file", str(tmp_path / "password"))
    assert "read at" in shown and "very-secret" not in shown
    assert "No mailbox" in say("domain_mailbox", own, "--remove")
