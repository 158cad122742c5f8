"""What a dead sender leaves behind: what had only been claimed is sent, what was on its way is in doubt, and nothing is sent twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.messages.posting import Post
from troth.kernel.clock import MINUTE, now_ms
from troth.messages.models import Message, State
from troth.messages.queue import LEASE, Settlement, claim_due, recover_abandoned, settle
from troth.messages.senders import Fate, Sender, find_left, list_senders, this_sender
from troth.messages.sending import send_due


def _dead(*lines: str) -> int:
    """The id of a sender that was killed after it noted this."""
    script = (
        "import os, sys; from pathlib import Path; from troth.messages.senders import Sender\n"
        "sender = Sender(Path(sys.argv[1])); [os.write(sender._file, (one + chr(10)).encode()) for one in sys.argv[2:]]\n"
        "print(sender.sender_id, flush=True); os.kill(os.getpid(), 9)"
    )
    folder = Path(settings.TROTH_DATA) / "senders"
    folder.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", script, str(folder), *lines], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    return int(done.stdout)


def _claim_as(sender_id: int) -> None:
    claim_due(now_ms(), 10)
    Message.objects.all().update(claimed_by=sender_id)


def test_of_what_a_killed_sender_held_only_what_was_on_its_way_is_in_doubt(post: Post) -> None:
    dana = post.person("dana")
    for number in range(6):
        post.queue(dana, number, purpose="service" if number == 5 else "marketing_email")
    ids = list(Message.objects.order_by("message_id").values_list("message_id", flat=True))
    begun, taken, refused, service = (ids[number] for number in (1, 2, 3, 5))
    _claim_as(_dead(f"{begun}", f"{taken}", f"{refused}", f"{taken} +", f"{refused} -", f"{service}"))
    assert recover_abandoned(now_ms()) == 6
    assert post.states() == [
        (State.QUEUED, ""),
        (State.UNKNOWN, "worker_died_during_hand_over"),
        (State.SENT, "worker_died_after_hand_over"),
        (State.QUEUED, ""),
        (State.QUEUED, ""),
        (State.QUEUED, ""),
    ]
    assert list(Message.objects.order_by("message_id").values_list("attempts", flat=True)) == [0, 1, 1, 0, 0, 1]
    send_due(now_ms())
    assert len(post.sent) == 4


def test_a_sender_that_lives_keeps_what_it_holds_until_its_lease_is_over(post: Post) -> None:
    post.queue(post.person("dana"), purpose="marketing_email")
    claim_due(now_ms(), 10)
    assert recover_abandoned(now_ms()) == 0
    assert recover_abandoned(now_ms() + LEASE + MINUTE) == 1
    assert post.states() == [(State.UNKNOWN, "worker_died_during_hand_over")]


def test_a_sender_that_was_only_slow_says_what_became_of_it_after_all(post: Post) -> None:
    post.queue(post.person("dana"), purpose="marketing_email")
    [claim] = claim_due(now_ms(), 10)
    recover_abandoned(now_ms() + LEASE + MINUTE)
    settle([Settlement(claim=claim, state=State.SENT)], now_ms())
    assert post.states() == [(State.SENT, "")]


def test_what_another_sender_took_over_is_its_to_settle(post: Post) -> None:
    post.queue(post.person("dana"))
    [claim] = claim_due(now_ms(), 10)
    Message.objects.all().update(claimed_by=1)
    settle([Settlement(claim=claim, state=State.FAILED, reason="gave_up")], now_ms())
    assert post.states() == [(State.SENDING, "")]


def test_of_a_sender_elsewhere_or_before_the_machine_started_anew_everything_is_in_doubt(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = _dead()
    left = find_left(dead)
    assert left is not None
    assert left.fate_of(7) is Fate.NOT_BEGUN
    monkeypatch.setattr("troth.messages.senders._boot", lambda: "another boot")
    left = find_left(dead)
    assert left is not None
    assert left.fate_of(7) is Fate.IN_DOUBT
    assert find_left(12345) is None


def test_the_living_are_told_from_the_dead(post: Post) -> None:
    dead = _dead()
    alive, found_dead = list_senders()
    assert this_sender().sender_id in alive
    assert dead in found_dead


def test_what_is_settled_is_no_longer_in_the_file_and_it_names_nobody(tmp_path: Path) -> None:
    sender = Sender(tmp_path)
    path = tmp_path / str(sender.sender_id)
    empty = path.read_bytes()
    sender.begin(123456789)
    sender.answered(123456789, taken=True)
    assert path.read_bytes() == empty + b"123456789\n123456789 +\n"
    assert path.stat().st_mode & 0o077 == 0
    sender.forget()
    assert path.read_bytes() == empty
    sender.end()
    assert not path.exists()
