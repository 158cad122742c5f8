"""Purposes and what belongs to them (configuration); decisions of persons; suppressions, which hold no personal data in clear."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class LegalBasis(models.TextChoices):
    """Art. 6(1) GDPR."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTEREST = "legitimate_interest"


class OnChange(models.TextChoices):
    """What a material change of a purpose does to the consents given before it."""

    INVALIDATE = "invalidate"
    """They count no more."""
    ASK_AGAIN = "ask_again"
    """They count until the person answers anew."""


class Purpose(models.Model):
    """Why data is processed, and on what basis."""

    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=30, choices=LegalBasis)
    is_marketing = models.BooleanField(default=False)
    """Withdrawn by a global unsubscribe; its mail carries the unsubscribe headers."""
    version = models.IntegerField(default=1)
    description = models.JSONField(default=dict)
    """Language (BCP 47) → what is done, in plain words."""
    data_categories = models.JSONField(default=list)
    retention = models.CharField(max_length=32, blank=True)
    """How long the data is kept, an ISO 8601 duration; empty: as long as the person is known."""
    recipients = models.JSONField(default=list)
    transfers = models.TextField(blank=True)
    """Third countries and the safeguard (Art. 13(1)(f)); empty: none."""
    automated_decision = models.TextField(blank=True)
    """The logic and what follows for the person (Art. 13(2)(f), 22); empty: no automated decision."""
    on_change = models.CharField(max_length=10, choices=OnChange, default=OnChange.INVALIDATE)
    consent_lasts = models.CharField(max_length=32, blank=True)
    """When a consent ends by itself, an ISO 8601 duration; empty: it does not."""
    double_opt_in = models.BooleanField(default=False)
    special_category = models.BooleanField(default=False)
    """Data of Art. 9: the consent must be explicit."""
    soft_opt_in = models.BooleanField(default=False)
    """Marketing to customers on a legitimate interest: only who bought, and could object when they did (Directive 2002/58/EC, Art. 13(2))."""
    changed_at = models.BigIntegerField(default=0)
    """When it last changed materially, whatever that did to the consents given before; 0: never."""
    material_since = models.BigIntegerField(default=0)
    """Milliseconds: a consent given before counts no more (Art. 6(4), 13(3)); 0: all count."""
    sharing = models.BooleanField(default=False)
    """Data is handed to others for purposes of their own, or joined across sites: what a browser's Global Privacy Control objects to."""
    archived = models.BooleanField(default=False)
    """Nothing is done for it any more; its records stay as long as claims can be made."""
    archived_at = models.BigIntegerField(default=0)
    """Milliseconds: since when; 0: it is not, or was before that was noted."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "key"], name="one_purpose_per_key")]


class Topic(models.Model):
    """What mail is about, within a purpose: a part of it that a person can leave while the rest goes on."""

    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=50)
    name = models.JSONField(default=dict)
    """Language (BCP 47) → what people call it; at least one."""
    purpose = models.CharField(max_length=64)
    """What its mail is sent for: who does not permit that gets none of it, whatever they chose here."""
    archived = models.BooleanField(default=False)
    """No mail goes out under it any more; who left it stays known."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "key"], name="one_topic_per_key")]


class PurposeVersion(models.Model):
    """A purpose as it was from a moment on: appended, never changed."""

    pk = models.CompositePrimaryKey("workspace_id", "key", "version")
    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    version = models.IntegerField()
    snapshot = models.JSONField()
    """The fields of the purpose."""
    at = models.BigIntegerField()
    material = models.BooleanField()
    """Whether a person may have decided otherwise, had they known."""
    restores = models.IntegerField(default=0)
    """The earlier version as which it stands again, because a later one is contested; 0: it is one of its own."""


