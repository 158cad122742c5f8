"""What the commands about one webhook share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from troth.webhooks.editing import find_webhook
from troth.webhooks.models import Webhook
from troth.workspaces.registry import find_workspace


def add_webhook(parser: CommandParser) -> None:
    """WS and ID."""
    parser.add_argument("workspace", metavar="WS")
    parser.add_argument("id", metavar="ID", type=int, help="of the webhook: `troth webhook list WS` says it")


def chosen_webhook(options: dict[str, Any]) -> Webhook:
    """The webhook that is named. Raises WebhookNotFound."""
    return find_webhook(find_workspace(options["workspace"]).pk, options["id"])
