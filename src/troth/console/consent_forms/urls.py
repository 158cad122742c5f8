"""Mounted at /console/<workspace>/forms."""

from __future__ import annotations

from django.urls import path

from troth.console.consent_forms import editing, views

urlpatterns = [
    path("forms", views.consent_forms, name="console-forms"),
    path("forms/new", editing.new, name="console-form-new"),
    path("forms/<str:form_id>", views.consent_form, name="console-form"),
    path("forms/<str:form_id>/edit", editing.edit, name="console-form-edit"),
    path("forms/<str:form_id>/open", editing.open_or_close, name="console-form-open"),
]
