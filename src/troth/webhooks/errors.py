"""What can be wrong with a webhook."""

from __future__ import annotations

from troth.kernel.errors import TrothError


class WebhookInvalid(TrothError):
    """A webhook that cannot be saved as it is; `field` says which part is at fault."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class WebhookNotFound(TrothError):
    """The workspace has no such webhook."""
