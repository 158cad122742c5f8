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

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()


class Account(models.Model):
    """The organisation that signs up."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)


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
    created_at = models.DateTimeField(auto_now_add=True)


class Role(models.TextChoices):
    """What a member may do; the console enforces it."""

    OWNER = "owner"
    MARKETER = "marketer"
    DEVELOPER = "developer"
    PRIVACY_OFFICER = "privacy_officer"
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
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
