"""Which category a name and its values speak for, and the shape of a value: plain rules, pure functions, nothing that remembers a value.

A category is a proposal: names are matched word by word (`billing_email`, `dateOfBirth`), values by what can be verified of them (check digits,
ranges). A member's correction stands above both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from troth.people.identifiers import normalise_phone

PROFILE, BEHAVIOUR = "profile", "behaviour"
SPECIAL, CRIMINAL = "special", "criminal"
CATEGORIES: Mapping[str, str | Promise] = {
    "identity": _("identity: names, user names"),
    "contact": _("contact: e-mail, phone, address"),
    "demographic": _("demographic: age, sex, language, nationality"),
    "location": _("location"),
    "financial": _("financial: accounts, cards, income"),
    "official_id": _("official identification numbers"),
    "technical": _("technical: IP addresses, devices, links"),
    "free_text": _("free text, which may say anything"),
    BEHAVIOUR: _("behaviour: what people did"),
    PROFILE: _("profile: what is known beside"),
    SPECIAL: _("special categories (Art. 9): health, belief, sex life, …"),
    CRIMINAL: _("criminal convictions and offences (Art. 10)"),
    "none": _("no personal data"),
}
SENSITIVE = frozenset({SPECIAL, CRIMINAL})
_NAMES: Mapping[str, str] = {
    SPECIAL: "health medical diagnosis disease illness disability patient medication allergy allergies blood pregnant pregnancy religion religious"
    " church faith ethnicity ethnic race political party union sexuality orientation biometric fingerprint genetic dna gesundheit krankheit"
    " diagnose behinderung schwanger konfession gewerkschaft santé maladie salud enfermedad religión",
    CRIMINAL: "criminal conviction convictions offence offense prison vorstrafe",
    "contact": "email mail emailaddress phone mobile telephone tel fax street address address1 address2 addressline1 zip zipcode postcode postal"
    " plz strasse straße telefon handy adresse anschrift rue téléphone courriel calle correo teléfono",
    "demographic": "age birthday birthdate birth dob gender sex language locale nationality citizenship marital children geburtstag geburtsdatum"
    " geschlecht alter sprache naissance sexe langue nacimiento idioma",
    "official_id": "ssn passport license licence taxid vat nif dni ausweis steuernummer personalausweis nationalid insurance",
    "financial": "iban bic swift card cardnumber creditcard pan account salary income bank gehalt einkommen konto kontonummer salaire ingresos",
    "location": "city country region state latitude longitude lat lng lon geo location timezone stadt land ort ville pays ciudad país",
    "technical": "ip ipaddress useragent device browser os platform cookie session sessionid referrer url uri path screen token fingerprintid",
    "free_text": "note notes comment comments message description feedback remark remarks text body reason answer bemerkung nachricht kommentar",
    "identity": "name firstname lastname fullname givenname familyname surname middlename nickname username login title vorname nachname"
    " nom prénom nombre apellido signature photo avatar userid customerid",
}
_BY_WORD = {word: category for category, words in _NAMES.items() for word in words.split()}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
_NOT_A_PERSONS = frozenset(
    {"product", "item", "plan", "company", "file", "event", "segment", "campaign", "page", "order", "category", "brand"}
)
"""Words beside which `name`, `title` and the like speak of things."""
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@.]{2,}")
_CARD = re.compile(r"(?:\d[ -]?){12,18}\d")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_URL = re.compile(r"https?://\S+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?")
_LOCATED = frozenset(".:")
LONGEST_LOOKED_AT = 200
LONGEST_SHAPE = 24


@lru_cache(maxsize=4096)
def category_of_name(name: str) -> str:
    """The category that a name speaks for, the gravest of its words first; empty: none."""
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = ["".join(pair) for pair in pairwise(words)]
    found = {_BY_WORD[word] for word in (*words, *pairs) if word in _BY_WORD}
    if found == {"identity"} and _NOT_A_PERSONS.intersection(words):
        return ""
    return next((category for category in _NAMES if category in found), "")


def category_of_value(value: Any) -> str:
    """The category that a value proves by its form; empty: none. Values are read and forgotten."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)[: LONGEST_LOOKED_AT + 1].strip()
    if isinstance(value, int):
        return "financial" if 13 <= len(text) <= 19 and _is_card(text) else ""
    if "@" in text and _EMAIL.fullmatch(text):
        return "contact"
    if text.startswith(("+", "00")) and normalise_phone(text):
        return "contact"
    if _IBAN.fullmatch(text) and _is_iban(text.replace(" ", "")):
        return "financial"
    if _CARD.fullmatch(text) and _is_card(text):
        return "financial"
    if _LOCATED.intersection(text[:5]) and len(text) < 46 and _is_ip(text):
        return "technical"
    if text.startswith("http") and _URL.fullmatch(text):
        return "technical"
    return "free_text" if text.count(" ") >= 4 else ""


def judge_category(kind: str, name: str, votes: Mapping[str, int], looked_at: int, types: Collection[str] = ()) -> str:
    """What rules say: a grave name first, then what most values prove, then the name, then what events or attributes are in general.

    The name of an event says what was done, so that only grave words count there; a note that is a number is no free text.
    """
    named = category_of_name(name)
    if named in SENSITIVE:
        return named
    if kind == "event" or (named == "free_text" and types and "text" not in types):
        named = ""
    voted = max(votes, key=lambda category: (votes[category], category)) if votes else ""
    if voted and 2 * votes[voted] >= looked_at and (voted != "free_text" or not named):
        return voted
    return named or (PROFILE if kind == "attribute" else BEHAVIOUR)


def shape_of(value: Any) -> str:
    """The form of a value without its letters and figures: `a@a.a`, `9999-99-99`, `Aa a`. Runs of letters become one, so that nothing can be guessed."""
    if value is None or isinstance(value, bool | list | dict):
        return ""
    if isinstance(value, int | float):
        return "9.9" if isinstance(value, float) and not value.is_integer() else "9" * min(len(str(abs(int(value)))), 9)
    text = value[: LONGEST_LOOKED_AT + 1]
    if _DATE.fullmatch(text):
        return "9999-99-99" if len(text) == 10 else "9999-99-99T99:99"
    if _URL.fullmatch(text):
        return "https://a"
    if len(text) > LONGEST_LOOKED_AT or text.count(" ") > 3:
        return "a a a …"
    drawn = "".join(_draw(character) for character in text)
    drawn = re.sub(r"(a)\1+|(A)\2+|(9)\3+", lambda run: run[0][0], drawn)
    return drawn if len(drawn) <= LONGEST_SHAPE else drawn[: LONGEST_SHAPE - 1] + "…"


def _draw(character: str) -> str:
    if character.isalpha():
        return "A" if character.isupper() else "a"
    if character.isdigit():
        return "9"
    return character if character in " @.-_/+:,#|" else "?"


def safe_name(name: str) -> str:
    """A name as it may be kept: one that is itself an address, a number or long is replaced by its shape, for it may be somebody's data."""
    if category_of_value(name) or "@" in name or len(name) > 100 or sum(character.isdigit() for character in name) > 6:
        return f"‹{shape_of(name)}›"
    return name


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_card(text: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check digits of ISO 13616: the number, turned round and with letters as numbers, leaves 1 when divided by 97."""
    return 15 <= len(text) <= 34 and int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1
