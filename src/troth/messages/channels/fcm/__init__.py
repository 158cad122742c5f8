"""Firebase Cloud Messaging (HTTP v1): push to Android, and to iPhones and browsers whose apps use it."""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.port import Adapter, Channel, Medium, Setting

ANDROID, ANDROID_IOS, ALL = "android", "android and ios", "android, ios and web"
_PLATFORMS = {ANDROID: ("android",), ANDROID_IOS: ("android", "ios"), ALL: ("android", "ios", "web")}


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.fcm.sending import FcmChannel

    return FcmChannel(settings["service_account"], settings["api_url"])


ADAPTERS = (
    Adapter(
        name="fcm",
        title="Firebase Cloud Messaging",
        medium=Medium.PUSH,
        settings=(
            Setting(
                name="service_account",
                label="Key of the service account",
                help="The JSON file that the Firebase console makes under Project settings, Service accounts.",
                secret=True,
                many_lines=True,
            ),
            Setting(
                name="platforms",
                label="Devices",
                help="Whose tokens are Firebase's. Tokens of iPhones are Apple's own where the app does not use Firebase.",
                default=ANDROID,
                choices=tuple(_PLATFORMS),
            ),
            Setting(name="api_url", label="Address of the API", default="https://fcm.googleapis.com"),
        ),
        open=_open,
        platforms=lambda settings: _PLATFORMS[settings["platforms"]],
    ),
)
