"""The ways by which recipients are told: which one a processor has, and who carries them out.

Mail is told here; OpenDSR and webhooks register themselves, as they lie beside and above.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

import msgspec

from troth.intake.wire.values import is_email
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.privacy.downstream.sealing import Told
from troth.privacy.models import Processor
from troth.privacy.models.disclosures import NoticeState, NoticeWay, RecipientNotice, Way

LABEL = b"notice-way/v1"
LONGEST = 2_000


class WayInvalid(TrothError):
    """A way that cannot be kept; the message begins with the field."""


class Order(NamedTuple):
    """What a way is asked to do, with all it needs."""

    notice: RecipientNotice
    way: str
    address: str
    domain: str
    authorization: str
    told: Told
    now: int


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an answer, see `NoticeAnswer`."""

    kind: str
    digest: str = ""
    body: str = ""
    signature: str = ""
    certificate: str = ""
    domain: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `state` None: nothing yet, it is tried again."""

    state: NoticeState | None = None
    trouble: str = ""
    status: int = 0
    expected_at: int | None = None
    is_signed: bool = False
    proof: Proof | None = None


class Carrier(Protocol):
    """Who carries a way out: a module with these functions. They wait for somebody outside, so they run in threads, and never raise TrothError."""

    def tell(self, order: Order) -> Outcome:
        """Tell the recipient. Doing it twice does no harm."""

    def ask(self, order: Order) -> Outcome:
        """Ask how far they are."""

    def cancel(self, order: Order) -> Outcome:
        """Take back what was asked."""


_carriers: dict[str, str] = {}


def register_carrier(way: str, where: str) -> None:
    """Have a way carried out by the module that stands at `where` (dotted)."""
    _carriers[way] = where


@cache
def find_carrier(way: str) -> Carrier:
    """Who carries a way out."""
    return cast("Carrier", import_module(_carriers[way]))


def set_way(processor: Processor, way: str, address: str = "", *, authorization: str | None = None, now: int) -> NoticeWay | None:
    """How a processor is told from now on; an empty way: Troth does not. `authorization` None keeps what was given before. Raises WayInvalid."""
    if not way:
        NoticeWay.objects.filter(processor=processor).delete()
        return None
    own = NoticeWay.objects.filter(processor=processor).first() or NoticeWay(processor=processor, workspace_id=processor.workspace_id)
    own.way, own.address, own.domain, own.changed_at = way, address.strip(), "", now
    _check(own)
    if authorization is not None:
        if len(authorization) > LONGEST or not authorization.isascii() or not authorization.replace(" ", "x").isprintable():
            raise WayInvalid(f"$.authorization: at most {LONGEST:,} characters of ASCII, as they stand in the header.")
        own.sealed = seal(LABEL, authorization.encode(), b"%d" % processor.pk) if authorization else None
    own.save()
    return own


def _check(own: NoticeWay) -> None:
    if own.way not in Way.values:
        raise WayInvalid(f"$.way: must be one of {', '.join(Way.values)}, or empty.")
    if len(own.address) > LONGEST or "\0" in own.address:
        raise WayInvalid(f"$.address: at most {LONGEST:,} characters.")
    if own.way == Way.MAIL and not is_email(own.address):
        raise WayInvalid("$.address: the mail address of whoever answers for the processor.")
    if own.way == Way.WEBHOOK and not (own.address.isascii() and own.address.isdigit() and int(own.address) in own.processor.webhooks):
        raise WayInvalid("$.address: the id of one of the webhooks that are linked to the processor.")
    if own.way == Way.EXEMPT and not own.address:
        raise WayInvalid("$.address: say why telling it is impossible or a disproportionate effort (Art. 19).")
    if own.way == Way.OPENDSR:
        own.address = own.address.rstrip("/")
        own.domain = _domain_of(own.address)


def _domain_of(base: str) -> str:
    """The host of OpenDSR's doors: whose signature counts."""
    try:
        parts = urlsplit(base)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme != "https" or not host or not base.isascii() or parts.username or parts.query or parts.fragment:
        raise WayInvalid("$.address: the base of the OpenDSR doors, such as https://opendsr.example.com/v2.")
    return host.lower()


def way_of(notice: RecipientNotice) -> tuple[str, NoticeWay | None]:
    """How the recipient of a notice is told, as things are set up now: an unregistered webhook tells itself; empty: there is no way."""
    own = NoticeWay.objects.filter(processor_id=notice.processor_id).first() if notice.processor_id is not None else None
    if own:
        return own.way, own
    return (Way.WEBHOOK.value if notice.processor_id is None and notice.kind == "webhook" else ""), None


def authorization_of(own: NoticeWay) -> str:
    """What is said in `Authorization`; empty: nothing."""
    opened = open_sealed(LABEL, bytes(own.sealed), b"%d" % own.processor_id) if own.sealed is not None else None
    return opened.decode() if opened is not None else ""


def plain_way(own: NoticeWay | None) -> Mapping[str, Any]:
    """For JSON; without the secret."""
    if own is None:
        return {"way": "", "address": "", "has_authorization": False}
    return {"way": own.way, "address": own.address, "has_authorization": own.sealed is not None}
