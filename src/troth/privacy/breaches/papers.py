"""What is sent of a breach: the notification to the authority with all that Art. 33(3) GDPR asks, and words for the persons (Art. 34(2))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from troth.kernel.clock import to_minute
from troth.kernel.pdf import Document
from troth.privacy.breaches.clock import Stage
from troth.privacy.breaches.register import clock_of, list_steps
from troth.privacy.models import Breach

UNKNOWN = "not known yet; it follows (Art. 33(4))"


@dataclass(frozen=True)
class Sender:
    """Who notifies, and whom the authority and the persons can ask."""

    controller: str
    contact: str


def write_notification(breach: Breach, sender: Sender, now: int) -> Document:
    """The notification to the supervisory authority as it stands now: a first one, or a further phase."""
    phases = [step for step in list_steps(breach) if step.what == "told_authority"]
    document = Document(
        "Notification of a personal data breach",
        under=f"Art. 33 GDPR · {sender.controller} · no. {breach.pk}, {'supplement' if phases else 'first notification'}",
        foot=f"{sender.controller}, breach no. {breach.pk}, as of {_say(now)}",
    )
    document.facts(facts_of(breach, sender, now))
    for title, text in (
        ("What happened", breach.facts),
        ("Likely consequences", breach.effects),
        ("Measures taken or proposed", breach.remedy),
    ):
        document.heading(title)
        document.text(text or UNKNOWN)
    if clock_of(breach, now).is_overdue or clock_of(breach, now).stage is Stage.TOLD_LATE:
        document.heading("Reasons for the delay")
        document.text("\n\n".join(step.note for step in phases if step.note) or UNKNOWN)
    return document


def facts_of(breach: Breach, sender: Sender, now: int) -> list[tuple[str, str]]:
    """The short answers of a notification, in words."""
    clock = clock_of(breach, now)
    span = [_say(at) for at in (breach.began_at, breach.ended_at) if at is not None]
    return [
        ("Controller", sender.controller),
        ("Officer or contact point", sender.contact or UNKNOWN),
        ("Kind", ", ".join(breach.kinds)),
        ("When it happened", " to ".join(span) or UNKNOWN),
        ("Aware since", _say(breach.aware_at)),
        ("72 hours end", _say(clock.due_at)),
        ("Categories of persons and of data", breach.categories or UNKNOWN),
        ("Persons, approximately", UNKNOWN if breach.people is None else f"{breach.people:,}"),
        ("Records, approximately", UNKNOWN if breach.records is None else f"{breach.records:,}"),
        ("High risk for the persons", "yes" if breach.is_high_risk else "no" if breach.decision else UNKNOWN),
        ("Persons told", _say(breach.persons_told_at) if breach.persons_told_at else "not yet" if breach.is_high_risk else "no"),
    ]


def _say(at: int) -> str:
    """To the minute, for people, in the zone that leaves no doubt."""
    return f"{to_minute(at)} UTC"


LETTERS: Mapping[str, str] = {
    "en": """Something happened to data about you

{title}

What happened: {facts}

What it may mean for you: {effects}

What we did, and what you can do: {remedy}

You can ask us about it: {contact}. You can also complain to the data protection authority of your country.

{controller}""",
    "de": """Mit Daten über Sie ist etwas geschehen

{title}

Was geschehen ist: {facts}

Was das für Sie bedeuten kann: {effects}

Was wir getan haben und was Sie tun können: {remedy}

Fragen Sie uns dazu: {contact}. Sie können sich auch bei der Datenschutzbehörde Ihres Landes beschweren.

{controller}""",
    "fr": """Un incident a touché des données vous concernant

{title}

Ce qui s’est passé : {facts}

Ce que cela peut signifier pour vous : {effects}

Ce que nous avons fait, et ce que vous pouvez faire : {remedy}

Vous pouvez nous interroger : {contact}. Vous pouvez aussi saisir l’autorité de protection des données de votre pays.

{controller}""",
    "es": """Ha ocurrido algo con datos sobre usted

{title}

Qué ocurrió: {facts}

Qué puede significar para usted: {effects}

Qué hemos hecho y qué puede hacer usted: {remedy}

Puede preguntarnos: {contact}. También puede reclamar ante la autoridad de protección de datos de su país.

{controller}""",
}


def write_letter(breach: Breach, sender: Sender, language: str) -> str:
    """Words for the persons in a language of LETTERS, in plain language, to be read over and sent. What is not known yet stands as three dots."""
    said = {name: getattr(breach, name) or "…" for name in ("title", "facts", "effects", "remedy")}
    return LETTERS[language].format(**said, contact=sender.contact or "…", controller=sender.controller)
