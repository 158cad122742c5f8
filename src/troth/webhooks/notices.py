"""Telling a recipient of corrections, erasure and restriction by its webhook (Art. 19): signed as all that a webhook is told; its 2xx is the answer."""

from __future__ import annotations

import hashlib
from typing import Any

from troth.kernel.clock import iso
from troth.kernel.json_text import encode
from troth.privacy.downstream.ways import Order, Outcome, Proof
from troth.privacy.models.disclosures import NoticeState
from troth.webhooks.editing import find_webhook, secrets_of
from troth.webhooks.errors import WebhookInvalid, WebhookNotFound
from troth.webhooks.posting import GONE, Posting, post

TYPE = "privacy.notice"


def shape(order: Order) -> dict[str, Any]:
    """The body as plain values. Pure."""
    notice, told = order.notice, order.told
    data: dict[str, Any] = {
        "notice_id": str(notice.pk),
        "right": notice.right,
        "submitted_at": iso(notice.asked_at),
        "identities": [{"kind": kind, "value": value} for kind, value in told.identities],
    }
    if told.now_known_as:
        data["now_known_as"] = [{"kind": kind, "value": value} for kind, value in told.now_known_as]
    if told.corrected:
        data["corrected"] = told.corrected
    if told.purposes:
        data["purposes"] = told.purposes
    return {"type": TYPE, "timestamp": iso(notice.opened_at), "data": data}


def tell(order: Order) -> Outcome:
    """Post it. 410, and a webhook that is no more, leave it to members."""
    try:
        row = find_webhook(order.notice.workspace_id, int(order.address))
        secrets = tuple(secrets_of(row, order.now))
    except (WebhookNotFound, WebhookInvalid):
        return Outcome(state=NoticeState.BY_HAND, trouble="no_webhook")
    body = encode(shape(order)).encode()
    answer = post(Posting(row.url, secrets, f"ntc_{order.notice.pk.hex}", 0, body))
    if answer.is_taken:
        said = encode({"status": answer.status, "notice_id": str(order.notice.pk)})
        proof = Proof(kind="taken", digest=hashlib.sha256(said.encode()).hexdigest(), body=said)
        return Outcome(state=NoticeState.DONE, status=answer.status, proof=proof)
    state = NoticeState.BY_HAND if answer.status == GONE else None
    return Outcome(state=state, trouble=answer.trouble, status=answer.status)


def ask(order: Order) -> Outcome:
    """It has answered already."""
    return Outcome()


def cancel(order: Order) -> Outcome:
    """What was told is told."""
    return Outcome()