class HeldChange(models.Model):
    """A change that waits, because its instruction is contested as infringing the law (Art. 28(3) GDPR): what was in force before is in force again."""

    workspace_id = models.BigIntegerField()
    what = models.CharField(max_length=600)
    """What was changed: `purpose:KEY`, `collecting:KIND NAME`, `assignment:NUMBER`, `measuring:NUMBER`."""
    wanted = models.JSONField(default=dict)
    """What comes into force if it is confirmed."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "what"], name="one_held_change_of_a_thing")]


KINDS = ("event", "attribute", "segment", "campaign", "topic")
"""What can be assigned to a purpose."""


class Assignment(models.Model):
    """Which purpose something belongs to. An event name or attribute that is not assigned is collected for `service`."""

    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    """One of `KINDS`: `event` and `attribute` are data, the others are what is done with it."""
    name = models.CharField(max_length=255)
    purpose = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "kind", "name"], name="one_assignment_per_name")
        ]


EVERYTHING = "*"
"""The purpose of a restriction (Art. 18): it stands against them all. No purpose of a workspace has this key."""
RESTRICTED = f"purpose = '{EVERYTHING}' AND standing = -1"
"""The stance of somebody restricted, as SQL with literals, so that the index of the few is used."""


class Standing(models.IntegerChoices):
    """Where a person stands on a purpose. `NONE`: something was claimed that permits nothing; when persons merge a refusal beats a grant, and both beat it."""

    REFUSED = -1
    NONE = 0
    GRANTED = 1


class Record(models.Model):
    """One decision of a person on a purpose: appended, never changed."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "record_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    record_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    purpose = models.CharField(max_length=64)
    decision = models.CharField(max_length=20)
    """`grant`, `soft_opt_in`, `withdraw`, `refuse`, `defer`, `object` (Art. 21), `restrict` or `lift` (Art. 18)."""
    valid = models.BooleanField()
    """False: recorded, but permits nothing."""
    at = models.BigIntegerField()
    method = models.CharField(max_length=30)
    source = models.CharField(max_length=20)
    evidence = models.JSONField(default=dict)
    subject_ref = models.BigIntegerField(null=True)
    """Who decided, as Troth knew them then; stays when persons merge."""
    salt = models.BinaryField(max_length=32, null=True)
    """Random; without it the commitment in the ledger says nothing about the record."""
    leaf = models.BigIntegerField(null=True)
    """Its number in the ledger of its workspace; None until the worker has appended it."""
    schema = models.SmallIntegerField(default=1)
    """Which fields its commitment in the ledger is over (`ledger.log.TOLD`)."""
    state = models.CharField(max_length=24, blank=True)
    """The DPV's name for it, e.g. `ConsentGiven`; empty for what is no answer to a request for consent."""
    purpose_version = models.IntegerField(default=0)
    notice = models.CharField(max_length=64, blank=True)
    """The key of the published notice that was shown; empty where the text stands in the evidence or is known by its hash alone."""
    notice_version = models.CharField(max_length=100, blank=True)
    notice_hash = models.CharField(max_length=64, blank=True)
    """SHA-256 of the text shown, in hexadecimal."""
    language = models.CharField(max_length=35, blank=True)
    valid_until = models.BigIntegerField(null=True)
    rules = models.JSONField(default=list)
    """The codes of the rules that it failed (`linter`)."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "record_id"], name="record_to_append", condition=models.Q(leaf=None)),
            models.Index(fields=["workspace_id", "leaf"], name="record_by_leaf", condition=models.Q(leaf__isnull=False)),
            models.Index(fields=["workspace_id", "record_id"], name="record_by_time"),
            models.Index(fields=["workspace_id", "record_id"], name="record_not_valid", condition=models.Q(valid=False)),
        ]


class Stance(models.Model):
    """The standing decision per purpose, derived from the records; what the gate reads.

    A restriction (Art. 18) is `refused` on the purpose `EVERYTHING`, a lifted one `none`, so that one read brings both along, and when persons
    merge the restriction stays. One of a single purpose, while an objection is weighed, is `refused` on that purpose by a record `restrict`.
    """

    pk = models.CompositePrimaryKey("bucket", "person_id", "purpose")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    purpose = models.CharField(max_length=64)
    workspace_id = models.BigIntegerField()
    standing = models.SmallIntegerField(choices=Standing)
    record_id = models.BigIntegerField()
    at = models.BigIntegerField()
    valid_until = models.BigIntegerField(null=True)
    """Milliseconds: when the consent ends by itself; None: it does not."""
    purpose_version = models.IntegerField(default=0)
    """What the purpose was when the person decided; 0: from before purposes had versions."""

    class Meta:
        # Tells, at no cost where there is none, whether anybody in a workspace is restricted, or has a consent that ends by itself.
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id"], name="stance_restricted", condition=models.Q(purpose="*", standing=-1)),
            models.Index(
                fields=["workspace_id", "purpose", "valid_until"],
                name="stance_that_ends",
                condition=models.Q(valid_until__isnull=False),
            ),
            models.Index(
                fields=["workspace_id", "purpose", "standing"],
                name="stance_on_topic",
                condition=models.Q(purpose__gte="topic:", purpose__lt="topic;"),
            ),
        ]


class Suppression(models.Model):
    """The memory, without personal data, that an erased person must not come back: a keyed hash of an identifier."""

    pk = models.CompositePrimaryKey("bucket", "tag")
    bucket = models.SmallIntegerField()
    tag = models.BinaryField(max_length=32)
    workspace_id = models.BigIntegerField()
    scope = models.CharField(max_length=20)
    """`erased`: nothing is collected."""
    since = models.BigIntegerField()
    reason = models.CharField(max_length=20)
    request_id = models.CharField(max_length=36, blank=True)


class SuppressionCount(models.Model):
    """How much was dropped for suppressed identifiers, per workspace, door and day: a number, nobody's data."""

    pk = models.CompositePrimaryKey("workspace_id", "day", "source")
    workspace_id = models.BigIntegerField()
    day = models.IntegerField()
    """Days since 1970-01-01 UTC."""
    source = models.CharField(max_length=20)
    dropped = models.BigIntegerField()


