"""What is being written, and what was published: that is immutable, so that what a message was rendered from can be told for as long as the message is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from troth.content.email_template import EmailTemplate


class Kind(models.TextChoices):
    """What a piece of content is for."""

    EMAIL = "email", _("e-mail")
    SHORT = "short", _("short message")
    """For push and SMS: a title, a few words, and where they lead."""
    LAYOUT = "layout", _("layout")
    SNIPPET = "snippet", _("snippet")


class Format(models.TextChoices):
    """What the body of a mail is written in."""

    HTML = "html", "HTML"
    MJML = "mjml", "MJML"


class Piece(models.Model):
    """The draft of a stored template, layout or snippet of a workspace."""

    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    """What campaigns, templates and the API name it by."""
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=4, choices=Format, default=Format.HTML)
    layout = models.CharField(max_length=64, blank=True)
    """The key of the layout that a mail stands in; empty: none."""
    language = models.CharField(max_length=35)
    """What it is written in first: whoever has no translation gets this."""
    parts = models.JSONField(default=dict)
    """By language, the sources by the name of the part."""
    version = models.IntegerField(default=0)
    """The last that was published; 0: none."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "key"], name="content_piece_by_key")]


class Template(models.Model):
    """Content as published: a version of a piece (`key`, `version`), or what messages are rendered from, made of such a version or of a mail written inline.

    Subject, HTML and text are compiled: layout and snippets are in them, MJML is HTML, styles are in attributes; what is left is Liquid.
    """

    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EMAIL)
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField(blank=True)
    """Empty: made of each rendered mail."""
    language = models.CharField(max_length=35, blank=True)
    translations = models.JSONField(default=dict)
    """By language: subject, HTML and text."""
    also_for = models.JSONField(default=list)
    """The purposes that it was declared to serve beside its own: data collected for them may be used, and each person is asked about them."""
    topic = models.CharField(max_length=50, blank=True)
    """What it is about: who left that topic does not get it; empty: none."""
    short = models.JSONField(default=dict)
    """The parts of a short message (`content.short_text`), for what is no e-mail; then subject and HTML are empty."""
    written = models.JSONField(default=dict)
    """The sources as they were written, with the versions of the layout and snippets that were put in."""
    reads = models.JSONField(null=True)
    """What it reads, with the places in what was written; None: to be told from the parts."""
    key = models.CharField(max_length=64, blank=True)
    """Of which piece this is a version; empty: of none."""
    version = models.IntegerField(default=0)
    made_from = models.BigIntegerField(null=True)
    """The version that this was made from, for messages; None: written inline, or a version itself."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "key", "version"], condition=~models.Q(key=""), name="content_version_of_piece")
        ]

    @property
    def mail(self) -> EmailTemplate:
        """What mails are rendered from."""
        translations = {name: EmailTemplate(parts["subject"], parts["html"], parts["text"]) for name, parts in self.translations.items()}
        return EmailTemplate(self.subject, self.html, self.text, translations)

    @property
    def mail_parts(self) -> dict[str, str]:
        """The parts of a mail in its first language."""
        return {"subject": self.subject, "html": self.html, "text": self.text}

    @property
    def written_mail(self) -> EmailTemplate:
        """A mail that was written inline, as it was written."""
        return EmailTemplate(*(self.written.get(part, getattr(self, part)) for part in ("subject", "html", "text")))
