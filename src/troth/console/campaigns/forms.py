"""The form of a campaign: what is wrong is told at the field, and in conditions at the place."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.editing import DRAFT, LONGEST_EVENT, LONGEST_NAME
from troth.campaigns.models import Campaign
from troth.consent.catalog import SERVICE, Catalog, load_catalog
from troth.console.campaigns.rows import Lines, posted_lines, read_lines, write_lines
from troth.console.goals import GoalFields, initial_of_goal
from troth.console.mail_fields import MailFields, list_written
from troth.console.showing import put_in_words
from troth.console.widgets import CODE
from troth.people.event_names import fold_event_name
from troth.segments.conditions import ConditionInvalid, check_condition

LONGEST_JSON = 20_000


class CampaignForm(MailFields, GoalFields):
    """All that can be edited, and for whom and with which event it is tried."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, help_text=_("Only members see it."))
    trigger_event = forms.CharField(label=_("Triggering event"), max_length=LONGEST_EVENT, required=False)
    purpose = forms.ChoiceField(
        label=_("Purpose"), help_text=_("Whom it may reach follows from this: persons agree to purposes, not to campaigns.")
    )
    topic = forms.ChoiceField(
        label=_("Topic"), required=False, help_text=_("People can leave a topic and keep the rest; it has to be one of the purpose.")
    )
    conditions = forms.CharField(
        label=_("Conditions as JSON"),
        required=False,
        max_length=LONGEST_JSON,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", **CODE}),
    )
    also_for = forms.MultipleChoiceField(required=False)
    template_key = forms.ChoiceField(
        label=_("Mail"),
        required=False,
        help_text=_("A stored template is taken over as it was published last; publish the campaign again for a later version."),
    )

    def __init__(self, workspace_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.catalog = catalog = load_catalog(workspace_id)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (rule.key, f"{rule.name} · {put_in_words(rule.basis)}") for rule in catalog.purposes.values()
        ]
        topics = [topic for topic in catalog.topics.values() if not topic.archived or topic.key == self.initial.get("topic")]
        named = [(topic.key, f"{topic.name_in('en')} · {_name_of(catalog, topic.purpose)}") for topic in topics]
        self.fields["topic"].choices = [("", _("None")), *named]  # type: ignore[attr-defined]
        written = list_written(workspace_id, self.initial.get("template_key", ""))
        self.fields["template_key"].choices = [("", _("Written here")), *written]  # type: ignore[attr-defined]
        # Only purposes that something is collected for: of the others there is nothing to use.
        offered = {*catalog.events.values(), *catalog.attributes.values(), *self.initial.get("also_for", [])} - {SERVICE}
        self.fields["also_for"].choices = [  # type: ignore[attr-defined]
            (rule.key, rule.name) for rule in catalog.purposes.values() if rule.key in offered
        ]

    def clean_trigger_event(self) -> str:
        """As events are compared."""
        return fold_event_name(self.cleaned_data["trigger_event"])

    def clean_conditions(self) -> dict[str, Any] | None:
        """The tree, or None without one."""
        return read_posted_conditions(self.data)

    @property
    def also(self) -> list[tuple[str, str, bool]]:
        """The purposes that can be declared: key, name, and whether it is."""
        chosen = self["also_for"].value() or []
        return [(key, name, key in chosen) for key, name in self.fields["also_for"].choices]  # type: ignore[attr-defined]

    @property
    def when(self) -> Lines:
        """The rows to show: those that were posted, else those of the campaign, else none."""
        return _posted(self.data) if self.is_bound else self.initial.get("when") or Lines("all", [])

    def clean(self) -> dict[str, Any]:
        """A topic is one of the purpose; a mail is written here, if it is no stored one."""
        cleaned = super().clean() or {}
        if self.data.get("trigger_kind", "event") == "event" and not cleaned.get("trigger_event") and "trigger_event" not in self.errors:
            self.add_error("trigger_event", _("This field is required."))
        for part in ("subject", "html"):
            if not cleaned.get("template_key") and not cleaned.get(part) and part not in self.errors:
                self.add_error(part, _("This field is required."))
        topic = self.catalog.topics.get(cleaned.get("topic", ""))
        if topic and topic.purpose != cleaned.get("purpose"):
            self.add_error("topic", _("This topic belongs to another purpose: choose one of the purpose, or none."))
        return cleaned

    def draft(self) -> dict[str, Any]:
        """What was entered, as fields of a campaign."""
        return {**{name: self.cleaned_data[name] for name in DRAFT if name in self.cleaned_data}, "goal": self.goal}


def _name_of(catalog: Catalog, purpose: str) -> str:
    rule = catalog.rule(purpose)
    return rule.name if rule else purpose


def read_posted_conditions(data: Any) -> dict[str, Any] | None:
    """Conditions of a posted form: its JSON if there is any, else its rows. Raises ValidationError naming the place."""
    written = str(data.get("conditions", ""))[:LONGEST_JSON]
    return read_conditions(written) if written.strip() else read_lines(_posted(data))


def _posted(data: Any) -> Lines:
    columns = (data.getlist(f"when_{name}") for name in ("property", "op", "value"))
    return posted_lines(data.get("when_match", ""), *columns)


def read_conditions(text: str) -> dict[str, Any] | None:
    """Conditions as written; None for none. Raises ValidationError naming line and column, or the JSON path."""
    if not text.strip():
        return None
    try:
        tree = json.loads(text)
        check_condition(tree)
    except json.JSONDecodeError as error:
        raise forms.ValidationError(
            _("Line %(line)s, column %(column)s: this is no JSON (%(what)s)."),
            params={"line": error.lineno, "column": error.colno, "what": error.msg},
        ) from None
    except (ConditionInvalid, RecursionError) as error:
        raise forms.ValidationError(str(error) if isinstance(error, ConditionInvalid) else _("This is nested too deeply.")) from None
    return dict(tree)


def initial_of(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the form shows it first."""
    shown = {name: getattr(campaign, name) for name in DRAFT if name != "conditions"}
    when = write_lines(campaign.conditions)
    conditions = "" if when else json.dumps(campaign.conditions, indent=2, ensure_ascii=False)
    return {**shown, "when": when, "conditions": conditions, **initial_of_goal(campaign.goal)}
