"""Mounted at /console/<workspace>/templates."""

from __future__ import annotations

from django.urls import path

from troth.console.content import deciding, editing, previewing, views
from troth.console.trying import person_options

urlpatterns = [
    path("templates", views.templates, name="console-templates"),
    path("templates/new", editing.new, name="console-template-new"),
    path("templates/preview", previewing.preview, name="console-template-preview"),
    path("templates/about", previewing.about, name="console-template-about"),
    path("templates/persons", person_options, name="console-template-persons"),
    path("templates/of/<slug:template_key>", views.template, name="console-template"),
    path("templates/of/<slug:template_key>/edit", editing.edit, name="console-template-edit"),
    path("templates/of/<slug:template_key>/links", deciding.links, name="console-template-links"),
    path("templates/of/<slug:template_key>/publish", deciding.publish, name="console-template-publish"),
    path("templates/of/<slug:template_key>/delete", deciding.delete, name="console-template-delete"),
    path("templates/of/<slug:template_key>/versions/<int:version>", views.version, name="console-template-version"),
    path("templates/of/<slug:template_key>/versions/<int:version>/restore", deciding.restore, name="console-template-restore"),
]
