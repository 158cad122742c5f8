"""Mounted at /console/<workspace>/consents."""

from __future__ import annotations

from django.urls import path

from troth.console.consents import views

urlpatterns = [
    path("consents", views.consents, name="console-consents"),
    path("consents/refused", views.refused, name="console-consents-refused"),
    path("consents/<int:record_id>", views.consent, name="console-consent"),
    path("consents/<int:record_id>/receipt", views.receipt, name="console-consent-receipt"),
]
