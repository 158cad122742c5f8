"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.settings import limits, measuring, sending, workspace

urlpatterns = [
    path("settings", workspace.workspace, name="console-settings"),
    path("settings/limits", limits.limits, name="console-limits"),
    path("settings/sending", sending.sending, name="console-sending"),
    path("settings/sending/mode", sending.mode, name="console-send-mode"),
    path("settings/sending/measuring", measuring.measuring, name="console-measuring"),
    path("settings/sending/check", sending.check, name="console-channel-check"),
    path("settings/sending/test", sending.send_test, name="console-channel-test"),
]
