"""Invented people of an invented product, Papertrail, where teams keep their notes. The same seed makes the same people."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = (
    "Ada Amir Ana Anton Aylin Bea Ben Bo Carla Chen Dana Dario Elif Emil Esra Eva Farid Fiona Gustav Hana Hugo Ida Ilya Ines Ivan Jana Jonas"
    " Juno Kaja Karim Lea Leon Lina Luca Maja Malik Mara Mateo Mina Nadia Nils Noor Olga Omar Paula Pia Quinn Rafael Rosa Samir Sara Selma"
    " Simon Sofia Tariq Theo Tilda Uma Vera Viktor Wanda Xenia Yara Yusuf Zoe"
).split()
LAST = (
    "Albers Bakker Berg Blanc Bosch Costa Dahl Demir Diaz Duarte Eriksen Fabre Fischer Gallo Haas Hansen Horvat Ivanov Jansen Kaya Keller"
    " Kovac Kruger Lang Larsen Lopez Marin Meyer Moreau Nagy Novak Okafor Olsen Peeters Petrov Popa Rossi Roux Sato Silva Singh Sorensen"
    " Stein Sousa Tanaka Toth Varga Vidal Weber Winkler Wolf Yilmaz Zeman"
).split()
COMPANIES = (
    "Nordlicht Bikes,Café Central,Hafen Studio,Blue Heron Law,Atelier Voss,Kiesel & Sons,Lumen Labs,Harbor Dental,Verde Foods,Pixel Barn,"
    "Quiet Storm,Oak Street School,Tandem Travel,Rivet Works,Sundial Health,Maple Bakery,Fern & Co,Signal Books,Copper Kettle,Open Window"
).split(",")
ZONES = ("Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Warsaw", "Europe/Lisbon", "America/New_York", "Asia/Tokyo")
PLANS = ("free", "free", "free", "team", "team", "business")


@dataclass(frozen=True)
class Invented:
    """One invented person, and how they behave."""

    external_id: str
    email: str
    first_name: str
    last_name: str
    company: str
    plan: str
    timezone: str
    signed_up_days_ago: float
    sessions_a_week: float
    says: str
    """`yes`, `no` or `nothing` when asked about marketing."""


def invent_people(number: int, seed: int = 7) -> list[Invented]:
    """`number` people, the same ones for the same seed. Addresses end in example.com, so no mail can reach anybody."""
    dice = random.Random(seed)  # noqa: S311 -- invention, not cryptography
    return [_invent(dice, place) for place in range(number)]


def _invent(dice: random.Random, place: int) -> Invented:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    return Invented(
        external_id=f"user-{10_000 + place}",
        email=f"{first}.{last}.{place}@example.com".lower(),
        first_name=first,
        last_name=last,
        company=dice.choice(COMPANIES),
        plan=dice.choice(PLANS),
        timezone=dice.choice(ZONES),
        signed_up_days_ago=90 * dice.random() ** 0.7,
        sessions_a_week=dice.choice((0.5, 1, 2, 3, 5, 7)) * dice.uniform(0.7, 1.3),
        says=dice.choices(("yes", "no", "nothing"), (5, 2, 3))[0],
    )
