"""Which companies of the register of processors get data for which purpose: by the channels and webhooks that lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.privacy.inventory.beside import Sending, find_sendings
from troth.privacy.inventory.recipients import Recipient, carriers_of, find_recipients
from troth.privacy.models import Processor
from troth.privacy.processors.register import list_used

TOOLS_IN_WORDS = {
    "adequacy": "adequacy decision (Art. 45)",
    **{f"scc_{number}": f"standard contractual clauses, module {number} (Art. 46(2)(c))" for number in range(1, 5)},
    "bcr": "binding corporate rules (Art. 47)",
    "derogation": "derogation (Art. 49)",
}
"""Of transfers out of the EEA; inside no tool is needed."""


def reached_for(purpose: str, recipients: list[Recipient], sendings: Iterable[Sending]) -> list[Recipient]:
    """By what data leaves for a purpose: webhooks that hand on for it, and what carries the messages that are sent for it."""
    media = {one.medium for one in sendings if one.purpose == purpose}
    return [*(one for one in recipients if one.purpose == purpose), *carriers_of(media, recipients)]


def companies_of(reached: Iterable[Recipient], processors: Iterable[Processor]) -> list[Processor]:
    """Those of the register that run what data leaves by."""
    links = {(one.kind, int(one.id)) for one in reached}
    return [own for own in processors if links & {*(("channel", one) for one in own.channels), *(("webhook", one) for one in own.webhooks)}]


def find_reached(workspace_id: int, purposes: Iterable[str]) -> dict[str, list[Recipient]]:
    """`reached_for` each purpose."""
    recipients, sendings = find_recipients(workspace_id), find_sendings(workspace_id)
    return {purpose: reached_for(purpose, recipients, sendings) for purpose in purposes}


def find_companies(workspace_id: int, purposes: Iterable[str], now: int) -> dict[str, list[Processor]]:
    """For each purpose the companies that get data for it, or will once their time to object is over."""
    return name_companies(find_reached(workspace_id, purposes), list_used(workspace_id, now))


def name_companies(reached: Mapping[str, Iterable[Recipient]], processors: Iterable[Processor]) -> dict[str, list[Processor]]:
    """`companies_of` what is reached for each purpose. Pure."""
    return {purpose: companies_of(ways, processors) for purpose, ways in reached.items()}


def say_transfer(own: Processor) -> str:
    """Where a company has the data and what safeguards that (Art. 30(1)(e)); empty: it does not leave the EEA, or nobody said."""
    return f"{own.name}: {own.location}, {TOOLS_IN_WORDS[own.transfer_tool]}" if own.transfer_tool in TOOLS_IN_WORDS else ""
