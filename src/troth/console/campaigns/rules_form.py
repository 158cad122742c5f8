"""What triggers a campaign, and when and how often it goes out, as fields of a form; what it means is checked by `campaigns.rules`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.models import Campaign
from troth.campaigns.rules import MOST_DAYS, OLDEST, DateTrigger, SegmentTrigger, read_rules, read_trigger, to_plain
from troth.console.campaigns.unless_rows import UnlessRow, posted_unless, read_unless, with_spare, write_unless
from troth.console.spans import SpanField
from troth.kernel.errors import TrothError
from troth.messages.hours import WEEKDAYS
from troth.messages.limits import PRIORITY
from troth.segments.models import Segment

KINDS = (
    ("event", _("an event")),
    ("entry", _("entering a segment")),
    ("exit", _("leaving a segment")),
    ("date", _("a date of the person")),
)
SIDES = (("before", _("days before")), ("after", _("days after")))
REENTRIES = (
    ("every", _("every time")),
    ("once", _("once ever")),
    ("once_per_span", _("once in a span of time")),
    ("once_per_value", _("once for each value of a property")),
)
KEEPS = (("", _("if it is marketing")), ("yes", _("yes")), ("no", _("no")))
NAMES = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
TIME = {"type": "time"}
MOST_SEGMENTS = 500


class RulesForm(forms.Form):
    """Beside the form of the draft; together they are one."""

    NEEDED = ("segment", "attribute")

    trigger_kind = forms.ChoiceField(label=_("Triggered by"), choices=KINDS, required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    attribute = forms.CharField(label=_("Attribute with the date"), required=False, max_length=255)
    days = forms.IntegerField(label=_("How many days"), required=False, min_value=0, max_value=MOST_DAYS)
    side = forms.ChoiceField(label=_("Before or after it"), choices=SIDES, required=False)
    at = forms.CharField(
        label=_("At"), required=False, max_length=5, widget=forms.TextInput(attrs=TIME), help_text=_("Where the person is.")
    )
    yearly = forms.BooleanField(label=_("Every year, as for a birthday"), required=False)
    delay = SpanField(label=_("Wait"), help_text=_("Between the trigger and the message."))
    medium = forms.ChoiceField(
        label=_("Goes out by"),
        required=False,
        choices=[("email", _("e-mail")), ("push", _("push")), ("sms", _("text message")), ("webhook", _("webhook"))],
        help_text=_("What is no e-mail is a short message of the templates, and needs a channel."),
    )
    only_if_in = forms.ChoiceField(label=_("Only if still in the segment"), required=False)
    reentry = forms.ChoiceField(label=_("One person gets it"), choices=REENTRIES, required=False)
    reentry_span = SpanField(label=_("… in"))
    reentry_property = forms.CharField(label=_("… of the property"), required=False, max_length=255, help_text=_("Such as order_id."))
    since = forms.CharField(label=_("Not before"), required=False, max_length=5, widget=forms.TextInput(attrs=TIME))
    until = forms.CharField(label=_("Not after"), required=False, max_length=5, widget=forms.TextInput(attrs=TIME))
    weekdays = forms.MultipleChoiceField(label=_("Only on"), required=False, choices=list(zip(WEEKDAYS, NAMES, strict=True)))
    expires_after = SpanField(label=_("Too late after"), help_text=_("Counted from when it was due; empty: never."))
    oldest_event = SpanField(
        label=_("Events count up to an age of"), help_text=_("Older ones, such as imported ones, trigger nothing; empty: any age.")
    )
    cap_messages = forms.IntegerField(label=_("At most so many to one person"), required=False, min_value=1, max_value=1_000)
    cap_per = SpanField(label=_("… in"))
    keeps_caps = forms.ChoiceField(label=_("The workspace's caps hold"), choices=KEEPS, required=False)
    keeps_quiet_hours = forms.ChoiceField(label=_("Quiet hours hold"), choices=KEEPS, required=False)
    priority = forms.IntegerField(
        label=_("Priority"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("Of several that compete, the greatest goes: 0 to 100."),
    )

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Segment.objects.filter(workspace_id=workspace_id, archived=False).order_by("name").values_list("pk", "name")[:MOST_SEGMENTS]
        for field in ("segment", "only_if_in"):
            self.fields[field].choices = [("", _("None")), *((str(pk), name) for pk, name in rows)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Whole rules, or what is wrong with them."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.trigger, self.rules = to_plain(read_trigger(self._trigger(cleaned))), to_plain(read_rules(self._rules(cleaned)))
            except TrothError as error:
                self.add_error(None, str(error))
            except forms.ValidationError as error:
                self.add_error(None, error)
        return cleaned

    def _trigger(self, cleaned: dict[str, Any]) -> dict[str, Any] | None:
        kind = cleaned.get("trigger_kind") or "event"
        if kind == "event":
            return None
        if kind != "date":
            return {"kind": "segment", "segment": int(cleaned["segment"] or 0), "on": kind}
        days = cleaned.get("days") or 0
        return {
            "kind": "date",
            "attribute": cleaned["attribute"],
            "days": -days if cleaned.get("side") != "after" else days,
            "at": cleaned["at"] or "09:00",
            "yearly": cleaned["yearly"],
        }

    def _rules(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        written = {"delay": cleaned["delay"], "expires_after": cleaned["expires_after"], "only_if_in": int(cleaned["only_if_in"] or 0)}
        # A form that does not show the age leaves it as it is by itself.
        written["oldest_event"] = cleaned["oldest_event"] if "oldest_event_0" in self.data else OLDEST
        written["medium"] = cleaned["medium"] or "email"
        written["priority"] = PRIORITY if cleaned["priority"] is None else cleaned["priority"]
        written["unless"] = read_unless(posted_unless(self.data))
        rule = cleaned["reentry"] or "every"
        own = {"once_per_span": {"span": cleaned["reentry_span"]}, "once_per_value": {"property": cleaned["reentry_property"]}}
        written["reentry"] = {"rule": rule, **own.get(rule, {})}
        if cleaned["since"] or cleaned["until"] or cleaned["weekdays"]:
            written["hours"] = {"from": cleaned["since"] or "00:00", "until": cleaned["until"] or "23:59", "days": cleaned["weekdays"]}
        if cleaned["cap_messages"]:
            written["cap"] = {"messages": cleaned["cap_messages"], "per": cleaned["cap_per"]}
        for name in ("keeps_caps", "keeps_quiet_hours"):
            written[name] = {"yes": True, "no": False}.get(cleaned[name])
        return written

    @property
    def unless(self) -> list[UnlessRow]:
        """The events to show: those that were posted, else those of the campaign, and an empty one."""
        return with_spare(posted_unless(self.data) if self.is_bound else self.initial.get("unless", []))

    @property
    def chosen_days(self) -> list[tuple[str, str, bool]]:
        """The weekdays: key, name, and whether it is chosen."""
        chosen = self["weekdays"].value() or []
        return [(key, str(name), key in chosen) for key, name in zip(WEEKDAYS, NAMES, strict=True)]


def initial_rules(campaign: Campaign | None) -> dict[str, Any]:
    """A campaign's rules as the form shows them first; without one, those of a new campaign."""
    if campaign is None:
        return {"oldest_event": OLDEST, "priority": PRIORITY, "at": "09:00"}
    trigger, rules = read_trigger(campaign.trigger), read_rules(campaign.rules or {})
    shown: dict[str, Any] = {
        "trigger_kind": "event",
        "at": "09:00",
        "delay": rules.delay,
        "only_if_in": rules.only_if_in or "",
        "reentry": rules.reentry.rule,
        "reentry_span": rules.reentry.span,
        "reentry_property": rules.reentry.property,
        "expires_after": rules.expires_after,
        "oldest_event": rules.oldest_event,
        "priority": rules.priority,
        "medium": rules.medium,
        "keeps_caps": {True: "yes", False: "no", None: ""}[rules.keeps_caps],
        "keeps_quiet_hours": {True: "yes", False: "no", None: ""}[rules.keeps_quiet_hours],
    }
    if isinstance(trigger, SegmentTrigger):
        shown |= {"trigger_kind": trigger.on, "segment": trigger.segment}
    if isinstance(trigger, DateTrigger):
        side = "before" if trigger.days <= 0 else "after"
        shown |= {"trigger_kind": "date", "attribute": trigger.attribute, "days": abs(trigger.days), "side": side}
        shown |= {"at": trigger.at, "yearly": trigger.yearly}
    shown["unless"] = write_unless(rules.unless)
    if rules.hours:
        shown |= {"since": rules.hours.since, "until": rules.hours.until, "weekdays": list(rules.hours.days)}
    if rules.cap:
        shown |= {"cap_messages": rules.cap.messages, "cap_per": rules.cap.per}
    return shown
