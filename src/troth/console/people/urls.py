"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.people import acts, consenting, corrections, requests, views

urlpatterns = [
    path("people", views.people, name="console-people"),
    path("people/requests", requests.requests, name="console-requests"),
    path("people/requests/<uuid:request_id>", requests.request_page, name="console-request"),
    path("people/requests/<uuid:request_id>/progress", requests.progress, name="console-request-progress"),
    path("people/requests/<uuid:request_id>/certificate", requests.certificate, name="console-request-certificate"),
    path("people/requests/<uuid:request_id>/confirm", requests.confirm, name="console-request-confirm"),
    path("people/<int:person_id>", views.person, name="console-person"),
    path("people/<int:person_id>/timeline", views.timeline, name="console-person-timeline"),
    path("people/<int:person_id>/attribute", corrections.attribute, name="console-person-attribute"),
    path("people/<int:person_id>/contact", corrections.contact, name="console-person-contact"),
    path("people/<int:person_id>/tags", corrections.tags, name="console-person-tags"),
    path("people/<int:person_id>/export", acts.export, name="console-person-export"),
    path("people/<int:person_id>/erase", acts.erase, name="console-person-erase"),
    path("people/<int:person_id>/restrict", acts.restrict, name="console-person-restrict"),
    path("people/<int:person_id>/object", acts.object_to, name="console-person-object"),
    path("people/<int:person_id>/consent", consenting.consent, name="console-person-consent"),
    path("people/<int:person_id>/withdraw/<str:purpose>", acts.withdraw, name="console-person-withdraw"),
]
