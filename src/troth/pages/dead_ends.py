"""Pages of links that lead to nothing: cut off, of a test, or of somebody on whom nothing is held any more. In the reader's language."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from troth.pages.languages import choose_language
from troth.pages.sender import sender_of
from troth.pages.stop_words import WORDS


def not_ours(request: HttpRequest) -> HttpResponse:
    """The link is not one of ours, or not whole."""
    return HttpResponse(render_unknown(choose_language(request, list(WORDS))), status=404)


def render_unknown(language: str) -> str:
    """That page, for whoever answers without a request of Django's."""
    return render_to_string("pages/unknown_link.html", {"words": WORDS[language], "language": language})


def was_test(request: HttpRequest) -> HttpResponse:
    """The link of a mail that somebody sent to try it out."""
    language = choose_language(request, list(WORDS))
    return HttpResponse(render_to_string("pages/test_link.html", {"words": WORDS[language], "language": language}))


def nothing_held(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """The link's person was erased."""
    language, sender = choose_language(request, list(WORDS)), sender_of(workspace_id)
    facts = {
        "words": WORDS[language],
        "language": language,
        "sender": sender,
        "said": WORDS[language]["nothing_more"].format(sender=sender),
    }
    return HttpResponse(render_to_string("pages/nothing_held.html", facts))
