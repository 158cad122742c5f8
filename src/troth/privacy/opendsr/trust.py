"""Whom OpenDSR trusts: the authorities that browsers trust, and those that the operator adds (`TROTH_OPENDSR_ROOTS`)."""

from __future__ import annotations

import re
import ssl
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import requests
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate, load_pem_x509_certificate, load_pem_x509_certificates
from cryptography.x509.verification import Store
from django.conf import settings
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from troth.kernel.errors import TrothError
from troth.messages.channels.outside import WHOLE_WITHIN_S, make_session

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class RootsUnusable(TrothError):
    """The file of further authorities cannot be read."""


def load_store() -> Store:
    """Every authority that a chain may end at. Raises RootsUnusable."""
    return _store(settings.TROTH_OPENDSR_ROOTS)


@lru_cache(maxsize=4)
def _store(extra: str) -> Store:
    return Store([*_bundled(), *_read(extra)])


def _bundled() -> list[Certificate]:
    """Those that browsers trust; the few that break RFC 5280 (a serial number of zero) are passed over when the library does not read them."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for pem in _PEM.findall(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes()):
            with suppress(ValueError):
                found.append(load_pem_x509_certificate(pem))
    return found


def _read(path: str) -> list[Certificate]:
    if not path:
        return []
    try:
        return load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise RootsUnusable(
            f"The file that TROTH_OPENDSR_ROOTS names holds no certificates (PEM): correct it ({type(error).__name__})."
        ) from None


def open_session(whole_within_s: float = WHOLE_WITHIN_S) -> requests.Session:
    """HTTPS to other parties of OpenDSR: no way inside, no proxies, and their certificates checked against the same authorities.

    Redirects and the time limit of each step are the caller's to refuse and to set; `whole_within_s` is the whole answer's. Raises RootsUnusable.
    """
    if not settings.TROTH_OPENDSR_ROOTS:
        return make_session(None, whole_within_s)
    _read(settings.TROTH_OPENDSR_ROOTS)
    context = ssl.create_default_context(cafile=settings.TROTH_OPENDSR_ROOTS)
    return make_session(context, whole_within_s)  # requests adds the authorities that it brings
