"""Web push (RFC 8030, 8291, 8292): to browsers, through whatever push service each uses, without an account anywhere.

The token of a device of platform `web` is the browser's subscription as JSON. The key pair that says who sends is made here.
"""

from __future__ import annotations

from collections.abc import Mapping

from troth.messages.channels.port import Adapter, Channel, Medium, Setting


def _open(settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.web_push.sending import WebPushChannel

    return WebPushChannel(settings.get("private_key", ""), settings["contact"])


def _complete(settings: Mapping[str, str]) -> Mapping[str, str]:
    from troth.messages.channels.web_push.keys import make_private_key

    return {} if settings.get("private_key") else {"private_key": make_private_key()}


def _public(settings: Mapping[str, str]) -> Mapping[str, str]:
    from troth.messages.channels.web_push.keys import public_key_of

    return {"Public key (applicationServerKey)": public_key_of(settings["private_key"])}


ADAPTERS = (
    Adapter(
        name="web_push",
        title="Web push",
        medium=Medium.PUSH,
        settings=(
            Setting(
                name="contact",
                label="Contact",
                help="An e-mail or web address at which a push service reaches you, such as mailto:ops@example.com.",
            ),
            Setting(
                name="private_key",
                label="Private key (VAPID)",
                help="Empty: one is made. With another one, browsers that subscribed before are not reached any more.",
                secret=True,
                required=False,
                many_lines=True,
            ),
        ),
        open=_open,
        platforms=lambda settings: ("web",),
        complete=_complete,
        public=_public,
    ),
)
