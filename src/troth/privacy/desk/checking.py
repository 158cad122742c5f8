"""Checking who is asking: a code mailed to the address on file, or values compared with what is on file. Never to, nor with, a new one.

Attempts are counted and limited; nothing that was told is kept.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F

from troth.kernel.clock import HOUR
from troth.kernel.crypto import derive, keyed_tag
from troth.kernel.personal_data import Subject
from troth.people.identifiers import EMAIL, KINDS, normalise
from troth.people.lookup import load_person
from troth.people.models import Identifier
from troth.privacy.desk.cases import identify, subject_of
from troth.privacy.desk.identity import MOST_TRIES, IdentityRefused, Means, match_values
from troth.privacy.history import CODE, By, write_step
from troth.privacy.models import PrivacyRequest

LABEL = b"request-code/v1"
DIGITS = 8
GOOD_FOR = HOUR
MOST_CODES = 5


def addresses_on_file(request: PrivacyRequest) -> list[str]:
    """The e-mail addresses that were held before the request came, the oldest first: only there a code, a link or an answer is sent.

    An address that somebody had entered meanwhile proves nothing. Empty when the person is gone.
    """
    if request.person_id is None:
        return []
    subject = subject_of(request)
    rows = Identifier.objects.filter(
        bucket=subject.bucket,
        person_id=subject.person_id,
        workspace_id=subject.workspace_id,
        kind=EMAIL,
        created_at__lte=request.received_at,
    )
    return list(rows.order_by("created_at").values_list("value", flat=True))


def make_code(request: PrivacyRequest, *, by: By, now: int) -> str:
    """A new code, good for an hour; the old one is void. Only its keyed hash is kept. Raises IdentityRefused after five."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    with transaction.atomic():
        taken = PrivacyRequest.objects.filter(pk=request.pk, codes_sent__lt=MOST_CODES).update(
            code_digest=_digest(request, code), code_until=now + GOOD_FOR, codes_sent=F("codes_sent") + 1
        )
        if not taken:
            raise IdentityRefused("Five codes were sent already: choose another means.")
        write_step(request, CODE, by, now)
    return code


def check_code(request: PrivacyRequest, code: str, *, by: By, now: int) -> None:
    """Identify whoever tells the code that was mailed. Raises IdentityRefused, StepImpossible."""
    digest = _take_try(request)
    until = request.code_until or 0
    told = _digest(request, "".join(code.split()))
    # Compared before anything else is looked at: how long the answer takes tells nothing.
    is_right = hmac.compare_digest(told, digest)
    if not is_right or now >= until:
        raise IdentityRefused("The code is not the one that was sent, or it is over an hour old.")
    identify(request, Means.CODE, by=by, now=now)
    _give_back(request)


def check_values(request: PrivacyRequest, told: Mapping[str, str], *, by: By, now: int) -> Means:
    """Identify whoever tells what is on file: identifiers by kind, attributes by name. Raises IdentityRefused, StepImpossible, PersonGone."""
    subject = subject_of(request)
    _take_try(request)
    wanted = {kind: _normal(kind, value) for kind, value in told.items()}
    means = match_values(wanted, _on_file(subject, wanted, request.received_at))
    identify(request, means, by=by, now=now, facts={"kinds": sorted(kind if kind in KINDS else "attribute" for kind in wanted)})
    _give_back(request)
    return means


def _take_try(request: PrivacyRequest) -> bytes:
    """Count the try before it is judged, also against many at once, and give the digest of the code."""
    taken = PrivacyRequest.objects.filter(pk=request.pk, tries__lt=MOST_TRIES).update(tries=F("tries") + 1)
    request.refresh_from_db(fields=["tries", "code_digest", "code_until"])
    if not taken:
        raise IdentityRefused("That was tried five times: choose another means.")
    return bytes(request.code_digest or b"")


def _give_back(request: PrivacyRequest) -> None:
    PrivacyRequest.objects.filter(pk=request.pk).update(tries=F("tries") - 1)


def _digest(request: PrivacyRequest, code: str) -> bytes:
    return keyed_tag(derive(LABEL), request.pk.bytes + code.encode())


def _normal(kind: str, value: str) -> str:
    return normalise(kind, value) or value if kind in KINDS else _plain(value)


def _plain(value: object) -> str:
    return " ".join(str(value).split()).casefold()


def _on_file(subject: Subject, wanted: Mapping[str, str], before: int) -> dict[str, list[str]]:
    """What was held before the request came, of the kinds that were told."""
    rows = Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id, kind__in=list(wanted), created_at__lte=before)
    found: dict[str, list[str]] = {}
    for kind, value in rows.values_list("kind", "value"):
        found.setdefault(kind, []).append(value)
    person = load_person(subject)
    for name in wanted.keys() - set(KINDS):
        value, (_source, at) = person.attributes.get(name), person.origins.get(name, ("", 0))
        if value not in (None, "", [], {}) and not isinstance(value, bool | list | dict) and at <= before:
            found[name] = [_plain(value)]
    return found
