"""Re-permission over the control API and by command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests.api.conftest import asking_of
from tests.evidence import GIVEN
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain


def add_people(tenant: Any) -> None:
    """Five who never decided, two who agreed, one who claimed to: beside Dana, who refused, and Erin."""
    now = now_ms()
    about = {"workspace_id": tenant.workspace.pk, "source": "api", "received_at": now}
    commands: list[Any] = []
    for number in range(8):
        who = Identity(external_id=f"p{number}", email=f"p{number}@example.com")
        commands.append(Identify(identity=who, **about))
        if number >= 5:
            evidence = GIVEN if number < 7 else {}
            commands.append(Decide(identity=who, decision=Decision.GRANT, purpose="marketing_email", evidence=evidence, **about))
    apply(commands, now=now)


def say(*words: str) -> str:
    out = io.StringIO()
    call_command(f"repermission_{words[0]}", *words[1:], stdout=out)
    return out.getvalue()


def test_who_lacks_a_consent_is_counted_and_listed_with_the_reason(alice: Any) -> None:
    add_people(alice)
    [marketing] = [one for one in alice.api.json("GET", "/consent-standings") if one["purpose"] == "marketing_email"]
    assert (marketing["given"], marketing["refused"], marketing["lacking"]) == (2, 1, {"missing": 6, "unknown": 1})
    found = alice.api.walk("/purposes/marketing_email/lacking", 2)
    assert [one["reason"] for one in found].count("missing") == 6
    assert len({one["person_id"] for one in found}) == 7
    assert alice.person_id not in {one["person_id"] for one in found}
    [claimed] = alice.api.json("GET", "/purposes/marketing_email/lacking?reason=unknown")["items"]
    assert alice.api.json("GET", f"/people/{claimed['person_id']}")["id"] == claimed["person_id"]
    assert len(alice.api.json("GET", "/purposes/marketing_email/lacking?reason=given")["items"]) == 2
    assert alice.api("GET", "/purposes/marketing_email/lacking?reason=nonsense").status_code == 422
    assert alice.api("GET", "/purposes/service/lacking").status_code == 400
    assert alice.api("GET", "/purposes/nothing/lacking").status_code == 404


def test_an_asking_is_drafted_started_stopped_and_taken_up_again_and_tells_its_figures(alice: Any) -> None:
    add_people(alice)
    made = alice.api.json("POST", "/repermissions", asking_of("alice"), status=201)
    assert (made["state"], made["figures"]["looked_at"], made["started_at"]) == ("draft", 0, None)
    path = f"/repermissions/{made['id']}"
    assert alice.api.json("PATCH", path, {"subject": "Would you like our news?"})["subject"] == "Would you like our news?"
    assert alice.api("POST", f"{path}/stop").status_code == 409
    assert alice.api.json("POST", f"{path}/start")["state"] == "asking"
    assert alice.api("POST", f"{path}/start").status_code == 409
    assert alice.api("PATCH", path, {"subject": "Too late"}).status_code == 409
    assert alice.api.json("POST", f"{path}/stop")["state"] == "stopped"
    assert alice.api.json("POST", f"{path}/start")["state"] == "asking"
    drain(now_ms())
    told = alice.api.json("GET", path)
    assert told["state"] == "done"
    figures = told["figures"]
    assert figures["asked"] + sum(figures["left_out"].values()) == figures["looked_at"] == 10
    assert (figures["asked"], figures["reasons"], figures["left_out"]["withdrawn"], figures["left_out"]["has_consent"]) == (
        7,
        {"missing": 6, "unknown": 1},
        1,
        2,
    )
    assert (figures["agreed"], figures["declined"]) == (0, 0)
    assert [one["id"] for one in alice.api.json("GET", "/repermissions")] == [made["id"], alice.repermission_id]


def test_what_cannot_be_asked_is_told_with_its_place(alice: Any) -> None:
    for field, value in (("notice", "none"), ("ground", "marketing_email"), ("html", "<p>No link</p>"), ("purpose", "service")):
        answer = alice.api.json("POST", "/repermissions", {**asking_of("alice"), field: value}, status=400)
        assert answer["path"] == f"$.{field}"
    assert alice.api("GET", "/repermissions/999999").status_code == 404


def test_the_commands_do_the_same(alice: Any, tmp_path: Path) -> None:
    add_people(alice)
    workspace = str(alice.workspace.pk)
    assert "marketing_email: 6 missing, 1 unknown, 1 refused, 2 given" in say("lacking", workspace)
    assert json.loads(say("lacking", workspace, "--json"))["marketing_email"]["missing"] == 6
    assert len(say("lacking", workspace, "marketing_email").splitlines()) == 7
    assert say("lacking", workspace, "marketing_email", "--reason", "unknown").split()[1] == "unknown"
    mail = tmp_path / "mail.html"
    mail.write_text('<a href="{{ ask_url }}">Answer</a>')
    words = ("--purpose", "marketing_email", "--notice", "news-of-alice", "--subject", "May we?", "--html", str(mail))
    made = say("create", workspace, *words).strip()
    assert "nobody is asked before it is started" in say("list", workspace)
    assert "asking" in say("start", workspace, made)
    assert "stopped" in say("stop", workspace, made)
    say("start", workspace, made)
    drain(now_ms())
    assert "7 asked" in say("list", workspace)
    assert json.loads(say("list", workspace, "--json"))[0]["reasons"] == {"missing": 6, "unknown": 1}