class ErasedRecord(models.Model):
    """The leaf of a record that was erased: the ledger says so, so that a record that is missing without this was removed unlawfully."""

    pk = models.CompositePrimaryKey("workspace_id", "record_leaf")
    workspace_id = models.BigIntegerField()
    record_leaf = models.BigIntegerField()
    leaf = models.BigIntegerField(null=True)
    """Its own number in the ledger."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id"], name="erased_to_append", condition=models.Q(leaf=None)),
            models.Index(fields=["workspace_id", "leaf"], name="erased_by_leaf"),
        ]


class LedgerHead(models.Model):
    """How many leaves the ledger of a workspace has."""

    workspace_id = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField(default=0)


class AuditSeal(models.Model):
    """A hash over the entries of a workspace's audit log from `since` to before `until`, chained to the seal before; appended, never changed."""

    workspace_id = models.BigIntegerField()
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    number = models.BigIntegerField()
    """Of entries."""
    digest = models.BinaryField(max_length=32)
    sealed_at = models.BigIntegerField()
    leaf = models.BigIntegerField(null=True)
    """Its number in the ledger; None: not appended yet."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "until"], name="one_seal_up_to_an_entry")]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "leaf"], name="seal_by_leaf"),
            models.Index(fields=["sealed_at"], name="seal_by_age"),
        ]


class Tile(models.Model):
    """Up to 256 hashes of a ledger (see `ledger.tiles`); keyed commitments, nobody's data."""

    pk = models.CompositePrimaryKey("workspace_id", "level", "number")
    workspace_id = models.BigIntegerField()
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()


class Checkpoint(models.Model):
    """The signed head of a ledger at one size: what is published."""

    pk = models.CompositePrimaryKey("workspace_id", "size")
    workspace_id = models.BigIntegerField()
    size = models.BigIntegerField()
    at = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    """The signed text, as anybody may fetch it."""


class NoticeText(models.Model):
    """A text that people were shown, kept once and named by its content; the same words for everybody, nobody's data."""

    pk = models.CompositePrimaryKey("workspace_id", "sha256")
    workspace_id = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    since = models.BigIntegerField()


