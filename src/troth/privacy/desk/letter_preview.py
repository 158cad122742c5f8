"""How a letter would look, with made-up facts of the kind that are filled in."""

from __future__ import annotations

from django.conf import settings

from troth.kernel.clock import DAY
from troth.privacy.desk.answer_words import WORDS
from troth.privacy.desk.letters import Letter, check_letter, write_day
from troth.privacy.models import RequestType
from troth.privacy.seats import load_seat
from troth.workspaces.models import Workspace


def preview_letter(workspace_id: int, letter: Letter, now: int) -> tuple[str, str]:
    """Subject and text as somebody would get them who asked ten days ago. Raises LetterInvalid."""
    check_letter(letter)
    zone = load_seat(workspace_id).zone_info
    received, due = (write_day(at, zone, letter.language) for at in (now - 10 * DAY, now + 20 * DAY))
    right = letter.kind.removeprefix("done_").removesuffix("_disputed")
    facts = {
        "company": Workspace.objects.values_list("name", flat=True).get(pk=workspace_id),
        "right": WORDS[letter.language][right if right in RequestType.values else RequestType.ACCESS],
        "received": received,
        "due": due,
        "link": f"{settings.TROTH_URL}/my/…",
        "code": "12345678",
        "words": "[…]",
        "fee": "12.50 EUR",
        "term": WORDS[letter.language]["term_stands"],
    }
    return letter.filled(facts)
