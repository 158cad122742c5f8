"""E-mail through the API of a provider that django-anymail speaks to; its callbacks, in one vocabulary.

Each workspace has keys of its own: nothing is read from, or written to, Django's settings. A provider's library is loaded when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from troth.messages.channels.anymail.providers import PROVIDERS, Provider
from troth.messages.channels.port import Adapter, Callback, Channel, Feedback, Medium


def make_adapter(provider: Provider) -> Adapter:
    """A provider as the port wants it."""
    return Adapter(
        name=provider.module,
        title=provider.title,
        medium=Medium.EMAIL,
        settings=provider.settings,
        open=partial(_open, provider),
        parse_feedback=partial(_parse, provider) if provider.view else None,
    )


def _open(provider: Provider, settings: Mapping[str, str]) -> Channel:
    from troth.messages.channels.anymail.sending import AnymailChannel

    return AnymailChannel(provider, settings)


def _parse(provider: Provider, settings: Mapping[str, str], callback: Callback) -> Sequence[Feedback]:
    from troth.messages.channels.anymail.callbacks import parse_callback

    return parse_callback(provider, settings, callback)


ADAPTERS = tuple(make_adapter(provider) for provider in PROVIDERS)
