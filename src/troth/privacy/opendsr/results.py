"""Results of access and portability: an address that is good once, for a week, and with the key of the controller that asked.

What is handed out is made when it is fetched, and lies nowhere before. Each fetch voids all addresses that were made before; the controller gets
a new one by asking for the status again.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import IO, cast

import msgspec
from django.db import transaction
from django.db.models import F

from troth.kernel.clock import DAY
from troth.kernel.crypto import open_token, seal_token
from troth.kernel.errors import TrothError
from troth.privacy.desk.cases import subject_of
from troth.privacy.desk.portability import open_portable
from troth.privacy.exporting.export import IN_MEMORY, open_export
from troth.privacy.history import HAND_OUT, By, write_step
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.models.opendsr import OpendsrRequest
from troth.privacy.opendsr.bodies import RequestStatus
from troth.privacy.opendsr.offering import url_of
from troth.privacy.storage.places import exports_dir, make_private_dir

LABEL = b"opendsr-results/v1"
GOOD_FOR = 7 * DAY
KEPT_FOR = 30 * DAY
"""How long after it was completed results can be had."""
LONGEST = 512
HANDED_OUT = (RequestType.ACCESS, RequestType.PORTABILITY)


class ResultsGone(TrothError):
    """Not this key's, fetched already, or too late."""

    def __init__(self) -> None:
        super().__init__("these results cannot be had by this address any more: ask for the status of the request to get another")


class _Link(msgspec.Struct, frozen=True, array_like=True):
    request_id: bytes
    links: int
    key_id: int
    until: int


def make_results_url(row: OpendsrRequest, cases: Sequence[PrivacyRequest], key_id: int, now: int) -> str:
    """An address for a key; empty where there is nothing to hand out."""
    ready = _ready(cases, now)
    if row.type not in HANDED_OUT or row.status != RequestStatus.COMPLETED or not ready:
        return ""
    token = seal_token(LABEL, msgspec.msgpack.encode(_Link(row.pk.bytes, row.links, key_id, now + GOOD_FOR)))
    return url_of(f"requests/{row.subject_request_id}/results/{token}")


def open_results(row: OpendsrRequest, key_id: int, token: str, now: int) -> IO[bytes]:
    """The results of a request as a zip to read; the address is void from now on. Raises ResultsGone."""
    link = _read(token)
    ready = _ready(list(PrivacyRequest.objects.filter(workspace_id=row.workspace_id, opendsr__request=row).order_by("pk")), now)
    if link is None or link.request_id != row.pk.bytes or link.key_id != key_id or now >= link.until or not ready:
        raise ResultsGone
    with transaction.atomic():
        if not OpendsrRequest.objects.filter(pk=row.pk, links=link.links).update(links=F("links") + 1):
            raise ResultsGone
        for case in ready:
            write_step(case, HAND_OUT, By("opendsr"), now, facts={"right": row.type})
    return _open(ready[0], now) if len(ready) == 1 else _open_all(ready, now)


def _read(token: str) -> _Link | None:
    plain = open_token(LABEL, token) if len(token) <= LONGEST else None
    return msgspec.msgpack.decode(plain, type=_Link) if plain else None


def _ready(cases: Sequence[PrivacyRequest], now: int) -> list[PrivacyRequest]:
    """Those that are done, whose person is there, and not long ago."""
    return [
        case
        for case in cases
        if case.state == RequestState.DONE and case.person_id is not None and now < (case.closed_at or now) + KEPT_FOR
    ]


def _open(case: PrivacyRequest, now: int) -> IO[bytes]:
    subject = subject_of(case)
    return open_portable(subject, now=now) if case.type == RequestType.PORTABILITY else open_export(subject, ".zip", now=now)


def _open_all(cases: Sequence[PrivacyRequest], now: int) -> IO[bytes]:
    """One zip of each person's, where identities led to several."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(make_private_dir(exports_dir())))  # noqa: SIM115 -- the caller closes it
    try:
        with zipfile.ZipFile(cast("IO[bytes]", file), "w") as archive:
            for number, case in enumerate(cases, 1):
                with _open(case, now) as part, archive.open(f"person-{number}.zip", "w", force_zip64=True) as member:
                    shutil.copyfileobj(part, member)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("IO[bytes]", file)
