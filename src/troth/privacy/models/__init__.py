"""Requests of persons and what became of them; how far this database has followed the erasure ledger."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models

from troth.privacy.models import compaction as _compaction_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import desk as _desk_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import disclosures as _disclosure_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import forwarding as _forwarding_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import kept as _kept_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import leaving as _leaving_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import opendsr as _opendsr_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import processors as _processor_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import proofs as _proof_models  # noqa: F401 -- its tables are of this app
from troth.privacy.models import takeaways as _takeaway_models  # noqa: F401 -- its tables are of this app


class RequestType(models.TextChoices):
    """Which right is exercised."""

    ACCESS = "access"
    PORTABILITY = "portability"
    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    HUMAN_REVIEW = "human_review"
    """Of a decision that was made by a machine (Art. 22(3))."""


class RequestState(models.TextChoices):
    """Where a request is; `states` says how it moves.

    `deleted`: nobody sees the data any more. `erased`: a search of every byte kept found nothing. `executing`: carried out, the answer is due.
    """

    RECEIVED = "received"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    IDENTITY_CHECK = "identity_check"
    CLARIFICATION = "clarification"
    RUNNING = "running"
    EXTENDED = "extended"
    EXECUTING = "executing"
    DELETED = "deleted"
    ERASED = "erased"
    RESIDUE_FOUND = "residue_found"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PrivacyRequest(models.Model):
    """One exercise of a right. Once the person is erased it holds no personal data: `person_id` is gone, and `sealed` when the search passed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    type = models.CharField(max_length=20, choices=RequestType)
    state = models.CharField(max_length=25, choices=RequestState, default=RequestState.RECEIVED)
    source = models.CharField(max_length=20)
    """The door: `vero`, `api`, `cli`, `ledger` (after a restore), ..."""
    received_at = models.BigIntegerField()
    due_at = models.BigIntegerField()
    deleted_at = models.BigIntegerField(null=True)
    closed_at = models.BigIntegerField(null=True)
    """When there was nothing left to do: for an erasure, when the search passed."""
    person_id = models.BigIntegerField(null=True)
    steps = models.JSONField(default=dict)
    """What was done, in numbers and names of stores."""
    certificate = models.TextField(blank=True)
    """JSON text, signed."""
    sealed = models.BinaryField(null=True)
    """The erased identifiers, encrypted, until the search for them has passed."""
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.BigIntegerField(null=True)
    """When the worker searches for residue (again)."""
    shred_due_at = models.BigIntegerField(null=True)
    """When the last key of a backup that holds the erased person is destroyed; null: there is none."""
    pauses = models.JSONField(default=list)
    """`[since, until]` of each time in which the person owed an answer; `until` null: they still do."""
    paused_at = models.BigIntegerField(null=True)
    """Since when the clock stands still; null: it runs."""
    extended_at = models.BigIntegerField(null=True)
    """When the person was told that the answer takes two months more."""
    seat = models.JSONField(default=list)
    """Country, region and zone by which the term is counted, as they were when the request came."""
    language = models.CharField(max_length=10, blank=True)
    """In which the person is answered; empty: not known."""
    identity = models.CharField(max_length=20, blank=True)
    """By what means it became known who is asking (`desk.identity.Means`); empty: it is not."""
    identified_at = models.BigIntegerField(null=True)
    code_digest = models.BinaryField(null=True)
    """A keyed hash of the code that was mailed to the address on file."""
    code_until = models.BigIntegerField(null=True)
    codes_sent = models.SmallIntegerField(default=0)
    tries = models.SmallIntegerField(default=0)
    """Wrong codes, and values that are not those on file."""
    tell_at = models.BigIntegerField(null=True)
    """When somebody must be told of the term next (`desk.reminding`)."""
    told = models.CharField(max_length=20, blank=True)
    """The last stage of which somebody was told, under the present term."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "person_id"], name="request_by_person"),
            models.Index(fields=["next_try_at"], name="request_to_verify", condition=models.Q(next_try_at__isnull=False)),
            models.Index(fields=["workspace_id", "due_at"], name="request_by_term"),
            models.Index(fields=["shred_due_at"], name="request_to_shred", condition=models.Q(shred_due_at__isnull=False)),
            models.Index(fields=["tell_at"], name="request_to_tell", condition=models.Q(tell_at__isnull=False)),
        ]


class RequestStep(models.Model):
    """One step of a request: who, when, what. It outlives the person and holds no word of theirs, nor about them."""

    id = models.BigIntegerField(primary_key=True)
    """Grows with time."""
    request = models.ForeignKey(PrivacyRequest, on_delete=models.CASCADE, related_name="history")
    workspace_id = models.BigIntegerField()
    at = models.BigIntegerField()
    act = models.CharField(max_length=20)
    """Of `states.Act`, or `open`, `note`, `code`, `tell`."""
    door = models.CharField(max_length=20)
    """By which it was done: `console`, `api`, `cli`, `page`, `worker`, …"""
    user_id = models.BigIntegerField(default=0)
    """The member; 0: none."""
    role = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=25, choices=RequestState)
    """Where the request was afterwards."""
    facts = models.JSONField(default=dict)
    """Fixed names and numbers."""


class RequestWords(models.Model):
    """What was written in a request: reasons, questions, answers, notes. It is the person's, and goes with them."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "words_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    words_id = models.BigIntegerField()
    """That of the step they belong to."""
    request_id = models.UUIDField()
    workspace_id = models.BigIntegerField()
    at = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    """The act: `refuse`, `extend`, `answer`, …"""
    subject = models.TextField(blank=True)
    """Of the mail, if one was sent."""
    text = models.TextField()