class Notice(models.Model):
    """What people are told before they decide, with its draft in each language; what was published stays in `NoticeVersion`."""

    pk = models.CompositePrimaryKey("workspace_id", "key")
    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    purposes = models.JSONField(default=list)
    """The keys of the purposes that it asks about."""
    drafts = models.JSONField(default=dict)
    """Language → {text, and what `notices.SAYS` names}."""
    version = models.IntegerField(default=0)
    """The latest published; 0: none yet."""


class NoticeVersion(models.Model):
    """A notice as published in one language: appended, never changed."""

    pk = models.CompositePrimaryKey("workspace_id", "notice", "version", "language")
    workspace_id = models.BigIntegerField()
    notice = models.CharField(max_length=64)
    version = models.IntegerField()
    language = models.CharField(max_length=35)
    text_hash = models.CharField(max_length=64)
    published_at = models.BigIntegerField()
    purposes = models.JSONField()
    """Purpose key → its version then."""
    says = models.JSONField()
    """What the text says, by the names of `notices.SAYS`."""


class ConsentSetting(models.Model):
    """What an owner declared about how a workspace asks for consent."""

    workspace_id = models.BigIntegerField(primary_key=True)
    imbalance = models.BooleanField(default=False)
    """People depend on the controller (employer, authority): their consent is not free (rec. 43)."""
    source_notice = models.CharField(max_length=64, blank=True)
    """The notice on the company's own preference page; empty: no such page is declared, and a bare grant permits nothing."""
    source_version = models.IntegerField(default=0)
    source_language = models.CharField(max_length=35, blank=True)
    source_url = models.CharField(max_length=2000, blank=True)
    instruction = models.TextField(blank=True)
    """The controller's words (Art. 28(3)(a)): who declared it, and how the page asks."""
    declared_at = models.BigIntegerField(default=0)


class RefusedClaims(models.Model):
    """How many claims of a consent were refused, per workspace, day, door and rule: a number, nobody's data."""

    pk = models.CompositePrimaryKey("workspace_id", "day", "source", "rule")
    workspace_id = models.BigIntegerField()
    day = models.IntegerField()
    """Days since 1970-01-01 UTC."""
    source = models.CharField(max_length=20)
    rule = models.CharField(max_length=4)
    refused = models.BigIntegerField()


class NotCollected(models.Model):
    """An attribute, event or property that a workspace stopped collecting: the doors drop it."""

    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    """Folded; empty for an attribute."""
    name = models.CharField(max_length=255)
    """Empty for an event as a whole."""
    since = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "kind", "event", "name"], name="one_stop_per_datum")
        ]


class NotCollectedCount(models.Model):
    """How much of it was dropped at the doors, per day: a number, nobody's data."""

    pk = models.CompositePrimaryKey("workspace_id", "day", "kind", "event", "name")
    workspace_id = models.BigIntegerField()
    day = models.IntegerField()
    """Days since 1970-01-01 UTC."""
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    dropped = models.BigIntegerField()


class ConsentForm(models.Model):
    """A public form that asks for what a notice asks about. Nothing in it is secret, and nothing of what people enter is kept in it."""

    form_id = models.CharField(max_length=22, primary_key=True)
    """Stands in its address: random, so that it says nothing of how many there are."""
    workspace_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    """For members; people read the notice."""
    notice = models.CharField(max_length=64)
    version = models.IntegerField(default=1)
    fields = models.JSONField(default=list)
    """What is asked beside the address: [{attribute, label, required}]."""
    labels = models.JSONField(default=dict)
    """Purpose → language → what stands beside its box, where the usual words will not do."""
    origins = models.JSONField(default=list)
    """Sites that may show it in a frame, e.g. `https://example.com`."""
    is_open = models.BooleanField(default=True)
    created_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id"], name="form_by_workspace")]


class UsedToken(models.Model):
    """The hash of a confirmation that was pressed, so that it is not taken a second time; kept as long as the token would be good."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    until = models.BigIntegerField(db_index=True)


class AskedAddress(models.Model):
    """How often an address was asked to confirm something lately, under a keyed hash; forgotten after a day."""

    tag = models.BinaryField(max_length=32, primary_key=True)
    since = models.BigIntegerField()
    latest = models.BigIntegerField(db_index=True)
    mails = models.SmallIntegerField()
