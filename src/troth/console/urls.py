"""Mounted below /console/: pages of the member, and the rooms of each workspace."""

from __future__ import annotations

from django.urls import include, path

from troth.console import views
from troth.console.login import LogIn, LogOut

ROOMS = ["home", "audit"]
"""Each room brings its own `urls.py`."""

urlpatterns = [
    path("", views.enter, name="console"),
    path("enter/<str:token>", views.enter_by_link, name="console-enter"),
    path("login", LogIn.as_view(), name="console-login"),
    path("logout", LogOut.as_view(), name="console-logout"),
    path("", include("troth.console.design.urls")),
    path("<int:workspace_id>/", include([path("", include(f"troth.console.{room}.urls")) for room in ROOMS])),
]
