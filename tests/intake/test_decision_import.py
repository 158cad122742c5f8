"""Decisions from a CSV file: judged by the proof they bring along, told line by line, and the same when they come twice."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.consent.decisions import load_stances
from troth.consent.models import Record
from troth.consent.topics import create_topic
from troth.intake.commands import Identify, Identity
from troth.intake.decision_import import FileRefused, Report, import_decisions, list_columns
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_people

HEAD = "email,purpose,decision,decided_at,notice,default_state,control_kind,artefact"
PROOF = "2026-01-31,May we write?,unchecked,checkbox,box 7 of the archive"


@pytest.fixture
def people(workspace: Any) -> Any:
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now_ms()}
    apply(
        [Identify(identity=Identity(external_id=name, email=f"{name}@example.com"), **about) for name in ("dana", "erin", "frank")],
        now=now_ms(),
    )
    return workspace


def run(workspace: Any, *rows: str, head: str = HEAD, is_trial: bool = False) -> Report:
    lines = [f"{line}\n" for line in (head, *rows)]
    return import_decisions(workspace.pk, lines, Report(), now=now_ms(), is_trial=is_trial)


def standing(workspace: Any, name: str) -> dict[str, int]:
    (subject,) = find_people(workspace.pk, f"{name}@example.com")
    return load_stances([subject.person_id]).get(subject.person_id, {})


def test_what_is_proven_counts_and_what_is_not_permits_nothing(people: Any) -> None:
    report = run(people, f"dana@example.com,marketing_email,grant,{PROOF}", "erin@example.com,marketing_email,grant,,,,,")
    assert dict(report.counts) == {"recorded": 1, "unproven": 1}
    assert standing(people, "dana") == {"marketing_email": 1}
    assert standing(people, "erin") == {"marketing_email": 0}
    kept = Record.objects.get(workspace_id=people.pk, valid=True)
    assert (kept.source, kept.state, kept.evidence["artefact"]) == ("import", "ConsentGiven", "box 7 of the archive")
    assert kept.at == 1_769_817_600_000
    ((line, why),) = report.problems
    assert line == 3
    assert "C04" in why
    assert "Say in `artefact`" in why


def test_each_bad_row_is_told_by_its_line_and_the_others_are_recorded(people: Any) -> None:
    report = run(
        people,
        "dana@example.com,marketing_email,grant,2026-01-31,May we?,checked,checkbox,box 7",
        "erin@example.com,nonsense,grant,,,,,",
        "erin@example.com,marketing_email,maybe,,,,,",
        ",marketing_email,withdraw,,,,,",
        "erin@example.com,marketing_email,grant,yesterday,,,,",
        "too,few",
        "nobody@example.com,marketing_email,grant,,,,,",
        "",
        "frank@example.com,marketing_email,withdraw,,,,,",
    )
    assert dict(report.counts) == {"void": 1, "unknown_purpose": 1, "bad": 4, "unknown_person": 1, "recorded": 1}
    assert [line for line, _ in sorted(report.problems)] == [2, 3, 4, 5, 6, 7, 8]
    assert standing(people, "frank") == {"marketing_email": -1}
    assert standing(people, "dana") == standing(people, "erin") == {}


def test_a_file_that_comes_twice_adds_nothing(people: Any) -> None:
    rows = [f"dana@example.com,marketing_email,grant,{PROOF}", "erin@example.com,marketing_email,withdraw,,,,,"]
    run(people, *rows, rows[0])
    before = Record.objects.filter(workspace_id=people.pk).count()
    assert before == 2
    assert dict(run(people, *rows).counts) == {"repeated": 2}
    assert Record.objects.filter(workspace_id=people.pk).count() == before


def test_a_refusal_of_somebody_unknown_is_not_forgotten(people: Any) -> None:
    assert dict(run(people, "new@example.com,marketing_email,withdraw,,,,,").counts) == {"recorded": 1}
    assert standing(people, "new") == {"marketing_email": -1}
    assert dict(run(people, "new@example.com,marketing_email,withdraw,,,,,").counts) == {"repeated": 1}


def test_an_older_consent_does_not_undo_a_refusal(people: Any) -> None:
    run(people, "dana@example.com,marketing_email,withdraw,,,,,")
    report = run(people, f"dana@example.com,marketing_email,grant,{PROOF}")
    assert dict(report.counts) == {"void": 1}
    assert "C07" in report.problems[0][1]
    assert standing(people, "dana") == {"marketing_email": -1}


def test_a_trial_says_the_same_and_records_nothing(people: Any) -> None:
    rows = [
        f"dana@example.com,marketing_email,grant,{PROOF}",
        "erin@example.com,marketing_email,grant,,,,,",
        "new@example.com,marketing_email,object,,,,,",
    ]
    tried = run(people, *rows, is_trial=True)
    assert not Record.objects.filter(workspace_id=people.pk).exists()
    assert find_people(people.pk, "new@example.com") == []
    done = run(people, *rows)
    assert (tried.counts, tried.problems) == (done.counts, done.problems)


def test_several_people_of_one_address_are_asked_apart(people: Any) -> None:
    about = {"workspace_id": people.pk, "source": "api", "received_at": now_ms()}
    apply([Identify(identity=Identity(external_id="dana-2", email="dana@example.com"), **about)], now=now_ms())
    report = run(people, f"dana@example.com,marketing_email,grant,{PROOF}", "dana@example.com,open_tracking,refuse,,,,,")
    assert dict(report.counts) == {"ambiguous": 1, "recorded": 2}


def test_nested_proof_lists_and_wishes_have_columns_too(people: Any) -> None:
    create_topic(people.pk, "offers", {"en": "Offers"}, "marketing_email")
    head = "id,purpose,decision,purposes,double_opt_in.method,double_opt_in.human,guardian.verified,age,explicit"
    run(people, "dana,marketing_email,grant,marketing_email|open_tracking,GET,yes,no,41,false", "dana,topic:offers,object,,,,,,", head=head)
    (subject,) = find_people(people.pk, "dana")
    assert load_stances([subject.person_id])[subject.person_id] == {"topic:offers": -1}
    run(people, "dana,marketing_email,grant,marketing_email,POST,yes,no,41,false", head=head)
    kept = Record.objects.get(workspace_id=people.pk, purpose="marketing_email")
    assert kept.evidence["double_opt_in"] == {"method": "POST", "human": True}
    assert (kept.evidence["age"], kept.evidence["purposes"]) == (41, ["marketing_email"])


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("email,purpose,decision,colour", "Unknown columns: colour"),
        ("email,purpose", "The first line names the columns"),
        ("purpose,decision", "The first line names the columns"),
        ("email,email,purpose,decision", "twice"),
        ("", "The first line names the columns"),
    ],
)
def test_a_file_whose_head_is_wrong_is_refused_whole(people: Any, head: str, told: str) -> None:
    with pytest.raises(FileRefused, match=told):
        run(people, "dana@example.com,marketing_email,withdraw", head=head)


def test_a_mark_of_byte_order_is_no_part_of_the_first_name(people: Any) -> None:
    report = run(people, "dana@example.com,marketing_email,withdraw", head="\ufeffemail,purpose,decision")
    assert dict(report.counts) == {"recorded": 1}


@given(rows=st.lists(st.lists(st.text(max_size=20), max_size=6), max_size=5))
def test_no_row_can_break_the_reading(rows: list[list[str]]) -> None:
    from troth.intake.decision_import import _read_head, _read_rows

    text = io.StringIO()
    csv.writer(text).writerows([["email", "purpose", "decision", "age", "explicit"], *rows])
    reader = csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True)
    report = Report()
    read = list(_read_rows(reader, _read_head(reader), report))
    assert len(read) + report.rows <= len(rows) + 1
    assert {"email", "double_opt_in.method"} <= set(list_columns())


def test_the_command_line_imports_and_says_what_became_of_each(own_server: Any, tmp_path: Any) -> None:
    served, file = own_server, tmp_path / "decisions.csv"
    key = {"auth_token": served.workspace["auth_token"]}
    served.post("/api/v2/users/track", {**key, "id": "dana", "email": "dana@example.com"})
    file.write_text(f"{HEAD}\ndana@example.com,marketing_email,grant,{PROOF}\n", encoding="utf-8")
    tried = served.cli("consent", "import", "Acme", str(file), "--dry-run")
    assert (tried.returncode, tried.stdout.strip()) == (0, "Nothing was recorded; it would be: 1 recorded.")
    done = served.cli("consent", "import", "Acme", str(file))
    assert (done.returncode, done.stdout.strip()) == (0, "Done: 1 recorded.")
    file.write_text("email,purpose,decision\nx,marketing_email,perhaps\n", encoding="utf-8")
    wrong = served.cli("consent", "import", "Acme", str(file))
    assert (wrong.returncode, wrong.stdout.splitlines()[0][:17]) == (1, "line 2: decision:")
    file.write_bytes("email,purpose,decision\nd\xe4na,marketing_email,withdraw\n".encode("latin-1"))
    assert "not in UTF-8" in served.cli("consent", "import", "Acme", str(file)).stderr
