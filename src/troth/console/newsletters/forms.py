"""The form of a newsletter: whom, what, when, and what is tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.models import Audience, Newsletter
from troth.campaigns.newsletters.editing import LONGEST_NAME
from troth.campaigns.newsletters.plan import (
    FASTEST,
    LONGEST_EXPIRY,
    LONGEST_HOLD,
    LONGEST_KEY,
    LONGEST_TEST,
    MOST_HOLDOUT,
    MOST_MINUTES_BEHIND,
    MOST_VARIANTS,
)
from troth.consent.catalog import load_catalog
from troth.console.goals import GoalFields
from troth.console.mail_fields import MailFields, list_written
from troth.console.newsletters.spoken_schedules import read_spoken_schedule, say_schedule
from troth.console.showing import put_in_words
from troth.kernel.clock import iso
from troth.kernel.local_time import find_zone, instant_of
from troth.segments.registry import list_segments

PLAIN = ("name", "audience", "medium", "purpose", "topic", "per_hour", "hold_minutes", "expires_hours", "holdout", "fresh_minutes")
"""Fields that are kept as they are entered."""
KINDS = (
    ("now", _("As soon as it is started")),
    ("at", _("At one moment for everybody")),
    ("local", _("When each person's own clock shows it")),
    ("recurring", _("Again and again")),
)
METRICS = (("clicked", _("links followed")), ("opened", _("opens")), ("converted", _("the goal reached")))
DECIDED = (
    ("significance", _("by itself, if chance alone would seldom do it; else the first")),
    ("highest", _("by itself, whichever does better")),
    ("hand", _("by hand")),
)


class NewsletterForm(GoalFields):
    """All of a newsletter but its mails, which are in `VariantForm`s."""

    NEEDED = ("day", "time", "cron")

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, help_text=_("Only members see it."))
    segment_id = forms.ChoiceField(label=_("To"), required=False)
    fresh_minutes = forms.IntegerField(
        label=_("The segment may lag so many minutes behind"),
        required=False,
        min_value=1,
        max_value=MOST_MINUTES_BEHIND,
        help_text=_("If it lags more, the newsletter waits for it. Empty: however far it lags."),
    )
    audience = forms.ChoiceField(
        label=_("If it takes hours"),
        choices=[
            (Audience.FROZEN, _("who was in the segment when it began gets it")),
            (Audience.LIVE, _("who left the segment meanwhile gets none")),
        ],
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"), help_text=_("Whom it may reach follows from this: people agree to purposes, not to newsletters.")
    )
    topic = forms.ChoiceField(label=_("Topic"), required=False)
    medium = forms.ChoiceField(
        label=_("Goes out by"),
        choices=[("email", _("e-mail")), ("push", _("push")), ("sms", _("text message")), ("webhook", _("webhook"))],
        required=False,
    )
    kind = forms.ChoiceField(label=_("When"), choices=KINDS)
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    zone = forms.CharField(
        label=_("Time zone"), required=False, max_length=64, help_text=_("For each person's own clock: of those whose zone is not known.")
    )
    cron = forms.CharField(
        label=_("Repeats"),
        required=False,
        max_length=100,
        help_text=_("Such as: every Monday and Friday at 9:00, every month on the 1st at 9:00. Or a line of cron: 0 9 * * 1,5."),
    )
    per_hour = forms.IntegerField(label=_("At most so many an hour"), required=False, min_value=1, max_value=FASTEST)
    hold_minutes = forms.IntegerField(
        label=_("Minutes to take it back"), min_value=0, max_value=LONGEST_HOLD, help_text=_("So long everything waits after the start.")
    )
    expires_hours = forms.IntegerField(
        label=_("Hours until it is too late"),
        min_value=1,
        max_value=LONGEST_EXPIRY,
        help_text=_("Whoever could not be sent theirs by then gets none."),
    )
    test_share = forms.IntegerField(
        label=_("Per cent of people in the test"),
        required=False,
        min_value=1,
        max_value=99,
        help_text=_("Empty: nothing is tested, each variant goes to its share."),
    )
    test_metric = forms.ChoiceField(label=_("The better one has more of"), choices=METRICS, required=False)
    test_hours = forms.IntegerField(label=_("Decided after hours"), required=False, min_value=1, max_value=LONGEST_TEST)
    test_decide = forms.ChoiceField(label=_("It is chosen"), choices=DECIDED, required=False)
    holdout = forms.IntegerField(
        label=_("Per cent who get nothing"),
        min_value=0,
        max_value=MOST_HOLDOUT,
        help_text=_("Always the same people, to see what the mail really does."),
    )

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        catalog = load_catalog(workspace_id)
        topics = [(topic.key, topic.name_in("en")) for topic in catalog.topics.values() if not topic.archived]
        segments = [(str(one.pk), one.name) for one in list_segments(workspace_id)]
        choices: dict[str, list[tuple[str, Any]]] = {
            "segment_id": [("", _("Everybody whom the purpose reaches")), *segments],
            "purpose": [(rule.key, f"{rule.name} · {put_in_words(rule.basis)}") for rule in catalog.purposes.values()],
            "topic": [("", _("None")), *topics],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    def clean_zone(self) -> str:
        """A zone of the IANA database."""
        zone = str(self.cleaned_data["zone"]).strip()
        if zone and zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone: write it like Europe/Berlin."))
        return zone or "UTC"

    def clean(self) -> dict[str, Any]:
        """What the kind of schedule needs."""
        cleaned = super().clean() or {}
        needed = {"at": ("day", "time"), "local": ("day", "time"), "recurring": ("cron",)}.get(cleaned.get("kind", ""), ())
        for name in needed:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("This field is required."))
        return cleaned

    def fields_of(self, variants: list[dict[str, Any]]) -> dict[str, Any]:
        """What was entered, as fields of a newsletter."""
        said = self.cleaned_data
        test = {name: said[f"test_{name}"] for name in ("share", "metric", "hours", "decide") if said.get(f"test_{name}")}
        return {
            "name": said["name"],
            "segment_id": int(said["segment_id"]) if said["segment_id"] else None,
            **{name: said[name] for name in PLAIN if name not in ("name", "medium")},
            "medium": said["medium"] or "email",
            "schedule": self._schedule(),
            "test": test if said.get("test_share") and len(variants) > 1 else None,
            "goal": self.goal,
            "variants": variants,
        }

    def _schedule(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said["kind"] == "at":
            zone = find_zone(said["zone"])
            return {"kind": "at", "at": iso(instant_of(said["day"], said["time"], zone)) if zone else ""}
        if said["kind"] == "local":
            return {"kind": "local", "day": said["day"].isoformat(), "time": said["time"].strftime("%H:%M"), "zone": said["zone"]}
        if said["kind"] == "recurring":
            return {"kind": "recurring", "cron": read_spoken_schedule(said["cron"]), "zone": said["zone"]}
        return {"kind": "now"}


class VariantForm(MailFields):
    """One of the mails."""

    key = forms.CharField(label=_("Variant"), max_length=LONGEST_KEY)
    share = forms.IntegerField(label=_("Share"), min_value=1, max_value=100)
    template = forms.ChoiceField(label=_("Mail"), required=False)

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        written = list_written(workspace_id, str(self.initial.get("template", "")))
        self.fields["template"].choices = [("", _("Written here")), *written]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A mail is written here, if it is no stored one."""
        cleaned = super().clean() or {}
        for part in ("subject", "html"):
            if not cleaned.get("template") and not cleaned.get(part) and part not in self.errors:
                self.add_error(part, _("This field is required."))
        return cleaned


