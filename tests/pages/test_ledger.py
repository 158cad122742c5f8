"""Anybody can follow the ledger of consents with the public key alone."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.test import Client

from troth.consent.decisions import DecisionRow, Said, record_decisions
from troth.consent.ledger.checkpoints import make_checkpoint
from troth.consent.ledger.log import append_for
from troth.consent.ledger.merkle import consistency_holds
from troth.consent.ledger.notes import read_checkpoint
from troth.kernel.personal_data import Subject

NOW = 1_790_000_000_000


def decide(workspace: Any, count: int) -> None:
    row = {"purpose": "marketing_email", "said": Said.GRANT, "at": NOW, "method": "api", "source": "api"}
    record_decisions([DecisionRow(subject=Subject(workspace.pk, 4101 + number), **row) for number in range(count)], now=row["at"])
    append_for(workspace.pk)
    make_checkpoint(workspace.pk, NOW)


def test_a_stranger_proves_that_the_ledger_only_grew(workspace: Any) -> None:
    decide(workspace, 5)
    web = Client()
    key = load_pem_public_key(web.get("/ledger/key").content)
    old = read_checkpoint(web.get(f"/ledger/{workspace.pk}/checkpoint").content.decode(), key)
    decide(workspace, 8)
    new = read_checkpoint(web.get(f"/ledger/{workspace.pk}/checkpoint").content.decode(), key)
    answer = web.get(f"/ledger/{workspace.pk}/consistency/{old.size}/{new.size}")
    path = [base64.b64decode(step) for step in answer.json()["proof"]]
    assert consistency_holds(old.size, new.size, old.root, new.root, path)
    assert answer["Access-Control-Allow-Origin"] == "*"
    again = read_checkpoint(web.get(f"/ledger/{workspace.pk}/checkpoint/{old.size}").content.decode(), key)
    assert again == old


def test_what_does_not_exist_is_not_found(workspace: Any) -> None:
    web = Client()
    assert web.get(f"/ledger/{workspace.pk}/checkpoint").status_code == 404
    decide(workspace, 2)
    for path in ("consistency/0/2", "consistency/2/1", "consistency/1/3", "checkpoint/1"):
        assert web.get(f"/ledger/{workspace.pk}/{path}").status_code == 404
    assert web.post("/ledger/key").status_code == 405
