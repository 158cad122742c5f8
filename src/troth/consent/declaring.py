"""What an owner declares of how a workspace asks for consent: its own preference page as a source of decisions, and an imbalance of power."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction

from troth.consent.catalog import forget_catalogs
from troth.consent.models import ConsentSetting, NoticeVersion
from troth.consent.notices import NoticeUnknown, find_notice
from troth.kernel.errors import TrothError

LONGEST_INSTRUCTION = 4_000
LONGEST_URL = 2_000
_URL = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?")


class DeclarationInvalid(TrothError):
    """A declaration that cannot be kept like this."""


def read_setting(workspace_id: int) -> ConsentSetting:
    """What is declared, as it stands in the database; nothing declared: an unsaved row with its defaults."""
    return ConsentSetting.objects.filter(workspace_id=workspace_id).first() or ConsentSetting(workspace_id=workspace_id)


def declare_source(workspace_id: int, notice: str, version: int, language: str, url: str, instruction: str, *, now: int) -> ConsentSetting:
    """From now on a bare grant or resubscribe counts as given on the controller's own page, which shows this text (Art. 28(3)(a)).

    Replaces what was declared before; records made under that keep it. Raises NoticeUnknown, DeclarationInvalid.
    """
    find_notice(workspace_id, notice)
    if not NoticeVersion.objects.filter(workspace_id=workspace_id, notice=notice, version=version, language=language).exists():
        raise NoticeUnknown("There is no such version of the notice in this language: publish it first.")
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        raise DeclarationInvalid("$.url: the address of the page begins with https:// and names nobody, e.g. https://www.example.com/mail.")
    if not instruction.strip() or len(instruction) > LONGEST_INSTRUCTION:
        raise DeclarationInvalid(f"$.instruction: say who declares it and how the page asks, in {LONGEST_INSTRUCTION} characters at most.")
    return _keep(
        workspace_id,
        source_notice=notice,
        source_version=version,
        source_language=language,
        source_url=url,
        instruction=instruction.strip(),
        declared_at=now,
    )


def withdraw_source(workspace_id: int) -> ConsentSetting:
    """From now on a bare grant permits nothing again; what was recorded under the declaration stays as it is."""
    return _keep(workspace_id, source_notice="", source_version=0, source_language="", source_url="", instruction="", declared_at=0)


def state_imbalance(workspace_id: int, imbalance: bool) -> ConsentSetting:
    """Whether people depend on the controller: then no purpose can rest on their consent, at no use (C12, rec. 43)."""
    return _keep(workspace_id, imbalance=imbalance)


def _keep(workspace_id: int, **changed: Any) -> ConsentSetting:
    with transaction.atomic():
        setting, _ = ConsentSetting.objects.update_or_create(workspace_id=workspace_id, defaults=changed)
        transaction.on_commit(forget_catalogs)
    forget_catalogs()
    return setting
