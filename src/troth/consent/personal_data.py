"""What consent's tables hold, and how it is exported, erased and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from troth.consent.models import EVERYTHING, Record, Stance
from troth.kernel.personal_data import Store, Subject, Table, declare, declare_not_personal, keys_of
from troth.kernel.tenancy import declare_of_installation

_record = Table(
    model=Record, times=("at", "valid_until"), json=("evidence", "rules"), hidden=("salt", "subject_ref", "schema"), order_by="record_id"
)
_stance = Table(model=Stance, times=("at", "valid_until"))
_COPIED = "purpose, workspace_id, standing, record_id, at, valid_until, purpose_version"


def _move_stances(source: Subject, target: Subject) -> int:
    """Two persons become one: on each purpose a refusal or objection beats a grant, either beats a mere claim, and what the person said a restriction that ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO consent_stance (bucket, person_id, {_COPIED})"
            f" SELECT %s, %s, {_COPIED} FROM consent_stance WHERE bucket = %s AND person_id = %s"
            " ON CONFLICT (bucket, person_id, purpose) DO UPDATE SET standing = EXCLUDED.standing, record_id = EXCLUDED.record_id,"
            " at = EXCLUDED.at, valid_until = EXCLUDED.valid_until, purpose_version = EXCLUDED.purpose_version WHERE EXCLUDED.standing <> 0"
            " AND (consent_stance.standing = 0 OR EXCLUDED.standing < consent_stance.standing OR (EXCLUDED.standing = consent_stance.standing"
            " AND EXISTS (SELECT 1 FROM consent_record r WHERE r.bucket = consent_stance.bucket AND r.person_id = consent_stance.person_id"
            " AND r.record_id = consent_stance.record_id AND r.decision = 'restrict')))",
            [target.bucket, target.person_id, source.bucket, source.person_id],
        )
    return _stance.erase([source]).total()


def _erase_records(subjects: Sequence[Subject]) -> Counter[int]:
    """The ledger learns that the records' leaves were erased; without their salts those say nothing more."""
    with connection.cursor() as cursor:
        for listed, values in keys_of(subjects):
            cursor.execute(
                "INSERT INTO consent_erasedrecord (workspace_id, record_leaf) SELECT workspace_id, leaf FROM consent_record"
                f" WHERE (bucket, person_id) IN {listed} AND leaf IS NOT NULL ON CONFLICT DO NOTHING",
                values,
            )
    return _record.erase(subjects)


def _standing_words(subject: Subject) -> Iterator[dict[str, Any]]:
    words = {-1: "refused", 0: "none", 1: "granted"}
    of_restriction = {-1: "restricted", 0: "not restricted any more"}
    for row in _stance.export(subject):
        yield {**row, "standing": (of_restriction if row["purpose"] == EVERYTHING else words)[row["standing"]]}


declare(
    Store(
        name="consent.records",
        provided=True,
        title="Consent records: each decision on a purpose",
        category="decision",
        purpose="prove consent (Art. 7(1))",
        origin="the person",
        retention="until erased; what proves a consent that ended, as long as claims can be made of it, by the schedule of the workspace",
        export=_record.export,
        erase=_erase_records,
        move=_record.move,
        models=("consent.Record",),
        columns=("purpose", "decision", "evidence"),
    )
)
declare(
    Store(
        name="consent.standing",
        title="Standing decisions per purpose, and whether processing is restricted",
        category="decision",
        purpose="honour decisions (Art. 7(3), 18, 21)",
        origin="derived from the consent records",
        retention="until erased",
        export=_standing_words,
        erase=_stance.erase,
        move=_move_stances,
        models=("consent.Stance",),
        columns=("purpose", "standing"),
    )
)
declare_not_personal(
    "consent.Suppression",
    "keyed hashes only, kept after erasure so that the person stays erased (Art. 17(3)(b), 21(3)); used for blocking alone",
)
declare_not_personal("consent.SuppressionCount", "counts per workspace, door and day")
declare_not_personal(
    "consent.AskedAddress", "keyed hashes, kept for a day: without the installation's key and the address itself they lead to nobody"
)
declare_not_personal("consent.UsedToken", "hashes of random numbers")
declare_of_installation("consent.UsedToken", "hashes of random numbers, which expire by themselves")
declare_of_installation("consent.AskedAddress", "keyed hashes, kept for a day")
