"""The tables of requests: how a person exercises a right, step by step, and what was written. Of an erasure, where the ledger stands."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


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
