"""Where OpenDSR is served. Its paths begin with the major version, so it is mounted at the root; version 1.0 has other names.

`/v1/` is Segment's door as well (`project/asgi.py` tells them apart by `V1_PATHS`).
"""

from __future__ import annotations

from django.urls import path

from troth.api import opendsr
from troth.privacy.opendsr.bodies import V1, V2

V1_PATHS = ("/v1/opengdpr_requests", "/v1/discovery")

urlpatterns = [
    path("v2/discovery", opendsr.discovery, {"version": V2}, name="opendsr-discovery"),
    path("v2/certificate.pem", opendsr.certificate, name="opendsr-certificate"),
    path("v2/requests", opendsr.requests, {"version": V2}, name="opendsr-requests"),
    path("v2/requests/<str:request_id>", opendsr.one_request, {"version": V2}, name="opendsr-request"),
    path("v2/requests/<str:request_id>/results/<str:token>", opendsr.results, {"version": V2}, name="opendsr-results"),
    path("v2/status/<str:request_id>", opendsr.status, {"version": V2}, name="opendsr-status"),
    path("v1/discovery", opendsr.discovery, {"version": V1}),
    path("v1/opengdpr_requests", opendsr.requests, {"version": V1}),
    path("v1/opengdpr_requests/<str:request_id>", opendsr.one_request, {"version": V1}),
]
