"""By what a workspace sends, and where what comes back arrives: channels, domains, the mailbox."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class ConfiguredChannel(models.Model):
    """A channel of one workspace: which provider, with what settings, and before which others it is tried."""

    workspace_id = models.BigIntegerField()
    medium = models.CharField(max_length=10)
    adapter = models.CharField(max_length=30)
    label = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(default=10)
    """The lowest is tried first; the others when it fails."""
    is_active = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)
    """What is no secret."""
    sealed = models.BinaryField()
    """The secrets, encrypted with a key of the master key's."""
    hears_engagement = models.BooleanField(default=False)
    """Whether opens and clicks that the provider tells are asked about at the gate; else they are ignored."""
    hook_version = models.PositiveIntegerField(default=1)
    """Stands in the address of its door; a new number makes the old address void."""
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    heard_at = models.BigIntegerField(null=True)
    """When its provider last told something."""

    class Meta:
        db_table = "messages_channel"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "medium", "priority"], name="channel_by_medium")]


class SendingDomain(models.Model):
    """A domain that a workspace sends from."""

    workspace_id = models.BigIntegerField()
    domain = models.CharField(max_length=253)
    """In ASCII and small letters."""
    selector = models.CharField(max_length=63)
    sealed_key = models.BinaryField()
    """The private key for DKIM, encrypted with a key of the master key's."""
    signs = models.BooleanField(default=False)
    return_address = models.CharField(max_length=320, blank=True)
    """Where mail that cannot be delivered comes back to, each with a token of its own; empty: to the sender."""
    findings = models.JSONField(default=list)
    """What the DNS had when it was last asked (`dns_records.Finding`)."""
    checked_at = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField()

    class Meta:
        db_table = "messages_sendingdomain"
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "domain"], name="one_domain_of_a_name")]


class ReturnMailbox(models.Model):
    """The mailbox in which a workspace's bounces and complaints arrive, read over IMAP."""

    workspace_id = models.BigIntegerField(unique=True)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=10)
    user = models.CharField(max_length=320)
    sealed_password = models.BinaryField()
    folder = models.CharField(max_length=200)
    read_at = models.BigIntegerField(null=True)
    fault = models.TextField(blank=True)
    """Why it could not be read the last time."""

    class Meta:
        db_table = "messages_returnmailbox"
