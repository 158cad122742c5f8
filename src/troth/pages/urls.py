"""Short paths: they stand in every mail."""

from __future__ import annotations

from django.urls import path

from troth.pages import views

urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("p/<str:token>", views.preferences, name="preferences"),
]
