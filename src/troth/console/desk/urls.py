"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.desk import acts, files, letters, recipients, requesters, views

urlpatterns = [
    path("desk", views.desk, name="console-requests"),
    path("desk/_many", acts.many, name="console-requests-many"),
    path("desk/_letters", letters.letters, name="console-letters"),
    path("desk/_letters/<str:kind>/<str:language>", letters.letter, name="console-letter"),
    path("desk/_unknown", requesters.take, name="console-request-unknown"),
    path("desk/_new/<int:person_id>", acts.new, name="console-request-new"),
    path("desk/<uuid:request_id>", views.request_page, name="console-request"),
    path("desk/<uuid:request_id>/progress", views.progress, name="console-request-progress"),
    path("desk/<uuid:request_id>/certificate", files.certificate, name="console-request-certificate"),
    path("desk/<uuid:request_id>/evidence", files.evidence, name="console-request-evidence"),
    path("desk/<uuid:request_id>/data", files.data, name="console-request-data"),
    path("desk/<uuid:request_id>/confirm", acts.confirm, name="console-request-confirm"),
    path("desk/<uuid:request_id>/identity", acts.identity, name="console-request-identity"),
    path("desk/<uuid:request_id>/recipients/<uuid:notice_id>", recipients.recipient, name="console-request-recipient"),
    path("desk/<uuid:request_id>/recipients/<uuid:notice_id>/act", recipients.act, name="console-request-recipient-act"),
    path("desk/<uuid:request_id>/step/<str:step>", acts.step, name="console-request-step"),
]
