"""Suppressions: keyed hashes of every identifier of an erased person, looked up at every door.

The exact and the folded form of an e-mail address are both stored and both looked up, so that `Jane.Doe+news@GoogleMail.com` stays gone as
`janedoe@gmail.com`. The key is derived per workspace from the master key, which lies outside the database and its backups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from troth.kernel.crypto import derive, keyed_tag
from troth.kernel.ids import bucket_of_tag
from troth.kernel.sql import TAG_KEY, insert_rows, select_by_keys
from troth.people.identifiers import ANONYMOUS_ID, DEVICE, EMAIL, EXTERNAL_ID, KINDS, PHONE, fold_email, normalise


def suppression_tag(workspace_id: int, kind: str, normalised: str) -> bytes:
    """The 32-byte tag of a normalised identifier."""
    return keyed_tag(derive(b"suppress/v1:%d" % workspace_id), f"suppress/v1\0{kind}:{normalised}".encode())


def suppression_tags(workspace_id: int, kind: str, normalised: str) -> list[bytes]:
    """All tags under which an identifier is stored and looked up: exact, and folded for an e-mail address."""
    tags = [suppression_tag(workspace_id, kind, normalised)]
    if kind == EMAIL:
        folded = fold_email(normalised)
        tags.append(suppression_tag(workspace_id, "email_folded", folded))
    return tags


def screening_tags(workspace_id: int, kind: str, normalised: str) -> list[bytes]:
    """All tags to look up for an identifier that arrives: as its own kind, and as any kind it may be in disguise.

    An erased address that comes back as a user id is still that address.
    """
    if kind in (EMAIL, PHONE):
        return suppression_tags(workspace_id, kind, normalised)
    kinds = {EXTERNAL_ID, ANONYMOUS_ID, DEVICE} | ({EMAIL} if "@" in normalised else set()) | ({PHONE} if normalised[:1] in "+0" else set())
    values = [(other, normalise(other, normalised)) for other in sorted(kinds)]
    return [tag for other, value in values if value for tag in suppression_tags(workspace_id, other, value)]


def find_suppressed(tags: Iterable[bytes]) -> set[bytes]:
    """Those of the tags that are suppressed. An error here must reach the caller: without an answer nothing is accepted."""
    keys = [(bucket_of_tag(tag), tag) for tag in tags]
    rows = select_by_keys("SELECT s.tag", "JOIN consent_suppression s ON s.bucket = k.column1 AND s.tag = k.column2", keys, TAG_KEY)
    return {bytes(tag) for (tag,) in rows}


def is_suppressed(workspace_id: int, value: str) -> bool:
    """Whether a value, as any kind of identifier, is suppressed."""
    tags = [tag for kind in KINDS if (normal := normalise(kind, value)) for tag in suppression_tags(workspace_id, kind, normal)]
    return bool(find_suppressed(tags))


def store_suppressions(found: Sequence[tuple[int, bytes, int, str]], *, reason: str) -> None:
    """Remember tags, `(workspace_id, tag, since, request_id)`; one that is there already stays as it is."""
    insert_rows(
        "INSERT INTO consent_suppression (bucket, tag, workspace_id, scope, since, reason, request_id)",
        sorted(
            (bucket_of_tag(tag), tag, workspace_id, "erased", since, reason, request_id) for workspace_id, tag, since, request_id in found
        ),
        "ON CONFLICT DO NOTHING",
    )


def count_dropped(counts: dict[tuple[int, str], int], now: int) -> None:
    """Add to the counters of what was dropped: (workspace_id, source) → number."""
    day = now // 86_400_000
    insert_rows(
        "INSERT INTO consent_suppressioncount (workspace_id, day, source, dropped)",
        [(workspace_id, day, source, number) for (workspace_id, source), number in counts.items()],
        "ON CONFLICT (workspace_id, day, source) DO UPDATE SET dropped = consent_suppressioncount.dropped + EXCLUDED.dropped",
    )
