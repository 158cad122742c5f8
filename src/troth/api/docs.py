"""The page that shows the control API, with its script and style from here: ninja's own page would fetch them from elsewhere, unless it is an app."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI, Swagger


class OwnDocs(Swagger):
    """Swagger UI as it comes with ninja."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """The page; keys are typed into it, and no cookie counts."""
        shown = {**self.settings, "url": self.get_openapi_url(api, kwargs)}
        return render(request, self.template, {"swagger_settings": json.dumps(shown), "api": api, "add_csrf": False})
