"""The fields of a goal, for the forms of campaigns and newsletters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from troth.campaigns.goals import LONGEST_EVENT, LONGEST_GOAL
from troth.console.widgets import CODE

NAMES = ("event", "days", "revenue", "currency")


class GoalFields(forms.Form):
    """What people are hoped to do afterwards; all empty: nothing is."""

    goal_event = forms.CharField(
        label=_("Event hoped for"),
        required=False,
        max_length=LONGEST_EVENT,
        help_text=_("Reports count who did it, of who agreed to be looked at by behaviour."),
        widget=forms.TextInput(attrs=CODE),
    )
    goal_days = forms.IntegerField(label=_("Within days"), required=False, min_value=1, max_value=LONGEST_GOAL)
    goal_revenue = forms.CharField(
        label=_("Property with the amount"), required=False, max_length=LONGEST_EVENT, widget=forms.TextInput(attrs=CODE)
    )
    goal_currency = forms.CharField(
        label=_("Property with the currency"), required=False, max_length=LONGEST_EVENT, widget=forms.TextInput(attrs=CODE)
    )

    @property
    def goal(self) -> dict[str, Any] | None:
        """What was entered, as the field of a campaign or newsletter."""
        said = self.cleaned_data
        return {name: said[f"goal_{name}"] for name in NAMES if said.get(f"goal_{name}")} if said.get("goal_event") else None


def initial_of_goal(goal: Mapping[str, Any] | None) -> dict[str, Any]:
    """A goal as the fields show it first."""
    return {"goal_days": 7} | {f"goal_{name}": value for name, value in (goal or {}).items()}
