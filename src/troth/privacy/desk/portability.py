"""Portability (Art. 20): what the person provided, and what was observed while they used the service, and nothing that was derived; JSON and CSV.

Which stores hold that is declared with them (`Store.provided`). JSON has it whole; CSV has one file per store, for spreadsheets.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from troth.kernel.json_text import encode
from troth.kernel.personal_data import Store, Subject, stores
from troth.kernel.speech import ENGLISH, Speech
from troth.privacy.exporting.export import IN_MEMORY, load_head, snapshot
from troth.privacy.exporting.speech import speech_for
from troth.privacy.spreadsheets import write_table
from troth.privacy.storage.places import exports_dir, make_private_dir

README = """What you provided to {workspace}, and what was observed while you used its service, as of {at} (Art. 20 GDPR).

data.json   all of it, for machines: take it to another provider
*.csv       the same as tables, one for each kind of data
"""


def provided_stores() -> list[Store]:
    """What counts as provided by the person."""
    return [store for store in stores() if store.provided]


def open_portable(subject: Subject, *, now: int, language: str = "") -> IO[bytes]:
    """A zip with data.json and one CSV per store, as a file to read; its words in `language`, else the person's. Raises PersonNotFound."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(make_private_dir(exports_dir())))  # noqa: SIM115 -- the caller closes it
    try:
        with snapshot():
            say = speech_for(subject, language)
            head = load_head(subject, now)
            with zipfile.ZipFile(cast("IO[bytes]", file), "w", zipfile.ZIP_DEFLATED) as archive:
                with archive.open("data.json", "w", force_zip64=True) as member:
                    for text in json_texts(subject, head, say):
                        member.write(text.encode())
                for store in provided_stores():
                    write_table(archive, f"{store.name}.csv", store.export(subject))
                archive.writestr(
                    "README.txt", say.whole("portable note", README, workspace=head["workspace"]["name"], at=head["exported_at"])
                )
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("IO[bytes]", file)


def write_portable(subject: Subject, path: Path, *, now: int, language: str = "") -> None:
    """Write it to a file that only its owner may read. Raises PersonNotFound, OSError."""
    with (
        open_portable(subject, now=now, language=language) as file,
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target,
    ):
        shutil.copyfileobj(file, target)


def json_texts(subject: Subject, head: dict[str, Any], say: Speech = ENGLISH) -> Iterator[str]:
    """data.json, text by text."""
    yield (
        encode({**head, "language": say.language, "scope": say("provided by the person, observed data included (Art. 20)")})[:-1]
        + ',"sections":['
    )
    for number, store in enumerate(provided_stores()):
        yield ("," if number else "") + encode(say.about(store))[:-1] + ',"records":['
        separator = "\n"
        for record in store.export(subject):
            yield separator + encode(record)
            separator = ",\n"
        yield "]}"
    yield "]}\n"
