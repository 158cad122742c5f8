"""What the room shows: the proofs and their course, the certificates of the workspace's erasures, and what a certificate says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from troth.console.charts import Chart, Series, bar_chart
from troth.console.showing import format_day
from troth.kernel.json_text import decode
from troth.privacy.certificate import CertificateInvalid, verify_certificate
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.proofs import ProofRun, ProofState

CHARTED = 30
ISSUED = 50
MOST_TEXT = 200_000
"""Characters of a certificate that is looked at."""


@dataclass(frozen=True)
class Issued:
    """A certificate of an erasure. `levels`: each with whether it was reached."""

    request: PrivacyRequest
    levels: list[tuple[str, bool, str]]


def list_issued(workspace_id: int) -> list[Issued]:
    """The latest certificates of erasure, the newest first."""
    own = PrivacyRequest.objects.filter(workspace_id=workspace_id, type=RequestType.ERASURE).exclude(certificate="")
    return [Issued(one, levels_of(decode(one.certificate)["claims"])) for one in own.order_by("-received_at")[:ISSUED]]


def levels_of(claims: Mapping[str, Any]) -> list[tuple[str, bool, str]]:
    """L1 to L6: name, whether it was reached, what is said of it."""
    levels = claims.get("levels")
    if not isinstance(levels, list):
        return []
    told = [one for one in levels if isinstance(one, dict)]
    return [(str(one.get("level")), bool(one.get("reached")), f"{one.get('name')}: {one.get('detail')}") for one in told]


def chart_of(runs: Sequence[ProofRun]) -> Chart:
    """How long each search took, in seconds, by what came of it."""
    shown = [run for run in reversed(runs) if run.state != ProofState.RUNNING][-CHARTED:]
    series = []
    for state, name, tone in (
        (ProofState.PASSED, _("passed"), "good"),
        (ProofState.FAILED, _("did not hold"), "bad"),
        (ProofState.BROKEN, _("broke off"), "warn"),
    ):
        took = [max(0.1, round(run.took_ms / 1000, 1)) if run.state == state else 0 for run in shown]
        if any(took):
            series.append(Series(name, tone, took))
    return bar_chart(_("Seconds of searching"), [format_day(run.begun_at) for run in shown], series)


def claims_of(run: ProofRun) -> dict[str, Any]:
    """What the statement of a proof says; empty where there is none."""
    return dict(decode(run.certificate)["claims"]) if run.certificate else {}


def check_text(text: str, key_pem: str) -> tuple[dict[str, Any] | None, str]:
    """The claims of a certificate that somebody shows us, or why it does not hold."""
    if len(text) > MOST_TEXT:
        return None, _("This is too long for a certificate.")
    try:
        return verify_certificate(text, key_pem.strip() or None), ""
    except CertificateInvalid as error:
        return None, str(error)
