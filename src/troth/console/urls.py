"""Mounted below /console/."""

from __future__ import annotations

from django.urls import path

from troth.console import views
from troth.console.login import LogIn, LogOut

urlpatterns = [
    path("", views.overview, name="console"),
    path("login", LogIn.as_view(), name="console-login"),
    path("logout", LogOut.as_view(), name="console-logout"),
    path("people/<int:person_id>", views.person, name="console-person"),
    path("messages/<int:message_id>", views.message, name="console-message"),
    path("messages/<int:message_id>/body", views.message_body, name="console-message-body"),
]
