"""Setting webhooks up: addresses, types, purposes, secrets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from troth.consent.catalog import PurposeUnknown, load_catalog
from troth.kernel.clock import DAY, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.privacy.inventory.recipients import Recipient
from troth.webhooks.errors import WebhookInvalid, WebhookNotFound
from troth.webhooks.kinds import TYPES
from troth.webhooks.listening import forget_listeners
from troth.webhooks.models import Format, Health, Webhook, WebhookState, Withheld
from troth.webhooks.passing import RETRIED
from troth.webhooks.queue import TABLES
from troth.webhooks.signing import make_secret
from troth.webhooks.waiting import delete_all, extend

LABEL = b"webhook-secret/v1"
MOST = 50
"""Of one workspace."""
LONGEST_URL = 2_000
BOTH_SECRETS = DAY
"""So long it is signed with the old secret, too."""
EDITABLE = ("name", "url", "types", "purpose", "format", "state")


def list_webhooks(workspace_id: int) -> list[Webhook]:
    """A workspace's webhooks, with how their addresses answer."""
    return list(Webhook.objects.filter(workspace_id=workspace_id).select_related("health").order_by("pk"))


def find_recipients(workspace_id: int) -> Iterator[Recipient]:
    """Whom webhooks tell, for the data inventory."""
    for row in Webhook.objects.filter(workspace_id=workspace_id).exclude(state=WebhookState.OFF):
        yield Recipient("webhook", str(row.pk), row.name, (urlsplit(row.url).hostname or "",), row.purpose)


def find_webhook(workspace_id: int, webhook_id: int) -> Webhook:
    """One of them. Raises WebhookNotFound."""
    found = None
    if 0 < webhook_id < 2**63:
        found = Webhook.objects.select_related("health").filter(workspace_id=workspace_id, pk=webhook_id).first()
    if found is None:
        raise WebhookNotFound("This workspace has no such webhook: look at its list of webhooks.")
    return found


def create_webhook(
    workspace_id: int, *, url: str, types: Sequence[str], purpose: str, name: str = "", form: str = Format.TROTH, now: int
) -> tuple[Webhook, str]:
    """A webhook, and its secret, which can be shown again by `reveal`. Raises WebhookInvalid."""
    secret = make_secret()
    row = Webhook(workspace_id=workspace_id, name=name, url=url, types=list(types), purpose=purpose, format=form)
    row.sealed, row.created_at, row.changed_at = _seal(row, secret), now, now
    _check(row)
    with transaction.atomic():
        if Webhook.objects.filter(workspace_id=workspace_id).count() >= MOST:
            raise WebhookInvalid(f"A workspace has at most {MOST} webhooks: delete one that is not used.")
        row.save()
        row.health = Health.objects.create(webhook=row)
        transaction.on_commit(forget_listeners)
    return row, secret


def revise_webhook(row: Webhook, fields: dict[str, Any], *, now: int) -> Webhook:
    """Change what is given of EDITABLE. What waits goes to the new address. Taken up again, what waited has its whole time. Raises WebhookInvalid."""
    before = row.state
    for name in EDITABLE:
        if name in fields:
            setattr(row, name, fields[name])
    _check(row)
    row.changed_at = now
    with transaction.atomic():
        if row.state != WebhookState.OFF:
            row.off_because = ""
        row.save()
        if row.state == WebhookState.ON and before != WebhookState.ON:
            extend(row, now, now + RETRIED)
            Health.objects.filter(webhook=row).update(failures=0, open_until=0)
        transaction.on_commit(forget_listeners)
    return row


def delete_webhook(row: Webhook) -> None:
    """Remove a webhook with everything that waits for it and was told to it."""
    with transaction.atomic():
        for table in TABLES:
            delete_all(table, row)
        Withheld.objects.filter(webhook_id=row.pk).delete()
        row.delete()
        transaction.on_commit(forget_listeners)


def replace_secret(row: Webhook, *, now: int) -> str:
    """A new secret; for a day it is signed with the old one, too."""
    secret = make_secret()
    row.sealed_before, row.before_until = row.sealed, now + BOTH_SECRETS
    row.sealed, row.changed_at = _seal(row, secret), now
    row.save(update_fields=["sealed", "sealed_before", "before_until", "changed_at"])
    return secret


def secrets_of(row: Webhook, now: int | None = None) -> list[str]:
    """What it is signed with now, the newest first. Raises WebhookInvalid where the master key is another one."""
    sealed = [row.sealed]
    if row.sealed_before is not None and (row.before_until or 0) > (now_ms() if now is None else now):
        sealed.append(row.sealed_before)
    opened = [open_sealed(LABEL, bytes(one), b"%d" % row.workspace_id) for one in sealed]
    if opened[0] is None:
        raise WebhookInvalid("The webhook's secret was made under another master key: replace it.", "secret")
    return [one.decode() for one in opened if one is not None]


def _seal(row: Webhook, secret: str) -> bytes:
    return seal(LABEL, secret.encode(), b"%d" % row.workspace_id)


def _check(row: Webhook) -> None:
    row.name = row.name.strip() or (urlsplit(row.url).hostname or "")[:100]
    if len(row.name) > 100 or "\0" in row.name:
        raise WebhookInvalid("A name has at most 100 characters.", "name")
    check_address(row.url)
    unknown = [type_ for type_ in row.types if type_ not in TYPES]
    if unknown or not row.types:
        raise WebhookInvalid(f"Choose at least one of the types: {', '.join(TYPES)}.", "types")
    row.types = [type_ for type_ in TYPES if type_ in row.types]
    try:
        load_catalog(row.workspace_id).require(row.purpose)
    except PurposeUnknown as error:
        raise WebhookInvalid(str(error), "purpose") from None
    if row.format not in Format.values:
        raise WebhookInvalid(f"The format is one of {', '.join(Format.values)}.", "format")
    if row.state not in WebhookState.values:
        raise WebhookInvalid(f"The state is one of {', '.join(WebhookState.values)}.", "state")


def check_address(url: str) -> None:
    """Raises WebhookInvalid, without repeating the address: it may hold a secret. Whether it leads inside is looked at with each delivery."""
    wrong = WebhookInvalid("The address begins with https:// and names a host, such as https://example.com/hooks: correct it.", "url")
    if len(url) > LONGEST_URL or not url.isascii() or any(character.isspace() or character == "\0" for character in url):
        raise wrong
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or parts.username is not None or parts.fragment:
        raise wrong
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        raise wrong


def _is_this_machine(host: str) -> bool:
    """Without TLS nothing leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
