"""Settings for the type checker, which imports them where there is no data directory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from troth.kernel.crypto import create_master_key, is_loaded, load_master_key

if not is_loaded():
    with tempfile.TemporaryDirectory() as folder:
        create_master_key(Path(folder))
        load_master_key(Path(folder))

from troth.project.settings import *  # noqa: F403 -- the same settings under a key of no consequence
