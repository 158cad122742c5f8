"""What the control API refuses, and how it says so: `{code, message, path?}`, never with a value that was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from troth.campaigns.editing import CampaignUnknown
from troth.campaigns.newsletters.errors import NewsletterUnknown
from troth.campaigns.saved_funnels import FunnelUnknown
from troth.campaigns.trials import TrialRefused
from troth.consent.forms import FormUnknown
from troth.consent.held import ChangeHeld
from troth.consent.topics import TopicUnknown
from troth.content.library import PieceMissing
from troth.intake.errors import IdentifierTaken
from troth.intake.json_values import ValueRefused
from troth.kernel.errors import TrothError
from troth.people.lookup import PersonNotFound
from troth.privacy.breaches.register import BreachOpen, BreachUnknown
from troth.privacy.contests.contesting import ContestUnknown
from troth.privacy.desk.cases import RequestNotFound
from troth.privacy.erasure.kept import KeptUnknown
from troth.privacy.handovers.handing import HandoverUnknown
from troth.privacy.processors.register import ProcessorUnknown
from troth.privacy.retention.rules import RetentionUnknown
from troth.privacy.takeaways.asking import TakeawayNotThere, TakeawayUnknown
from troth.segments.registry import SegmentUnknown, VersionUnknown
from troth.workspaces.agreements.instructions import InstructionUnknown

_PATH = re.compile(r"(\$[^\s:]*)(?:: | (?=\(“))(.+)", re.DOTALL)
"""A place and what is wrong there; a place inside of something that it names, such as another segment, begins with the name."""


class ApiError(TrothError):
    """A refusal with its status, code and, where input is at fault, JSON path."""

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class ScopeMissing(ApiError):
    """The key is valid but may not do this."""

    status = 403
    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The key lacks the scope `{scope}`: use a key that has it.")


class NotFound(ApiError):
    """Nothing of that id in the key's workspace."""

    status = 404
    code = "not_found"


class Conflict(ApiError):
    """Cannot be done as things stand."""

    status = 409
    code = "conflict"


class Ambiguous(Conflict):
    """An identifier that several people share."""

    code = "ambiguous"

    def __init__(self) -> None:
        super().__init__("Several people share this identifier: find them with GET /people?identifier=… and address one by `id`.")


class Suppressed(Conflict):
    """The door dropped it: it carries an identifier of somebody who was erased."""

    code = "suppressed"

    def __init__(self) -> None:
        super().__init__("Not accepted: it carries an identifier of somebody who was erased and must stay erased.")


class Unprocessable(ApiError):
    """Well-formed, but not acceptable."""

    status = 422
    code = "invalid"


class ConsentRefused(Unprocessable):
    """A consent that would be void (Art. 4(11), 7 GDPR)."""

    code = "consent_void"

    def __init__(self, message: str) -> None:
        super().__init__(message, path="$")


def problem(code: str, message: str, path: str = "") -> dict[str, str]:
    """The body of a refusal."""
    return {"code": code, "message": message, **({"path": path} if path else {})}


def explain(error: TrothError) -> tuple[int, dict[str, str]]:
    """Status and body for any of Troth's own errors."""
    if isinstance(error, ApiError):
        return error.status, problem(error.code, str(error), error.path)
    if isinstance(
        error,
        PersonNotFound
        | HandoverUnknown
        | TakeawayUnknown
        | CampaignUnknown
        | NewsletterUnknown
        | FormUnknown
        | FunnelUnknown
        | TopicUnknown
        | PieceMissing
        | SegmentUnknown
        | VersionUnknown
        | BreachUnknown
        | RetentionUnknown
        | KeptUnknown
        | ProcessorUnknown
        | InstructionUnknown
        | ContestUnknown
        | RequestNotFound,
    ):
        return 404, problem("not_found", str(error))
    if isinstance(error, TakeawayNotThere | BreachOpen | TrialRefused | ChangeHeld):
        return 409, problem("conflict", str(error))
    if isinstance(error, IdentifierTaken):
        return 409, problem("conflict", "Somebody changed the same person at this moment: try again.")
    message = str(error)
    found = _PATH.fullmatch(message)
    code = error.code if isinstance(error, ValueRefused) else _code_of(error)
    return 400, problem(code, found[2] if found else message, found[1] if found else "")


def _code_of(error: TrothError) -> str:
    """CampaignInvalid → campaign_invalid."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def explain_validation(errors: list[dict[str, Any]]) -> tuple[int, dict[str, str]]:
    """The first fault of a request that does not fit its schema. What was sent is not repeated."""
    first: Mapping[str, Any] = errors[0] if errors else {"loc": (), "msg": "Invalid."}
    where, *rest = first["loc"] or ("body",)
    path = place_in(rest[1:]) if where == "body" else ".".join(str(part) for part in (where, *rest))
    return 422, problem("invalid", say_fault(first), path)


def place_in(steps: Sequence[int | str]) -> str:
    """The JSON path of a place in a body."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def say_fault(fault: Mapping[str, Any]) -> str:
    """What does not fit a schema, in words."""
    return f"{fault['msg']}.".replace("..", ".")
