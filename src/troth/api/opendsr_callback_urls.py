"""Mounted below /opendsr/."""

from __future__ import annotations

from django.urls import path

from troth.api.opendsr_callbacks import callbacks

urlpatterns = [path("callbacks", callbacks, name="opendsr-callbacks")]
