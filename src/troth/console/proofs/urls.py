"""Mounted at /console/<workspace>/proofs."""

from __future__ import annotations

from django.urls import path

from troth.console.proofs import views

urlpatterns = [
    path("proofs", views.proofs, name="console-proofs"),
    path("proofs/start", views.start, name="console-proofs-start"),
    path("proofs/verify", views.verify, name="console-proofs-verify"),
    path("proofs/<uuid:proof_id>", views.proof, name="console-proof"),
    path("proofs/<uuid:proof_id>/statement", views.statement, name="console-proof-statement"),
]
