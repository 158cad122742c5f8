"""What came over OpenDSR, the cases on the desk that it became, and what is to be told of them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


class OpendsrRequest(models.Model):
    """A request of a controller's system. It names nobody: whom it led to, the cases on the desk know, as long as that person is there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    subject_request_id = models.UUIDField()
    """The controller's own."""
    key_id = models.BigIntegerField()
    """The key that it came with: results are for it alone."""
    version = models.CharField(max_length=3)
    """By whose names the headers of callbacks go."""
    body_tag = models.BinaryField(max_length=32)
    """A keyed hash of the bytes: what comes again is known again."""
    type = models.CharField(max_length=20)
    regulation = models.CharField(max_length=4)
    submitted_at = models.BigIntegerField()
    received_at = models.BigIntegerField()
    expected_at = models.BigIntegerField()
    """As the receipt said."""
    status = models.CharField(max_length=11)
    """As it was told last (`bodies.RequestStatus`)."""
    callback_urls = models.JSONField(default=list)
    purposes = models.JSONField(null=True)
    """Keys, of an objection or a withdrawal; None: as the right has it."""
    carry_out_at = models.BigIntegerField(null=True)
    """When the instruction is carried out by itself; None: a member does it, or it is done."""
    links = models.IntegerField(default=0)
    """How often results were handed out: links that were made before are void."""

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "subject_request_id"], name="one_opendsr_request_of_an_id")
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["carry_out_at"], name="opendsr_to_carry_out", condition=models.Q(carry_out_at__isnull=False))
        ]


class OpendsrCase(models.Model):
    """One case on the desk of a request that came over OpenDSR; more than one where its identities lead to several people."""

    case = models.OneToOneField("privacy.PrivacyRequest", on_delete=models.CASCADE, primary_key=True, related_name="opendsr")
    request = models.ForeignKey(OpendsrRequest, on_delete=models.CASCADE, related_name="cases")


class CallbackState(models.TextChoices):
    """Where a callback is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """Tried for 72 hours."""


class OpendsrCallback(models.Model):
    """That a request has come to a state, on its way to one address. What it says beside that is made when it goes."""

    id = models.BigIntegerField(primary_key=True)
    """Grows with time."""
    request = models.ForeignKey(OpendsrRequest, on_delete=models.CASCADE, related_name="callbacks")
    workspace_id = models.BigIntegerField()
    url = models.TextField()
    status = models.CharField(max_length=11)
    expected_at = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CallbackState, default=CallbackState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.BigIntegerField()
    """Also how long whoever has it in hand may take."""
    retry_until = models.BigIntegerField()
    created_at = models.BigIntegerField()
    settled_at = models.BigIntegerField(null=True)
    http = models.SmallIntegerField(default=0)
    """The last answer's code; 0: there was none."""
    trouble = models.CharField(max_length=40, blank=True)
    raised = models.BooleanField(default=False)
    """Whether somebody was told that it was given up."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="opendsr_callback_due", condition=models.Q(state="waiting")),
            models.Index(fields=["id"], name="opendsr_callback_to_raise", condition=models.Q(state="given_up", raised=False)),
            models.Index(fields=["workspace_id", "id"], name="opendsr_callback_by_age"),
        ]
