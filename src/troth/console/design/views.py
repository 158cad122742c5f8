"""Shows the components; reads nothing and changes nothing."""

from __future__ import annotations

import math

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from troth.console.charts import Series, bar_chart, line_chart, sparkline
from troth.console.headers import staff_headers
from troth.console.shell import render_alone
from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms

COUNTRIES = (
    "Austria Belgium Croatia Denmark Estonia Finland Germany Greece Hungary Ireland Italy Latvia Netherlands Portugal Spain Sweden".split()
)


class Sample(forms.Form):
    """Fields in every state."""

    name = forms.CharField(label="Name", help_text="As it is shown to people.")
    plan = forms.ChoiceField(label="Plan", choices=[("free", "Free"), ("pro", "Pro")], required=False)
    address = forms.EmailField(label="E-mail")
    notes = forms.CharField(label="Notes", widget=forms.Textarea, required=False)
    agree = forms.BooleanField(label="One box per purpose, never ticked beforehand", required=False)


def design(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    now = now_ms()
    if "toast" in request.GET:
        messages.success(request, "The campaign is published. From now on it answers to “signed up”.")
    days = [f"{day} Nov" for day in range(1, 31)]
    waves = [[round(scale * (1.2 + math.sin(day / 3 + shift))) for day in range(30)] for scale, shift in ((900, 0), (130, 1), (25, 2))]
    charts = [
        bar_chart(
            "Messages", days, [Series("sent", "good", waves[0]), Series("skipped", "neutral", waves[1]), Series("failed", "bad", waves[2])]
        ),
        line_chart("Events per day", days, [Series("events", "accent", waves[0])]),
        bar_chart("Nothing yet", days, [Series("sent", "good", [0] * 30)]),
    ]
    response = render_alone(
        request,
        "console/design/design.html",
        sample=Sample(initial={"name": "Dana", "plan": "pro"}),
        wrong=Sample({"name": "", "address": "dana@"}),
        charts=charts,
        spark=sparkline(waves[0]),
        moments={"now": now - 40_000, "hour": now - 3 * HOUR, "day": now - 9 * DAY, "year": now - 500 * DAY, "span": 5 * MINUTE},
        tabs=[("Desktop", "?tab=desktop", True), ("Phone", "?tab=phone", False), ("Text", "?tab=text", False)],
        steps=["Write", "Check", "Publish"],
        choices=[("", "Any"), ("sent", "Sent"), ("failed", "Failed")],
        lines=[("", "Hello {{ person.name }},"), ("-", "your plan ends soon."), ("+", "your plan renews on {{ person.renews_on }}.")],
        crumbs=[("People", "?"), ("Dana", "?")],
        tones=["neutral", "info", "good", "warn", "bad"],
        states=["queued", "sending", "held", "sent", "delivered", "bounced", "complained", "skipped", "cancelled", "failed", "unknown"],
        request_states=["received", "awaiting_confirmation", "deleted", "erased", "residue_found", "done", "refused"],
    )
    staff_headers(response)
    return response


def dialog(request: HttpRequest) -> HttpResponse:
    """A dialog that is a page of its own as well."""
    return render_alone(request, "console/design/dialog.html")


def options(request: HttpRequest) -> HttpResponse:
    """What a combobox offers for `?q=`."""
    asked = request.GET.get("q", "").casefold()
    found = [(country, country) for country in COUNTRIES if asked in country.casefold()]
    return HttpResponse(format_html_join("", '<li role="option" data-value="{}">{}</li>', found))
