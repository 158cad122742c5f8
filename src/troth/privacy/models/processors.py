"""The register of processors: what it says, version by version, and who is told of a proposal."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


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


class ProcessorVersion(models.Model):
    """An entry of the register as it was from a moment on; appended, never changed."""

    workspace_id = models.BigIntegerField()
    processor_id = models.BigIntegerField()
    at = models.BigIntegerField()
    what = models.CharField(max_length=20)
    """`registered`, `proposed`, `changed`, `objected`, `settled` or `ended`."""
    entry = models.JSONField()
    """What everybody may know of it (`processors.history`)."""
    note = models.TextField(blank=True)
    """Why somebody objected, or how that was settled; for members alone."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="processor_version")]
