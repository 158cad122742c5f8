"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.people import acts, consenting, corrections, views

urlpatterns = [
    path("people", views.people, name="console-people"),
    path("people/<int:person_id>", views.person, name="console-person"),
    path("people/<int:person_id>/timeline", views.timeline, name="console-person-timeline"),
    path("people/<int:person_id>/attribute", corrections.attribute, name="console-person-attribute"),
    path("people/<int:person_id>/contact", corrections.contact, name="console-person-contact"),
    path("people/<int:person_id>/tags", corrections.tags, name="console-person-tags"),
    path("people/<int:person_id>/export", acts.export, name="console-person-export"),
    path("people/<int:person_id>/handover", acts.hand_over, name="console-person-handover"),
    path("people/<int:person_id>/erase", acts.erase, name="console-person-erase"),
    path("people/<int:person_id>/restrict", acts.restrict, name="console-person-restrict"),
    path("people/<int:person_id>/object", acts.object_to, name="console-person-object"),
    path("people/<int:person_id>/consent", consenting.consent, name="console-person-consent"),
    path("people/<int:person_id>/withdraw/<str:purpose>", acts.withdraw, name="console-person-withdraw"),
]
