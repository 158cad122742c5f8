"""Whom a processor tells what (Art. 28): the controller, at the address and in the language that are known, or the workspace's own members with authority."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from troth.content.languages import choose_language, normalise_language
from troth.kernel.speech import Speech
from troth.privacy.controller_words import WORDS
from troth.workspaces.models import Member, Role, Workspace

AUTHORITY = (Role.OWNER, Role.PRIVACY_OFFICER)


class Addressee(NamedTuple):
    """Where a mail goes, and in which words it is written."""

    address: str
    say: Speech


def speech_of(language: str) -> Speech:
    """The words of a mail to a controller in a language, `de-AT` as `de`; English where it is not spoken, or not known."""
    chosen = choose_language(WORDS, [normalise_language(language)]) or "en"
    return Speech(chosen, WORDS[chosen])


def find_controllers(workspace_id: int) -> list[Addressee]:
    """The contact of the controller for whom a workspace processes; where its own account is that, its owners and privacy officers. None: nobody is known."""
    own = Workspace.objects.only("processes_for", "controller_contact", "controller_language").get(pk=workspace_id)
    if own.processes_for:
        return [Addressee(own.controller_contact, speech_of(own.controller_language))] if own.controller_contact else []
    return find_members(workspace_id, AUTHORITY)


def find_members(workspace_id: int, roles: Iterable[str]) -> list[Addressee]:
    """Active members with one of these roles, each in the language of their own settings."""
    members = (
        Member.objects.select_related("user").filter(workspace=workspace_id, role__in=list(roles), user__is_active=True).order_by("pk")
    )
    return [Addressee(member.user.email, speech_of(member.user.locale)) for member in members]
