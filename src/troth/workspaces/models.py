"""Configuration tables: small, rarely written, shared by all nodes of a cluster."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user; without a password nobody can log in until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who may do everything on this installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who logs in to the console; their own data is the operator's to protect (rows C8)."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    time_zone = models.CharField(max_length=64, blank=True)
    """An IANA name; empty: the browser's."""
    locale = models.CharField(max_length=16, blank=True)
    """How numbers and dates are written, e.g. `de` or `en_GB`; empty: as the browser asks."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()


class Account(models.Model):
    """The organisation that signs up."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)


class SendMode(models.TextChoices):
    """What becomes of a workspace's mail."""

    LIVE = "live"
    """It goes to the persons."""
    TEST = "test"
    """All of it goes to one address."""
    OFF = "off"
    """It waits in the queue."""


class Workspace(models.Model):
    """One product's people, events and messages: the tenant boundary."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    name = models.CharField(max_length=200, unique=True)
    sender = models.CharField(max_length=320, blank=True)
    """The From address of its mail; empty: `TROTH_SENDER`."""
    match_on_email = models.BooleanField(default=False)
    """Whether two identities with one e-mail address are one person."""
    public_key_deletes = models.BooleanField(default=False)
    """Whether a key that browsers can see may erase at once; else it only opens a request."""
    send_mode = models.CharField(max_length=4, choices=SendMode, default=SendMode.LIVE)
    test_address = models.EmailField(blank=True)
    """Where mail goes in test mode."""
    measures_opens = models.BooleanField(default=False)
    """Whether it is noted who opens mail, of those who agreed."""
    measures_clicks = models.BooleanField(default=False)
    """Whether it is noted who follows which link, of those who agreed."""
    counts_opens = models.BooleanField(default=False)
    """Whether opens of all others are counted, without persons."""
    audit_days = models.PositiveSmallIntegerField(default=400)
    """How long it is kept who looked at whose data."""
    seat_country = models.CharField(max_length=2, blank=True)
    """Where the controller has its seat (ISO 3166): its public holidays count in the term of requests. Empty: only weekends do."""
    seat_region = models.CharField(max_length=8, blank=True)
    seat_zone = models.CharField(max_length=64, blank=True)
    """An IANA name; empty: UTC."""
    privacy_contact = models.EmailField(blank=True)
    """Who is told of terms; empty: its owners and privacy officers are."""
    language = models.CharField(max_length=16, blank=True)
    """In which its privacy contact, and members who chose none, are written to (BCP 47); empty: English."""
    is_transparent = models.BooleanField(default=False)
    """Whether its page on how it handles data is there for everybody."""
    is_canary = models.BooleanField(default=False)
    """The one of the daily proof, for its made-up persons: it has no members, stands in no list, and nothing leaves it."""
    processes_for = models.CharField(max_length=200, blank=True)
    """The controller on whose behalf its data is processed (Art. 28), who decides persons' requests; empty: the workspace's own account is that."""
    controller_contact = models.EmailField(blank=True)
    """Where what persons ask of the processor is passed on to."""
    controller_language = models.CharField(max_length=16, blank=True)
    """In which language it is written to (BCP 47); empty: English."""
    glass_roles = models.JSONField(default=list, blank=True)
    """Roles to which persons are shown in clear only for a reason (`glass`)."""
    leaves_at = models.BigIntegerField(null=True)
    """When it is deleted for good (ms); once that is asked for, nothing is taken in or sent any more."""
    created_at = models.DateTimeField(auto_now_add=True)


class Brand(models.Model):
    """How the pages for persons look: the company's colour and logo, and where it says who it is."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True)
    accent = models.CharField(max_length=7, blank=True)
    """`#rrggbb`; empty: Troth's."""
    logo = models.BinaryField(null=True)
    logo_type = models.CharField(max_length=20, blank=True)
    """Of its media: `image/png`, `image/jpeg` or `image/webp`."""
    logo_tag = models.CharField(max_length=16, blank=True)
    """Begins the logo's SHA-256: stands in its address, so that browsers may keep it."""
    privacy_url = models.CharField(max_length=2000, blank=True)
    imprint_url = models.CharField(max_length=2000, blank=True)


