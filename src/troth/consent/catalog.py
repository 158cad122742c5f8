"""The purposes of a workspace and what is assigned to them: small configuration, held for at most a second."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

from django.db import connection

from troth.consent.evidence import Shown
from troth.consent.models import RESTRICTED, Assignment, ConsentSetting, LegalBasis, NotCollected, NoticeVersion, Purpose, Topic
from troth.consent.wishes import CHANNELS, PACES, WISH, topic_key
from troth.kernel.clock import SECOND, now_ms
from troth.kernel.errors import TrothError

SERVICE = "service"
MARKETING_EMAIL = "marketing_email"
PROFILING = "behavioural_profiling"
OPEN_TRACKING = "open_tracking"
CLICK_TRACKING = "click_tracking"

DEFAULTS: tuple[tuple[str, str, LegalBasis, bool], ...] = (
    (SERVICE, "Provide the service", LegalBasis.CONTRACT, False),
    (MARKETING_EMAIL, "News and offers by e-mail", LegalBasis.CONSENT, True),
    (PROFILING, "Choose messages by behaviour", LegalBasis.CONSENT, False),
    (OPEN_TRACKING, "Measure who opens mail", LegalBasis.CONSENT, False),
    (CLICK_TRACKING, "Measure who clicks links", LegalBasis.CONSENT, False),
)


class PurposeUnknown(TrothError):
    """A purpose that the workspace does not have."""


@dataclass(frozen=True)
class PurposeRule:
    """What the gate needs to know of a purpose."""

    key: str
    name: str
    basis: str
    is_marketing: bool
    version: int = 1
    material_since: int = 0
    """Milliseconds: a consent given before counts no more."""
    changed_at: int = 0
    """Milliseconds: who consented before is to be asked again, whether or not the consent counts."""
    consent_lasts: str = ""
    double_opt_in: bool = False
    special_category: bool = False
    soft_opt_in: bool = False
    transfers: bool = False
    automated: bool = False
    sharing: bool = False
    """What Global Privacy Control objects to."""
    archived: bool = False
    imbalance: bool = False
    """Rests on consent, and nobody is free to give it here (rec. 43)."""
    description: Mapping[str, str] = field(default_factory=dict)
    """Language → what is done, in plain words."""

    def description_in(self, language: str) -> str:
        """What is done, in a language or its main one; empty where nobody wrote it."""
        return self.description.get(language) or self.description.get(language.split("-", maxsplit=1)[0], "")


@dataclass(frozen=True)
class TopicRule:
    """What mail is about, within a purpose."""

    key: str
    purpose: str
    names: Mapping[str, str]
    """Language → what people call it."""
    archived: bool = False

    def name_in(self, language: str) -> str:
        """Its name in a language or its main one, else in English, else in any."""
        main = language.split("-", maxsplit=1)[0]
        return self.names.get(language) or self.names.get(main) or self.names.get("en") or next(iter(self.names.values()), self.key)


@dataclass(frozen=True)
class Setting:
    """What an owner declared about how the workspace asks for consent; see `ConsentSetting`."""

    imbalance: bool = False
    source_notice: str = ""
    source_version: int = 0
    source_language: str = ""
    source_url: str = ""
    declared_at: int = 0


@dataclass(frozen=True)
class Dropped:
    """What the workspace stopped collecting (`collecting`), as the doors ask for it."""

    attributes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    properties: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Event → names."""


@dataclass(frozen=True)
class Catalog:
    """One workspace's purposes by key, and the purposes of its event names and attributes."""

    purposes: dict[str, PurposeRule]
    """Those in use; see `archived` for the others."""
    events: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    notices: dict[tuple[str, str, str], Shown] = field(default_factory=dict)
    """Published notices by key, version and language."""
    setting: Setting = Setting()
    archived: dict[str, PurposeRule] = field(default_factory=dict)
    """Nothing is done for them any more, but a withdrawal is still heard."""
    topics: dict[str, TopicRule] = field(default_factory=dict)
    """By key, archived ones too."""
    dropped: Dropped = Dropped()
    has_restricted: bool = False
    """Whether anybody's processing is restricted (Art. 18), so that a door need ask only then; a restriction counts there within a second."""

    def basis(self, purpose: str) -> str | None:
        """The legal basis of a purpose; None when there is no such purpose."""
        rule = self.purposes.get(purpose)
        return rule.basis if rule else None

    def rule(self, purpose: str) -> PurposeRule | None:
        """A purpose, archived or not, or a wish (`wishes`)."""
        return self.purposes.get(purpose) or self.archived.get(purpose) or self.wishes.get(purpose)

    @cached_property
    def wishes(self) -> dict[str, PurposeRule]:
        """What persons can want, as the gate sees it, by the keys of their decisions."""
        topics = [(topic_key(key), topic.name_in("en"), topic.archived) for key, topic in self.topics.items()]
        always = [*CHANNELS.items(), *((key, name) for key, (name, _) in PACES.items())]
        named = [*topics, *((key, name, False) for key, name in always)]
        return {key: PurposeRule(key=key, name=name, basis=WISH, is_marketing=False, archived=archived) for key, name, archived in named}

    @property
    def sharing(self) -> list[str]:
        """The purposes that a browser's Global Privacy Control objects to."""
        return [rule.key for rule in self.purposes.values() if rule.sharing]

    def require(self, purpose: str) -> PurposeRule:
        """A purpose by key. Raises PurposeUnknown."""
        rule = self.purposes.get(purpose)
        if rule is None:
            raise PurposeUnknown(f"There is no such purpose in this workspace: choose one of {', '.join(sorted(self.purposes))}.")
        return rule

    @property
    def marketing(self) -> list[str]:
        """The purposes that a global unsubscribe withdraws."""
        return [rule.key for rule in self.purposes.values() if rule.is_marketing]

    @property
    def direct_marketing(self) -> list[str]:
        """The purposes that an objection to direct marketing ends: all marketing, and profiling for it (Art. 21(2) GDPR)."""
        return sorted(rule.key for rule in self.purposes.values() if rule.is_marketing or rule.key == PROFILING)