def initial_of(newsletter: Newsletter, zone: str) -> dict[str, Any]:
    """A newsletter as the form shows it first; a moment by the clock of `zone`, which is the reader's."""
    schedule = newsletter.schedule
    shown: dict[str, Any] = {name: getattr(newsletter, name) for name in PLAIN}
    shown["segment_id"] = str(newsletter.segment_id or "")
    shown |= {name: schedule.get(name, "") for name in ("kind", "day", "time")}
    shown["cron"] = say_schedule(schedule.get("cron", ""))
    shown["zone"] = schedule.get("zone", zone)
    if schedule["kind"] == "at":
        at = datetime.fromisoformat(schedule["at"]).astimezone(ZoneInfo(zone))
        shown |= {"day": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}", "zone": zone}
    for name in ("test", "goal"):
        shown |= {f"{name}_{field}": value for field, value in (getattr(newsletter, name) or {}).items()}
    return shown


def letters(taken: set[str]) -> str:
    """The first letter that no variant has."""
    return next(letter for letter in "ABCDEFGHIJ" if letter not in taken)


def posted_keys(data: Any) -> list[str]:
    """The variants of a posted form, at least one."""
    return [key for key in data.getlist("variant") if key.isalnum()][:MOST_VARIANTS] or ["A"]


__all__ = ["MOST_VARIANTS", "NewsletterForm", "VariantForm", "initial_of", "letters", "posted_keys"]
