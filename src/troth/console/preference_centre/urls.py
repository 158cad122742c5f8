"""Mounted at /console/<workspace>/preferences. The key of a topic never begins with `_`."""

from __future__ import annotations

from django.urls import path

from troth.console.preference_centre import look, topics, views

urlpatterns = [
    path("preferences", views.preference_centre, name="console-preferences"),
    path("preferences/look", look.look, name="console-look"),
    path("preferences/topics/_new", topics.new, name="console-topic-new"),
    path("preferences/topics/<str:topic_key>", topics.rename, name="console-topic"),
    path("preferences/topics/<str:topic_key>/archive", topics.archive, name="console-topic-archive"),
]
