"""Mounted at /console/<workspace>/notices. The key of a notice never begins with `_`."""

from __future__ import annotations

from django.urls import path

from troth.console.notices import deciding, editing, views

urlpatterns = [
    path("notices", views.notices, name="console-notices"),
    path("notices/_new", editing.new, name="console-notice-new"),
    path("notices/_source", deciding.declare, name="console-consent-source"),
    path("notices/_source/withdraw", deciding.withdraw, name="console-consent-source-withdraw"),
    path("notices/_imbalance", deciding.imbalance, name="console-consent-imbalance"),
    path("notices/<str:notice_key>", views.notice, name="console-notice"),
    path("notices/<str:notice_key>/about", editing.about, name="console-notice-about"),
    path("notices/<str:notice_key>/edit", editing.edit, name="console-notice-edit"),
    path("notices/<str:notice_key>/check", editing.check, name="console-notice-check"),
    path("notices/<str:notice_key>/drop", deciding.drop, name="console-notice-drop"),
    path("notices/<str:notice_key>/publish", deciding.publish, name="console-notice-publish"),
    path("notices/<str:notice_key>/versions/<int:version>", views.version, name="console-notice-version"),
]
