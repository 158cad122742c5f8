"""Puts allauth's views into our look: the member's zone, locale and theme, and the headers of the console."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from troth.console.headers import staff_headers
from troth.console.shell import preferences
from troth.console.showing import Reader, writing_for
from troth.kernel.clock import now_ms

View = Callable[..., HttpResponseBase]


def in_our_look(view: View) -> View:
    """The view, its page rendered as `shell.render_alone` would."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and not response.is_rendered:
            chosen = preferences(request)
            response.context_data = {**chosen, **(response.context_data or {})}
            with writing_for(Reader(zone=chosen["zone"], locale=chosen["locale"], now=now_ms())):
                response.render()
        return staff_headers(response)

    return answer
