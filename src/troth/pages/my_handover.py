"""“My data”: what a person provided, sent to another controller at their word (Art. 20(2)). No script; GET only asks where to."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.pages.my import own_page, show, show_done, words_of
from troth.pages.views import read_form
from troth.privacy.handovers.handing import HandoverInvalid
from troth.privacy.handovers.own_wish import AskedTooOften, hand_over_own
from troth.privacy.handovers.targets import Target, TargetInvalid

METHODS = ("put", "post", "s3")
LONGEST = 2_000
FAULTS = {"url": "bad_url", "recipient": "bad_recipient", "authorization": "bad_authorization", "access_key": "bad_keys"}
"""Which words say what is wrong with a field."""
SHOWN_AGAIN = ("recipient", "url", "method", "region")
"""What need not be typed anew; no secret."""


@own_page
def hand_over(request: HttpRequest, subject: Subject, token: str, language: str) -> HttpResponse:
    """GET asks to whom and where; POST has it sent."""
    posted, words = read_form(request), words_of(subject.workspace_id, language)
    said = {name: posted.get(name, "").replace("\0", "").strip()[:LONGEST] for name in ("recipient", *Target.__struct_fields__)}
    methods = [(one, words["method_s3"] if one == "s3" else f"HTTPS {one.upper()}") for one in METHODS]
    facts: dict[str, Any] = {"token": token, "methods": methods, "said": {name: said[name] for name in SHOWN_AGAIN}}
    if request.method != "POST":
        return show("my_handover.html", subject.workspace_id, language, **facts)
    if not posted.get("sure"):
        return show("my_handover.html", subject.workspace_id, language, status=422, fault=words["need_sure"], wrong="sure", **facts)
    recipient = said.pop("recipient")
    try:
        made = hand_over_own(subject, _target(said), recipient=recipient, language=language, now=now_ms())
    except (TargetInvalid, HandoverInvalid) as error:
        field = str(error).removeprefix("$.").partition(":")[0]
        fault = words[FAULTS.get(field, "bad_url")]
        return show("my_handover.html", subject.workspace_id, language, status=422, fault=fault, wrong=field, **facts)
    except AskedTooOften:
        return show("my_handover.html", subject.workspace_id, language, status=429, fault=words["too_often"], **facts)
    return show_done(subject.workspace_id, language, made, token, more=words["handed_waiting"].replace("{recipient}", recipient))


def _target(said: dict[str, str]) -> Target:
    filled = {name: value for name, value in said.items() if value}
    return msgspec.convert({**filled, "url": said["url"], "method": said["method"] if said["method"] in METHODS else "put"}, Target)
