"""Mounted at /console/<workspace>/repermission."""

from __future__ import annotations

from django.urls import path

from troth.console.repermission import asking, views

urlpatterns = [
    path("repermission", views.overview, name="console-repermission"),
    path("repermission/new", asking.new, name="console-asking-new"),
    path("repermission/lacking/<str:purpose_key>", views.lacking, name="console-lacking"),
    path("repermission/<int:asking_id>", views.asking, name="console-asking"),
    path("repermission/<int:asking_id>/edit", asking.edit, name="console-asking-edit"),
    path("repermission/<int:asking_id>/start", asking.start, name="console-asking-start"),
    path("repermission/<int:asking_id>/stop", asking.stop, name="console-asking-stop"),
]
