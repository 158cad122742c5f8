"""The tables of who got whose data (`disclosures`), and of telling them what became of it (`downstream`, Art. 19)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


class Disclosure(models.Model):
    """That data of a person went to a recipient: one row for each kind of data and purpose, with the first and the last time. No value is kept."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "kind", "recipient_id", "what", "basis")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    """`channel`, `webhook`, `controller`: handed over at the person's wish (Art. 20(2)), or `member`: a test of a mail."""
    recipient_id = models.BigIntegerField()
    """Of the channel or webhook, of a member the user; channel 0: the installation's mail server."""
    what = models.CharField(max_length=30)
    """The medium of messages, the type of what a webhook told, `test` or `export`."""
    basis = models.CharField(max_length=64)
    """The purpose for which it went, whose legal basis stands with it; of a hand-over the right, `portability` or `access`."""
    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    """What the recipient was called the last time, for when it is removed."""
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    times = models.BigIntegerField()


class Way(models.TextChoices):
    """How a recipient is told."""

    WEBHOOK = "webhook"
    OPENDSR = "opendsr"
    MAIL = "mail"
    EXEMPT = "exempt"
    """Not at all: it is impossible or a disproportionate effort (Art. 19), with the reason."""


class NoticeWay(models.Model):
    """How a processor of the register is told of corrections, erasure and restriction."""

    processor = models.OneToOneField("privacy.Processor", on_delete=models.CASCADE, primary_key=True, related_name="notice_way")
    workspace_id = models.BigIntegerField()
    way = models.CharField(max_length=10, choices=Way)
    address = models.TextField(blank=True)
    """The base of its OpenDSR doors, its mail address, the id of a webhook, or why it is exempt."""
    domain = models.CharField(max_length=253, blank=True)
    """Of OpenDSR: whose signature is accepted."""
    sealed = models.BinaryField(null=True)
    """What is said in `Authorization`, encrypted with a key of the master key's."""
    changed_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["domain"], name="notice_way_by_domain")]


class NoticeState(models.TextChoices):
    """How far a recipient is; only forward (`downstream.course`)."""

    WAITING = "waiting"
    """To be told, or not reached yet."""
    BY_HAND = "by_hand"
    """There is no way by which Troth can tell them: a member has to."""
    TOLD = "told"
    """They have it; what they made of it is not known yet."""
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """Taken back, or overtaken by an erasure."""
    EXEMPT = "exempt"


class RecipientNotice(models.Model):
    """That a recipient is told of one exercise of a right. It names nobody: the identifiers lie sealed in it until the recipient has them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """Also OpenDSR's `subject_request_id`."""
    request = models.ForeignKey("privacy.PrivacyRequest", on_delete=models.CASCADE, related_name="notices")
    workspace_id = models.BigIntegerField()
    right = models.CharField(max_length=20)
    """As the request's; `restriction_lifted`."""
    processor_id = models.BigIntegerField(null=True)
    """Of the register; None: nobody registered whose channel or webhook it is."""
    kind = models.CharField(max_length=10)
    """With `recipient_id`: the channel or webhook by which they got data first."""
    recipient_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    way = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=12, choices=NoticeState)
    task = models.CharField(max_length=10, default="tell")
    """What the worker does at `due_at`: `tell`, `ask` how far they are, `cancel`."""
    opened_at = models.BigIntegerField()
    asked_at = models.BigIntegerField()
    """When the person asked."""
    due_at = models.BigIntegerField(null=True)
    attempts = models.SmallIntegerField(default=0)
    retry_until = models.BigIntegerField()
    told_at = models.BigIntegerField(null=True)
    expected_at = models.BigIntegerField(null=True)
    """By when they say it is done."""
    answered_at = models.BigIntegerField(null=True)
    silent_at = models.BigIntegerField(null=True)
    """Since when their silence is a matter for members."""
    chase_at = models.BigIntegerField(null=True)
    """When members are told of it next."""
    is_signed = models.BooleanField(default=False)
    """Whether the answer's signature was verified."""
    status = models.SmallIntegerField(default=0)
    """The last answer's HTTP code; 0: there was none."""
    trouble = models.CharField(max_length=40, blank=True)
    sealed = models.BinaryField(null=True)
    sealed_until = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="recipient_to_tell", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["chase_at"], name="recipient_to_chase", condition=models.Q(chase_at__isnull=False)),
            models.Index(fields=["sealed_until"], name="recipient_to_unseal", condition=models.Q(sealed_until__isnull=False)),
            models.Index(fields=["workspace_id", "opened_at"], name="recipient_by_workspace"),
        ]


class NoticeAnswer(models.Model):
    """One answer of a recipient, kept as evidence; it says nothing about a person."""

    notice = models.ForeignKey(RecipientNotice, on_delete=models.CASCADE, related_name="answers")
    at = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    """`receipt`, `status`, `callback`, `cancellation`, `taken` (a webhook's answer), `mailed`, or `recorded` by a member."""
    state = models.CharField(max_length=12)
    """What it said."""
    means = models.CharField(max_length=20, blank=True)
    """Of one that was recorded: `letter`, `mail`, `phone`, `portal`."""
    user_id = models.BigIntegerField(default=0)
    """The member who recorded it; 0: none."""
    digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of the body's bytes, in hex."""
    body = models.TextField(blank=True)
    """As it came; a receipt without `encoded_request`, which must not be kept: there the digest stands for the whole."""
    signature = models.TextField(blank=True)
    certificate = models.TextField(blank=True)
    domain = models.CharField(max_length=253, blank=True)


class DomainCertificate(models.Model):
    """The certificate with which a processor signs, as it was fetched last."""

    domain = models.CharField(max_length=253, primary_key=True)
    pem = models.TextField()
    fetched_at = models.BigIntegerField()
