"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.agreements import contesting, views

urlpatterns = [
    path("agreements", views.agreements, name="console-agreements"),
    path("agreements/instructions", views.instructions, name="console-instructions"),
    path("agreements/instructions/pdf", contesting.paper, name="console-instructions-pdf"),
    path("agreements/instructions/<int:entry_id>/contest", contesting.contest_instruction, name="console-contest-instruction"),
    path("agreements/instructions/requests/<uuid:request_id>/contest", contesting.contest_asked, name="console-contest-request"),
    path("agreements/instructions/contests/<int:contest_id>/answer", contesting.answer, name="console-contest-answer"),
    path("agreements/<str:agreement>", views.agreement, name="console-agreement"),
    path("agreements/<str:agreement>/accept", views.accept, name="console-agreement-accept"),
    path("agreements/<str:agreement>/pdf", views.pdf, name="console-agreement-pdf"),
]
