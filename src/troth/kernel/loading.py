"""What a process has loaded when it begins its work stays until its end."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """Look for garbage from now on, and never among what was loaded until now: in a process that serves, that is most of what it holds."""
    gc.freeze()
    gc.enable()
