"""Acts on something of a workspace: done, written down, and what came of it told on the page that one is led back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect

from troth.console.access import MemberRequest, record
from troth.kernel.errors import TrothError


def act(request: MemberRequest, does: Callable[[], object], *, action: str, detail: Mapping[str, Any], said: str) -> bool:
    """Do it and write it down in one transaction, and tell that it was done, or why it was refused; whether it was."""
    try:
        with transaction.atomic():
            does()
            record(request, action, detail=dict(detail))
    except TrothError as error:
        messages.warning(request, str(error))
        return False
    messages.success(request, said)
    return True


def go(name: str, *args: object) -> HttpResponse:
    """To a page, after a form was posted (303: by GET)."""
    response = redirect(name, *args)
    response.status_code = 303
    return response