class LedgerPosition(models.Model):
    """The number of the last entry of the erasure ledger that this database has applied; one row, whose id is 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    applied = models.BigIntegerField(default=0)


class RecordSetting(models.Model):
    """What the record of processing says beside what can be derived (`record.parties`)."""

    workspace_id = models.BigIntegerField(primary_key=True)
    parties = models.JSONField(default=dict)
    changed_at = models.BigIntegerField()


class RetentionRule(models.Model):
    """A schedule: which data goes, and when (`retention.rules`)."""

    workspace_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    target = models.CharField(max_length=10)
    """`category`, `attribute`, `event`, `property` or `person`."""
    category = models.CharField(max_length=20, blank=True)
    event = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    purpose = models.CharField(max_length=64, blank=True)
    """For which the data is collected, or whose consent ended; empty: any."""
    trigger = models.CharField(max_length=20)
    """`age`, `last_activity` or `consent_end`."""
    period = models.CharField(max_length=32)
    """An ISO 8601 duration from the trigger on."""
    is_active = models.BooleanField(default=False)
    created_at = models.BigIntegerField()
    due_at = models.BigIntegerField(default=0)
    """When it runs next."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="retention_by_workspace")]


class RetentionRun(models.Model):
    """One carrying out of a schedule: what it covered, how far it is, and what went, in numbers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    rule_id = models.BigIntegerField()
    rule = models.JSONField()
    """The schedule as it was."""
    data = models.JSONField(default=list)
    """What it covered by name: kind, event, name."""
    cutoff = models.BigIntegerField()
    bucket = models.SmallIntegerField(default=0)
    counts = models.JSONField(default=dict)
    started_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    certificate = models.TextField(blank=True)
    """JSON text, signed."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "started_at"], name="retention_run_by_age"),
            models.Index(fields=["started_at"], name="retention_run_under_way", condition=models.Q(ended_at=None)),
        ]


class LegalHold(models.Model):
    """What must not go, of a person or (person 0) of everybody; retention leaves it, and an erasure sets it aside."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "hold_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    hold_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, blank=True)
    """`attribute`, `event` or `property`; empty: everything."""
    event = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    exception = models.CharField(max_length=20, default="claims")
    """Of Art. 17(3), see `kept.EXCEPTIONS`."""
    ground = models.TextField()
    until = models.BigIntegerField()
    placed_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "hold_id"], name="hold_by_workspace")]


class Processor(models.Model):
    """An entry of the register of processors (`processors.register`)."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=2000)
    address = models.TextField(blank=True)
    contact = models.TextField(blank=True)
    service = models.TextField(blank=True)
    data_categories = models.TextField(blank=True)
    location = models.TextField(blank=True)
    """Where data is processed."""
    transfer_tool = models.CharField(max_length=20, blank=True)
    tia = models.TextField(blank=True)
    """The assessment of the transfer, with its date and review."""
    dpa = models.TextField(blank=True)
    """The agreement (Art. 28(3)): where it lies."""
    parent_id = models.BigIntegerField(null=True)
    """Whose sub-processor it is; None: our own."""
    channels = models.JSONField(default=list)
    """The ids of the channels by which data reaches it."""
    webhooks = models.JSONField(default=list)
    created_at = models.BigIntegerField()
    effective_at = models.BigIntegerField()
    objection = models.TextField(blank=True)
    ended_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="processor_by_workspace")]


class ProcessorNotice(models.Model):
    """A proposal that members are told of."""

    processor = models.ForeignKey(Processor, on_delete=models.CASCADE, related_name="notices")
    workspace_id = models.BigIntegerField()
    at = models.BigIntegerField()
    told = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["id"], name="processor_to_tell", condition=models.Q(told=False))]


