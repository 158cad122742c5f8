"""What can go wrong at the door."""

from __future__ import annotations

from troth.kernel.errors import TrothError


class DoorUnavailable(TrothError):
    """Nothing can be made durable right now; the caller is asked to try again."""

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("Troth cannot accept data at this moment: send it again shortly.")
        self.retry_after = retry_after
        """Whole seconds."""


class IdentifierTaken(TrothError):
    """Another process gave a unique identifier to somebody else meanwhile; the batch is applied again."""

    def __init__(self) -> None:
        super().__init__("Another process registered the same identifier at the same moment: apply the batch again.")
