"""The company's look on the pages for persons. Colours are held to the contrast that everybody can read (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

from troth.kernel.errors import TrothError
from troth.workspaces.models import Brand

LARGEST_LOGO = 100_000
"""Bytes: it is loaded with every page."""
LONGEST_URL = 2000
READABLE = 4.5
"""The contrast of text to its ground that WCAG 2.2 AA asks for."""
SHEET, DARK_SHEET = "#ffffff", "#1b1d23"
"""The grounds of the pages by day and by night."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_URL = re.compile(r"https?://[^\s/?#@\"<>]+([/?#][^\s\"<>]*)?")
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


class BrandInvalid(TrothError):
    """A look that cannot be kept like this; the message begins with the field."""


class Shades(NamedTuple):
    """A colour made readable: by day on white, by night on the dark sheet, each with what stands on it."""

    day: str
    on_day: str
    night: str
    on_night: str


def read_brand(workspace_id: int) -> Brand:
    """How a workspace's pages look; an unsaved row with the defaults where nothing was chosen."""
    return Brand.objects.filter(workspace_id=workspace_id).first() or Brand(workspace_id=workspace_id)


def save_brand(workspace_id: int, *, accent: str, privacy_url: str, imprint_url: str) -> Brand:
    """Choose colour and links. Raises BrandInvalid."""
    accent = accent.strip().lower()
    if accent and not _COLOUR.fullmatch(accent):
        raise BrandInvalid("$.accent: write a colour as #rrggbb, e.g. #2f4bce.")
    if accent and contrast(accent, SHEET) < READABLE:
        raise BrandInvalid(
            f"$.accent: this colour cannot be read on white ({contrast(accent, SHEET):.1f} : 1 of 4.5 : 1): choose a darker one."
        )
    for name, url in (("privacy_url", privacy_url), ("imprint_url", imprint_url)):
        if url and (len(url) > LONGEST_URL or not _URL.fullmatch(url)):
            raise BrandInvalid(f"$.{name}: an address begins with https://, e.g. https://www.example.com/privacy.")
    return _keep(workspace_id, accent=accent, privacy_url=privacy_url, imprint_url=imprint_url)


def save_logo(workspace_id: int, logo: bytes | None) -> Brand:
    """Choose a logo, or none. Raises BrandInvalid."""
    if logo is None:
        return _keep(workspace_id, logo=None, logo_type="", logo_tag="")
    if len(logo) > LARGEST_LOGO:
        raise BrandInvalid(f"$.logo: at most {LARGEST_LOGO // 1000} kB: it is loaded with every page.")
    return _keep(workspace_id, logo=logo, logo_type=_kind_of(logo), logo_tag=sha256(logo).hexdigest()[:16])


def _kind_of(logo: bytes) -> str:
    """The media type by the first bytes; SVG is none of them, for it can run scripts."""
    for begin, kind in _KINDS:
        if logo.startswith(begin):
            return kind
    if logo[:4] == b"RIFF" and logo[8:12] == b"WEBP":
        return "image/webp"
    raise BrandInvalid("$.logo: send a picture as PNG, JPEG or WebP.")


def _keep(workspace_id: int, **changed: object) -> Brand:
    brand, _ = Brand.objects.update_or_create(workspace_id=workspace_id, defaults=changed)
    return brand


def shade(accent: str) -> Shades:
    """A colour for both grounds; by night it is lightened until it can be read."""
    night, share = accent, 0.0
    while contrast(night, DARK_SHEET) < READABLE:
        share += 0.05
        night = _mix(accent, "#ffffff", share)
    return Shades(accent, _on(accent), night, _on(night))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _on(ground: str) -> str:
    return max("#ffffff", "#12173a", key=lambda ink: contrast(ink, ground))


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (value / 255 for value in _parts(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: str, other: str, share: float) -> str:
    mixed = (round(one + (two - one) * min(share, 1.0)) for one, two in zip(_parts(colour), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
