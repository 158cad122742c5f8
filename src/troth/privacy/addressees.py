"""Who is told by mail of what concerns data protection, each in their language: the controller (Art. 28), members with authority, the privacy contact.

A controller's language stands beside its address; a member's in their own settings, and where they chose none it is the workspace's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.db.models import QuerySet

from troth.content.languages import choose_language, normalise_language
from troth.kernel.speech import Speech
from troth.messages.member_mail import mail_each
from troth.privacy.mail_words import WORDS
from troth.workspaces.models import Member, Role, Workspace

AUTHORITY = (Role.OWNER, Role.PRIVACY_OFFICER)


class Addressee(NamedTuple):
    """Where a mail goes, and in which words it is written."""

    address: str
    say: Speech


def speech_of(language: str) -> Speech:
    """The words of a mail in a language, `de-AT` as `de`; English where it is not spoken, or not known."""
    chosen = choose_language(WORDS, [normalise_language(language)]) or "en"
    return Speech(chosen, WORDS[chosen])


def mail_to(addressees: Iterable[Addressee], write: Callable[[Speech], tuple[str, str]], now: int) -> int:
    """Mail each what `write` says, subject and text, in their words; as `member_mail.mail_each`, and never inside a transaction."""
    return mail_each(((one.address, *write(one.say)) for one in addressees), now)


def find_controllers(workspace_id: int) -> list[Addressee]:
    """The contact of the controller for whom a workspace processes; where its own account is that, its owners and privacy officers. None: nobody is known."""
    own = Workspace.objects.only("processes_for", "controller_contact", "controller_language").get(pk=workspace_id)
    if own.processes_for:
        return [Addressee(own.controller_contact, speech_of(own.controller_language))] if own.controller_contact else []
    return find_members(workspace_id, AUTHORITY)


def find_members(workspace_id: int, roles: Iterable[str] = AUTHORITY) -> list[Addressee]:
    """Active members with one of these roles."""
    return address_members(Member.objects.filter(workspace=workspace_id, role__in=list(roles)).order_by("pk"))


def find_contact(workspace_id: int) -> list[Addressee]:
    """The privacy contact, in the language of the member who has that address, else of the workspace; none: nobody is named."""
    contact, language = Workspace.objects.values_list("privacy_contact", "language").get(pk=workspace_id)
    if not contact:
        return []
    members = address_members(Member.objects.filter(workspace=workspace_id, user__email__iexact=contact))
    return [Addressee(contact, members[0].say if members else speech_of(language))]


def find_officers(workspace_id: int, *, is_over: bool) -> list[Addressee]:
    """Who answers for requests: the privacy contact; without one, or once a term is over, owners and privacy officers too."""
    contact = find_contact(workspace_id)
    return each_once([*contact, *(find_members(workspace_id) if is_over or not contact else [])])


def address_members(members: QuerySet[Member]) -> list[Addressee]:
    """Members whose account is active, in the order given."""
    rows = members.filter(user__is_active=True).values_list("user__email", "user__locale", "workspace__language")
    return each_once(Addressee(address, speech_of(locale or language)) for address, locale, language in rows)


def each_once(addressees: Iterable[Addressee]) -> list[Addressee]:
    """One mail for each address, however many roles or workspaces lead to it; in the words that come first."""
    found: dict[str, Addressee] = {}
    for one in addressees:
        found.setdefault(one.address, one)
    return list(found.values())
