"""Mounted below /console/: pages of the member, and the rooms of each workspace."""

from __future__ import annotations

from django.urls import include, path

from troth.console import views

ROOMS = [
    *(
        "home",
        "people",
        "desk",
        "segments",
        "newsletters",
        "campaigns",
        "content",
        "purposes",
        "notices",
        "consent_forms",
        "consents",
        "preference_centre",
        "repermission",
        "inventory",
        "record",
        "retention",
        "processors",
        "ledger",
        "search",
        "reports",
        "outbox",
        "sending",
        "why",
        "channels",
        "webhooks",
        "live",
        "breaches",
        "proofs",
        "readiness",
        "agreements",
    ),
    *("settings", "glass", "leaving", "takeaway", "keys", "members", "setup", "audit"),
]
"""Each room brings its own `urls.py`."""

urlpatterns = [
    path("", views.enter, name="console"),
    path("enter/<str:token>", views.enter_by_link, name="console-enter"),
    path("account/", include("troth.console.account.urls")),
    path("", include("troth.console.design.urls")),
    path("<int:workspace_id>/", include([path("", include(f"troth.console.{room}.urls")) for room in ROOMS])),
]