SETTING = tuple(field.name for field in fields(Setting))
_held: dict[int, tuple[int, Catalog]] = {}
_lock = threading.Lock()


def load_catalog(workspace_id: int) -> Catalog:
    """The catalog of a workspace, at most one second old; the default purposes are created on first use."""
    moment = now_ms()
    with _lock:
        held = _held.get(workspace_id)
    if held and moment - held[0] < SECOND:
        return held[1]
    catalog = _read(workspace_id)
    with _lock:
        _held[workspace_id] = (moment, catalog)
    return catalog


def forget_catalogs() -> None:
    """Read the configuration anew at the next use (after a change in this process)."""
    with _lock:
        _held.clear()


def _read(workspace_id: int) -> Catalog:
    rows = list(Purpose.objects.filter(workspace_id=workspace_id))
    if not rows:
        made = [Purpose(workspace_id=workspace_id, key=k, name=n, legal_basis=b, is_marketing=m) for k, n, b, m in DEFAULTS]
        Purpose.objects.bulk_create(made, ignore_conflicts=True)
        rows = list(Purpose.objects.filter(workspace_id=workspace_id))
    assigned: dict[str, dict[str, str]] = {"event": {}, "attribute": {}}
    data = Assignment.objects.filter(workspace_id=workspace_id, kind__in=assigned)
    for kind, name, purpose in data.values_list("kind", "name", "purpose"):
        assigned[kind][name] = purpose
    setting = _read_setting(workspace_id)
    rules = [_rule(row, setting) for row in rows]
    return Catalog(
        purposes={rule.key: rule for rule in rules if not rule.archived},
        events=assigned["event"],
        attributes=assigned["attribute"],
        notices=_read_notices(workspace_id),
        setting=setting,
        archived={rule.key: rule for rule in rules if rule.archived},
        topics={
            row.key: TopicRule(key=row.key, purpose=row.purpose, names=row.name, archived=row.archived)
            for row in Topic.objects.filter(workspace_id=workspace_id).order_by("pk")
        },
        dropped=_read_dropped(workspace_id),
        has_restricted=_has_restricted(workspace_id),
    )


def _read_dropped(workspace_id: int) -> Dropped:
    rows = list(NotCollected.objects.filter(workspace_id=workspace_id).values_list("kind", "event", "name"))
    properties: dict[str, set[str]] = {}
    for kind, event, name in rows:
        if kind == "property":
            properties.setdefault(event, set()).add(name)
    return Dropped(
        attributes=frozenset(name for kind, _, name in rows if kind == "attribute"),
        events=frozenset(event for kind, event, _ in rows if kind == "event"),
        properties={event: frozenset(names) for event, names in properties.items()},
    )


def _read_setting(workspace_id: int) -> Setting:
    row = ConsentSetting.objects.filter(workspace_id=workspace_id).first()
    return Setting(**{name: getattr(row, name) for name in SETTING}) if row else Setting()


def _read_notices(workspace_id: int) -> dict[tuple[str, str, str], Shown]:
    return {
        (row.notice, str(row.version), row.language): Shown(
            key=row.notice,
            version=str(row.version),
            language=row.language,
            text_hash=row.text_hash,
            published_at=row.published_at,
            purposes=tuple(row.purposes),
            says=row.says,
        )
        for row in NoticeVersion.objects.filter(workspace_id=workspace_id)
    }


def _rule(row: Purpose, setting: Setting) -> PurposeRule:
    return PurposeRule(
        key=row.key,
        name=row.name,
        basis=row.legal_basis,
        is_marketing=row.is_marketing,
        version=row.version,
        material_since=row.material_since,
        changed_at=row.changed_at,
        consent_lasts=row.consent_lasts,
        double_opt_in=row.double_opt_in,
        special_category=row.special_category,
        soft_opt_in=row.soft_opt_in,
        transfers=bool(row.transfers),
        automated=bool(row.automated_decision),
        sharing=row.sharing,
        archived=row.archived,
        description=row.description,
        imbalance=setting.imbalance and row.legal_basis == LegalBasis.CONSENT,
    )


def _has_restricted(workspace_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM consent_stance WHERE workspace_id = %s AND {RESTRICTED} LIMIT 1", [workspace_id])
        return cursor.fetchone() is not None
