"""Why something was decided about a person is told in their language (Art. 15(1)(h)): each reason that the code knows has its words in each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import troth
from troth.campaigns import why_words
from troth.campaigns.newsletters.chosen import DECIDED
from troth.campaigns.why import tell_decisions
from troth.consent.lacking import Lack
from troth.consent.models import LegalBasis
from troth.consent.wishes import CHANNELS, PACES
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.messages import decisions, segment_conditions
from troth.messages.channels.port import Medium, Told
from troth.messages.models import Message, State
from troth.messages.models.feedback import StopReason
from troth.people.queries import Profile, update_profiles
from troth.privacy.exporting import answer
from troth.privacy.exporting.export import export_html
from troth.privacy.exporting.speech import TRANSLATIONS, speech_in
from troth.segments import attributes, events, sequences, windows
from troth.segments.registry import create_segment

SOURCE = Path(troth.__file__).parent
TELL = (
    "campaigns/why.py",
    "campaigns/why_words.py",
    "campaigns/newsletters/chosen.py",
    "messages/segment_conditions.py",
    "kernel/spoken_durations.py",
    "privacy/exporting/answer.py",
    *(f"segments/{path.name}" for path in sorted((SOURCE / "segments").glob("*.py"))),
)
"""The modules that tell why."""
TABLES: tuple[dict[str, Any], ...] = (
    why_words.REASONS,
    why_words.SCOPES,
    why_words.TRIGGERS,
    why_words.STATES,
    why_words.HELD_FOR,
    why_words.ENDED,
    why_words.ENDED_FOR,
    DECIDED,
    answer.GROUPS,
    attributes.IN_WORDS,
    events.COUNTS,
    events.OUTERMOST_IN_WORDS,
    events.DONE_IN_WORDS,
    sequences.STEPS_IN_WORDS,
    windows.IN_WORDS,
    CHANNELS,
    {key: name for key, (name, _) in PACES.items()},
    segment_conditions.IN_WORDS,
)
LANGUAGES = [code for code in TRANSLATIONS if code != "en"]


def _texts(node: ast.AST | None) -> Iterator[str]:
    """What an expression may be, of what is written out: either side of a choice; how an f-string begins."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr) and node.values:
        yield from (text.partition(":")[0] for text in _texts(node.values[0]))


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            yield name, node


def _said() -> set[str]:
    """All that is written out where it is told why."""
    calls = [call for path in TELL for name, call in _calls(SOURCE / path) if name in ("say", "Said") and call.args]
    tables = [value for table in TABLES for value in table.values()]
    return {text for call in calls for text in _texts(call.args[0])} | {
        text for value in tables for text in (value if isinstance(value, tuple) else (value,))
    }


def _stored_codes() -> set[str]:
    """Every reason that may be stored with a message: as written in the code, and of the kinds that providers and stops know."""
    paths = [*(SOURCE / "messages").rglob("*.py"), *(SOURCE / "campaigns").rglob("*.py")]
    calls = [call for path in paths for name, call in _calls(path) if name in ("Settlement", "Decision")]
    written = {text for call in calls for word in call.keywords if word.arg == "reason" for text in _texts(word.value)} - {""}
    own = {value for name, value in vars(decisions).items() if name.isupper()}
    return (
        written
        | own
        | {one.value for kind in (Told, StopReason, Medium, Lack, LegalBasis) for one in kind} - {"open", "click", "unsubscribe"}
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_tells_why_has_its_words_in_every_language(language: str) -> None:
    said = _said()

    assert len(said) > 100 and "left out: {reason} for {name}" in said and "{name} is at least {value}" in said
    assert said - set(TRANSLATIONS[language]) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_that_is_stored_with_a_message_has_its_words_in_every_language(language: str) -> None:
    codes = {code.replace("_", " ") for code in _stored_codes()}

    assert {"no such address", "gave up", "hard bounce", "cap", "answer lost"} <= codes
    assert codes - set(TRANSLATIONS[language]) == set()


def test_every_refusal_of_the_gate_every_state_and_every_decision_beside_the_gate_has_its_sentence() -> None:
    gate = ast.parse((SOURCE / "consent" / "gate.py").read_text())
    names = ("reason_against", "_reason_not_to_ask", "_fault_of_consent")
    judging = [node for node in gate.body if isinstance(node, ast.FunctionDef) and node.name in names]
    refusals = {
        text for function in judging for node in ast.walk(function) if isinstance(node, ast.Return) for text in _texts(node.value)
    } - {""}

    assert len(refusals) >= 15 and refusals <= set(why_words.REASONS)
    assert {state.value for state in State} == set(why_words.STATES) | set(why_words.ENDED) and set(why_words.ENDED) == set(
        why_words.ENDED_FOR
    )
    assert {value for name, value in vars(decisions).items() if name.isupper()} <= why_words.OWN


def _decided(purpose: str, **facts: Any) -> dict[str, Any]:
    return {"allow": False, "purpose": purpose, "operation": "hand_over", "at": 1_700_000_000_000, "basis": "", "reason": "", **facts}


def test_a_person_reads_in_german_why_a_message_came_or_not_and_why_they_are_in_a_segment(dana: Subject) -> None:
    now = now_ms()
    update_profiles([(dana.person_id, Profile({"name": "Dana", "plan": "pro", "locale": "de"}, {}, []), 2)])
    chain = [
        _decided("trigger", allow=True, basis="event", operation="choose"),
        _decided("marketing_email", allow=True, basis="consent"),
        _decided("quiet_hours", told={"zone": "Europe/Berlin", "until": 1_700_000_000_000 + DAY // 2}),
        _decided("marketing_email", reason="withdrawn"),
    ]
    Message.objects.filter(bucket=dana.bucket, person_id=dana.person_id).update(
        state=State.SKIPPED, reason="marketing_email:withdrawn", decisions=chain
    )
    definition = {
        "any": [
            {"attribute": "plan", "op": "in", "value": ["pro", "team"]},
            {"not": {"event": "moved", "op": "did_not", "within": "P30D"}},
        ]
    }
    segment = create_segment(dana.workspace_id, name="Profis", definition=definition)
    told = next(tell_decisions(dana, now, speech_in("de")))

    assert told["about"].startswith("eine Nachricht per E-Mail: Kampagne")
    assert told["decided"].startswith(
        "Sie wurde ausgelassen. Bei der Übergabe noch einmal geprüft: ausgelassen: die Einwilligung wurde widerrufen"
    )
    assert told["because"][0] == "Das Ereignis kam, und seine Bedingungen waren erfüllt."
    assert "Es ist 23:13 Uhr in Europe/Berlin, in den Ruhezeiten: gesendet wird um 11:13 am 15. November 2023." in told["because"]
    from troth.segments.looking import explain_membership

    tree = explain_membership(segment, dana, now, speech_in("de")).tree
    assert list(answer._reasons(tree, speech_in("de"))) == [
        "mindestens eine von (plan ist eines von “pro”, “team” (“pro”): ja; es darf nicht sein, dass (moved kam nicht vor im vergangenen Zeitraum (30 Tage) (nie): ja))"
    ]
    page = b"".join(export_html(dana)).decode()
    assert "die Einwilligung wurde widerrufen" in page and "the consent was withdrawn" not in page and "in English" not in page
