"""What becomes of a workspace's mail: to the persons, all of it to one address, or nowhere yet."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from troth.kernel.errors import TrothError
from troth.workspaces.models import SendMode, Workspace


class SendModeInvalid(TrothError):
    """There is no such mode, or test mode has no address to send to."""


def set_send_mode(workspace: Workspace, mode: str, address: str = "") -> None:
    """Change the mode; the senders see it with their next batch. `address` is where test mode sends, and kept when it is not given.

    Raises SendModeInvalid.
    """
    if mode not in SendMode.values:
        raise SendModeInvalid(f"There is no such mode: choose {', '.join(SendMode.values)}.")
    if mode != SendMode.OFF and workspace.leaves_at is not None:
        raise SendModeInvalid("The workspace is to be deleted, so nothing is sent: call that off first.")
    address = address.strip() or workspace.test_address
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise SendModeInvalid("That is not an e-mail address: correct it.") from None
    elif mode == SendMode.TEST:
        raise SendModeInvalid("Test mode sends all mail to one address: say which.")
    workspace.send_mode = mode
    workspace.test_address = address
    workspace.save(update_fields=["send_mode", "test_address"])
