"""The tables of privacy, a module for each of its parts; the most used are named here."""

from __future__ import annotations

from troth.privacy.models import compaction as _compaction_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import contests as _contest_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import desk as _desk_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import disclosures as _disclosure_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import forwarding as _forwarding_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import kept as _kept_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import leaving as _leaving_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import opendsr as _opendsr_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import proofs as _proof_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import takeaways as _takeaway_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models.breaches import Breach, BreachStep
from troth.privacy.models.inventory import Clearing, DataCategory, InventoryAlarm, InventoryItem, InventoryPosition
from troth.privacy.models.processors import Processor, ProcessorNotice
from troth.privacy.models.record import ImpactAssessment, RecordSetting
from troth.privacy.models.requests import LedgerPosition, PrivacyRequest, RequestState, RequestStep, RequestType, RequestWords
from troth.privacy.models.retention import LegalHold, RetentionRule, RetentionRun

__all__ = [
    "Breach",
    "BreachStep",
    "Clearing",
    "DataCategory",
    "ImpactAssessment",
    "InventoryAlarm",
    "InventoryItem",
    "InventoryPosition",
    "LedgerPosition",
    "LegalHold",
    "PrivacyRequest",
    "Processor",
    "ProcessorNotice",
    "RecordSetting",
    "RequestState",
    "RequestStep",
    "RequestType",
    "RequestWords",
    "RetentionRule",
    "RetentionRun",
]
