"""What a purpose is called in the language of whoever reads it: as the workspace calls it, or where that left Troth's own name, as that is in the language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from troth.consent.catalog import CLICK_TRACKING, DEFAULTS, MARKETING_EMAIL, OPEN_TRACKING, PROFILING, SERVICE, PurposeRule

OURS: Final = {key: name for key, name, _, _ in DEFAULTS}
"""Troth's own names, in English: what a workspace left so, it did not write."""
NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "de": {
        SERVICE: "Die Leistung erbringen",
        MARKETING_EMAIL: "Neuigkeiten und Angebote per E-Mail",
        PROFILING: "Nachrichten nach Verhalten auswählen",
        OPEN_TRACKING: "Messen, wer Mails öffnet",
        CLICK_TRACKING: "Messen, wer Links folgt",
    },
    "fr": {
        SERVICE: "Fournir le service",
        MARKETING_EMAIL: "Nouvelles et offres par e-mail",
        PROFILING: "Choisir les messages selon le comportement",
        OPEN_TRACKING: "Mesurer qui ouvre les e-mails",
        CLICK_TRACKING: "Mesurer qui suit les liens",
    },
    "es": {
        SERVICE: "Prestar el servicio",
        MARKETING_EMAIL: "Novedades y ofertas por correo",
        PROFILING: "Elegir mensajes según el comportamiento",
        OPEN_TRACKING: "Medir quién abre los correos",
        CLICK_TRACKING: "Medir quién sigue los enlaces",
    },
}


def name_in(rule: PurposeRule, language: str) -> str:
    """What a purpose is called in a language (BCP 47). Pure."""
    return translate_name(rule.key, rule.name, language)


def translate_name(key: str, name: str, language: str) -> str:
    """The name that a purpose has, or had, likewise. Pure."""
    main = language.lower().replace("_", "-").partition("-")[0]
    return NAMES.get(main, {}).get(key, name) if name == OURS.get(key) else name
