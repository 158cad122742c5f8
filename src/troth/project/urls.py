"""Where each surface is mounted. What machines call often (`/api/v2`, `/v1`) never comes here: see `asgi.py`."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/console/")),
    path("", include("troth.pages.urls")),
    path("api/troth/v1/", include("troth.api.urls")),
    path("opendsr/", include("troth.api.opendsr_callback_urls")),
    path("", include("troth.api.opendsr_urls")),
    path("hooks/", include("troth.api.hook_urls")),
    path("console/", include("troth.console.urls")),
]
