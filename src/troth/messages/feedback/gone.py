"""Addresses that turned out not to exist when a message was handed over: devices are taken from the person, the others are stopped."""

from __future__ import annotations

from collections.abc import Sequence

from troth.intake.commands import Command, Device, Identify, Identity
from troth.intake.door import apply
from troth.messages.channels.port import Feedback, Medium, Told
from troth.messages.feedback.noting import note_feedback
from troth.messages.queue import Settlement

HAND_OVER = "hand_over"
"""Stands where a provider's name stands with what is told later."""


def forget_gone(settlements: Sequence[Settlement], now: int) -> None:
    """Through the one door: a token that no app answers to any more is no datum of the person's (Art. 5(1)(d))."""
    commands: list[Command] = []
    for settled in settlements:
        subject, medium = settled.claim.subject, Medium(settled.claim.channel)
        if not settled.gone:
            continue
        if medium is Medium.PUSH:
            devices = tuple(Device(token=one.recipient, platform=one.platform) for one in settled.gone)
            commands.append(
                Identify(
                    workspace_id=subject.workspace_id,
                    identity=Identity(person_id=subject.person_id),
                    source="feedback",
                    received_at=now,
                    rectifies=True,
                    remove_identifiers=Identity(devices=devices),
                )
            )
            continue
        told = [
            Feedback(told=Told.HARD_BOUNCE, at=now, message_id=one.message_id, recipient=one.recipient, diagnostic="refused at hand-over")
            for one in settled.gone
        ]
        note_feedback(subject.workspace_id, medium, told, provider=HAND_OVER, now=now)
    if commands:
        apply(commands, now=now)