class InventoryItem(models.Model):
    """What is stored under one name: counts, types, shapes and doors. Never a value, and no name that looks like one."""

    pk = models.CompositePrimaryKey("workspace_id", "kind", "event", "name", "slice")
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    """`attribute`, `event` or `property`."""
    event = models.CharField(max_length=255)
    """Folded; empty for attributes."""
    name = models.CharField(max_length=255)
    """Empty for events themselves; `address.city` for what lies in an object."""
    slice = models.SmallIntegerField(default=0)
    """Attributes are counted anew slice by slice of all buckets; everything else is counted as it comes, in slice 0."""
    count = models.BigIntegerField()
    first_day = models.IntegerField()
    """Days since 1970-01-01 UTC; 0: not known."""
    last_day = models.IntegerField()
    types = models.JSONField(default=dict)
    doors = models.JSONField(default=dict)
    shapes = models.JSONField(default=dict)
    """The commonest forms of the values that were looked at."""
    votes = models.JSONField(default=dict)
    """Which categories those values spoke for."""
    looked_at = models.IntegerField(default=0)


class InventoryPosition(models.Model):
    """How far the counting is; one row, whose id is 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    bucket = models.SmallIntegerField(default=0)
    """Events of the buckets before were counted, and are counted as they come."""
    slice = models.SmallIntegerField(default=0)
    """The next slice whose attributes are counted."""
    counted_at = models.BigIntegerField(default=0)
    """When all attributes had last been counted, in milliseconds."""


class DataCategory(models.Model):
    """A category that a member gave to an attribute, event or property: it stands above what rules say."""

    pk = models.CompositePrimaryKey("workspace_id", "kind", "event", "name")
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=20)
    at = models.BigIntegerField()


class InventoryAlarm(models.Model):
    """How much of a workspace was stored or handed on but not declared when that was last looked at."""

    workspace_id = models.BigIntegerField(primary_key=True)
    alarms = models.IntegerField()
    at = models.BigIntegerField()


class Breach(models.Model):
    """An entry of the register of breaches (Art. 33(5)). It names no person: whom it touched is told in numbers and kinds."""

    workspace_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    kinds = models.JSONField(default=list)
    """Of `confidentiality`, `integrity`, `availability`."""
    facts = models.TextField(blank=True)
    effects = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    categories = models.TextField(blank=True)
    """Of persons and of data, in words."""
    people = models.BigIntegerField(null=True)
    records = models.BigIntegerField(null=True)
    began_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    aware_at = models.BigIntegerField()
    """When the 72 hours began."""
    decision = models.CharField(max_length=10, blank=True)
    """Empty, `tell` or `no_risk`."""
    decision_reason = models.TextField(blank=True)
    is_high_risk = models.BooleanField(default=False)
    authority_told_at = models.BigIntegerField(null=True)
    persons_told_at = models.BigIntegerField(null=True)
    controllers_told_at = models.BigIntegerField(null=True)
    told = models.CharField(max_length=10, blank=True)
    """What its keepers were told of last (`breaches.telling`)."""
    created_at = models.BigIntegerField()
    closed_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "aware_at"], name="breach_by_age"),
            models.Index(
                fields=["aware_at"],
                name="breach_running",
                condition=models.Q(closed_at=None, authority_told_at=None) & ~models.Q(decision="no_risk"),
            ),
        ]


class BreachStep(models.Model):
    """What was said or done about a breach, by whom and when; never changed."""

    breach = models.ForeignKey(Breach, on_delete=models.CASCADE)
    at = models.BigIntegerField()
    user_id = models.BigIntegerField()
    """The member; 0: through the API or the command line."""
    what = models.CharField(max_length=30)
    detail = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    """What the changed fields said before."""
    note = models.TextField(blank=True)


class Clearing(models.Model):
    """What was collected under a name and is not any more is deleted, step by step; then it stays as proof, in numbers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    bucket = models.SmallIntegerField(default=0)
    """Where it goes on."""
    cleared = models.BigIntegerField(default=0)
    """Persons or events that held it."""
    started_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)


class ImpactAssessment(models.Model):
    """An assessment of impact (Art. 35), or a declaration of its criteria on the way to one; appended, never changed."""

    workspace_id = models.BigIntegerField()
    declared = models.JSONField(default=list)
    """The criteria met that only people know of."""
    criteria = models.JSONField(default=list)
    """All that were met when it was signed."""
    text = models.TextField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    function = models.CharField(max_length=100, blank=True)
    user_id = models.BigIntegerField()
    at = models.BigIntegerField()
    signed_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="assessment_by_workspace")]
