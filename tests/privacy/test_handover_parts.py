"""A file that is too large for one PUT goes to an S3-compatible store in parts, on from where it stopped, and leaves none behind when it fails."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.amazon_signatures import signed_rightly
from tests.http_server import Answer, Provider
from tests.privacy.test_takeaways import KEYS, recipient, take  # noqa: F401 -- `recipient` is a fixture
from tests.s3_store import Store
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.certificate import verify_certificate
from troth.privacy.handovers import parts
from troth.privacy.handovers.handing import hand_over, hand_over_takeaway
from troth.privacy.handovers.targets import Target, open_target
from troth.privacy.models.takeaways import Handover, Takeaway
from troth.privacy.takeaways.asking import path_of
from troth.workspaces.models import Workspace

PART = 3_000
WHERE = "/bucket/all.zip"


@pytest.fixture
def store(recipient: Provider, monkeypatch: pytest.MonkeyPatch) -> Store:  # noqa: F811 -- a fixture
    monkeypatch.setattr(parts, "AT_ONCE", PART)
    monkeypatch.setattr(parts, "PART", PART)
    store = Store(lambda asked: signed_rightly(asked, KEYS["secret_key"]))
    recipient.answer = store
    return store


@pytest.fixture
def own(dana: Subject) -> Takeaway:
    return take(Workspace.objects.get(pk=dana.workspace_id))


@pytest.fixture
def asked_for(own: Takeaway, recipient: Provider, store: Store) -> Handover:  # noqa: F811 -- a fixture
    target = Target(method="s3", url=f"{recipient.url}{WHERE}", **KEYS)
    return hand_over_takeaway(own, target, recipient="Other Ltd", by="member 1", now=now_ms())


def failing(store: Store, is_hit: Any, answer: Answer | None) -> Any:
    """The store, but for requests that are hit."""
    return lambda asked: answer if is_hit(asked) else store(asked)


def is_part(number: int) -> Any:
    return lambda asked: asked.method == "PUT" and f"partNumber={number}&" in asked.path


def test_it_goes_in_parts_and_the_receipt_says_what_the_store_made_of_it(asked_for: Handover, own: Takeaway, store: Store) -> None:
    whole = path_of(own).read_bytes()
    done = hand_over(asked_for, now_ms())
    number = -(-len(whole) // PART)
    assert number > 3
    assert (done.state, done.status, done.target) == ("done", 200, None), done.trouble
    assert store.objects == {WHERE: whole}
    assert (store.put, store.uploads) == ([*range(1, number + 1)], {})
    receipt = verify_certificate(done.receipt)
    assert (receipt["sha256"], receipt["bytes"], receipt["answered"]["says"]) == (own.sha256, len(whole), f"whole-{number}")


def test_the_next_try_sends_only_what_the_store_lacks(
    asked_for: Handover,
    own: Takeaway,
    store: Store,
    recipient: Provider,  # noqa: F811 -- a fixture
) -> None:
    recipient.answer = failing(store, is_part(4), None)  # hangs up
    tried = hand_over(asked_for, now_ms())
    assert (tried.state, store.put, store.objects) == ("waiting", [1, 2, 3], {})
    tried = hand_over(Handover.objects.get(pk=tried.pk), now_ms())
    assert store.put == [1, 2, 3], "what is there is not sent again"
    recipient.answer = store
    done = hand_over(Handover.objects.get(pk=tried.pk), now_ms())
    assert (done.state, store.begun, store.objects[WHERE]) == ("done", 1, path_of(own).read_bytes())
    assert store.put == [*range(1, len(store.put) + 1)]


def test_what_is_refused_for_good_leaves_no_parts_there(
    asked_for: Handover,
    store: Store,
    recipient: Provider,  # noqa: F811 -- a fixture
) -> None:
    recipient.answer = failing(store, is_part(2), (403, b""))
    over = hand_over(asked_for, now_ms())
    assert (over.state, over.status, over.target, over.receipt) == ("failed", 403, None, "")
    assert store.begun == 1 and store.uploads == {} and store.objects == {}


def test_what_cannot_be_handed_over_in_three_days_leaves_no_parts_there(
    asked_for: Handover,
    store: Store,
    recipient: Provider,  # noqa: F811 -- a fixture
) -> None:
    recipient.answer = failing(store, is_part(2), (503, b""))
    tried = hand_over(asked_for, now_ms())
    assert (tried.state, len(store.uploads)) == ("waiting", 1)
    Handover.objects.filter(pk=tried.pk).update(asked_at=now_ms() - 4 * DAY)
    over = hand_over(Handover.objects.get(pk=tried.pk), now_ms())
    assert (over.state, store.uploads) == ("failed", {})


def test_an_upload_that_the_store_has_forgotten_is_begun_anew(
    asked_for: Handover,
    own: Takeaway,
    store: Store,
    recipient: Provider,  # noqa: F811 -- a fixture
) -> None:
    recipient.answer = failing(store, is_part(3), (500, b""))
    tried = hand_over(asked_for, now_ms())
    store.uploads.clear()
    recipient.answer = store
    lost = hand_over(Handover.objects.get(pk=tried.pk), now_ms())
    assert (lost.state, lost.trouble) == ("waiting", "upload_lost")
    kept = open_target(bytes(lost.target or b""))
    assert kept and kept.upload is None
    done = hand_over(Handover.objects.get(pk=tried.pk), now_ms())
    assert (done.state, store.begun, store.objects[WHERE]) == ("done", 2, path_of(own).read_bytes())


def test_an_error_that_begins_with_200_is_no_success(
    asked_for: Handover,
    store: Store,
    recipient: Provider,  # noqa: F811 -- a fixture
) -> None:
    is_end: Any = lambda asked: asked.method == "POST" and "uploadId=" in asked.path  # noqa: E731 -- short
    recipient.answer = failing(store, is_end, (200, b"<Error><Code>InternalError</Code></Error>"))
    tried = hand_over(asked_for, now_ms())
    assert (tried.state, tried.receipt) == ("waiting", "")
    recipient.answer = store
    assert hand_over(Handover.objects.get(pk=tried.pk), now_ms()).state == "done"
    assert store.begun == 1


def test_of_a_part_no_more_than_a_piece_is_in_memory() -> None:
    taken: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            taken.append(size or 0)
            return super().read(size)

    part = parts._Part(Watched(b"x" * 5_000_000), 1_000_000, 3_500_000)
    assert sum(map(len, part)) == len(part) == 3_500_000
    assert max(taken) <= parts.PIECE
    assert asked_in_range(part)


def asked_in_range(part: Any) -> bool:
    """Nothing is left once it was read, and all of it again once it was hashed."""
    return part.read() == b"" and bool(part.hash()) and len(part.read(-1)) == parts.PIECE