class Role(models.TextChoices):
    """What a member may do; the console enforces it."""

    OWNER = "owner"
    MARKETER = "marketer"
    DEVELOPER = "developer"
    PRIVACY_OFFICER = "privacy_officer"
    DPO = "dpo", "Data protection officer"
    """Art. 37–39: reads all, signs assessments, edits nothing."""
    VIEWER = "viewer"


class Member(models.Model):
    """A user's place in a workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["user", "workspace"], name="one_membership")]


class Key(models.Model):
    """An API key; only its SHA-256 is kept, and the first characters to tell it by."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20)
    """`server`, `tracking`, `write` or `api`."""
    label = models.CharField(max_length=200, blank=True)
    prefix = models.CharField(max_length=24)
    digest = models.CharField(max_length=64, unique=True)
    certificate = models.CharField(max_length=64, blank=True)
    """The SHA-256 of the client certificate that stands for it at OpenDSR; empty: its text does."""
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["certificate"], name="key_by_certificate", condition=~models.Q(certificate=""))
        ]


class Invitation(models.Model):
    """A place in a workspace that waits for somebody; only the SHA-256 of its token is kept."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace", "email"], name="one_open_invitation", condition=models.Q(accepted_at=None))
        ]


class AuditEntry(models.Model):
    """A read or a change by a member (row C11): beside the person it is about, or under person 0 when it is about nobody.

    When that person is erased the entry stays, about nobody: that somebody acted remains provable, on whom does not.
    """

    pk = models.CompositePrimaryKey("bucket", "person_id", "entry_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    """Grows with time."""
    workspace_id = models.BigIntegerField()
    at = models.BigIntegerField()
    user_id = models.BigIntegerField()
    role = models.CharField(max_length=20)
    action = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    """Names and numbers of what was read or changed; never a person's values."""
    reason = models.TextField(blank=True)
    address = models.CharField(max_length=45, blank=True)
    """The member's IP address."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "entry_id"], name="audit_by_age")]


class ShownPeople(models.Model):
    """Whom an act showed that showed many at once, as keyed tags (`shown`): one row for the act, however many they are."""

    entry_id = models.BigIntegerField(primary_key=True)
    """Of the audit log."""
    workspace_id = models.BigIntegerField()
    number = models.IntegerField()
    tags = models.BinaryField()
    """Eight bytes for each person."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "entry_id"], name="shown_by_age")]


class FormerTag(models.Model):
    """A tag under which lists showed somebody before they turned out to be one with this person: a merge takes the old number away, not what was seen."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "tag")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    tag = models.BinaryField(max_length=8)
    workspace_id = models.BigIntegerField()


class ExpiredAudit(models.Model):
    """How far entries of a workspace's audit log have gone by age: it stays when the log is kept longer from then on."""

    workspace_id = models.BigIntegerField(primary_key=True)
    until = models.BigIntegerField()
    """The first entry id that was not reached."""


class AgreementVersion(models.Model):
    """A text to agree on, word for word."""

    kind = models.CharField(max_length=10)
    """`dpa`, `terms` or `privacy`."""
    number = models.PositiveIntegerField()
    text = models.TextField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the text."""
    published_at = models.BigIntegerField()
    told_to = models.BigIntegerField(null=True)
    """The last of the owners, by their number, who was told of it; null: all were, or none is."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["kind", "number"], name="one_version_of_a_number")]


class Acceptance(models.Model):
    """That a member with authority accepted a version for a workspace; never changed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT)
    user_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    function = models.CharField(max_length=100)
    address = models.CharField(max_length=45, blank=True)
    """The network that it came from."""
    at = models.BigIntegerField()
