"""The control API put together: its routers, its refusals, its description at `docs` and `openapi.json`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Router
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

import troth
from troth.api import (
    breaches,
    campaign_versions,
    campaigns,
    channels,
    consents,
    domains,
    forms,
    funnels,
    instructions,
    inventory,
    leaving,
    letters,
    limits,
    newsletter_rehearsal,
    newsletter_versions,
    newsletters,
    notices,
    outbox,
    people,
    processors,
    proofs,
    purposes,
    readiness,
    recipients,
    record,
    repermissions,
    reports,
    requests,
    retention,
    rights,
    seats,
    segments,
    sending,
    takeaways,
    templates,
    topics,
    trying,
    webhooks,
    why,
)
from troth.api.access import Bearer
from troth.api.docs import OwnDocs
from troth.api.errors import explain, explain_validation, problem
from troth.api.json_body import StrictParser
from troth.api.noting import note_calls
from troth.api.schemas import Problem
from troth.kernel.errors import TrothError

DESCRIPTION = """Send people and events through the Vero or Segment doors; read, correct, decide, export and erase here.

Every call carries `Authorization: Bearer KEY` and sees the key's workspace alone: whatever lies in another one is not found. Lists return
`next_cursor`, to be passed on as `cursor` until it is null. Refusals are `{code, message, path?}`."""


class ControlAPI(NinjaAPI):
    """The API, with one description of a refusal that all operations share."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        """The description of every operation; each refusal has the shape of `Problem`."""
        described = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        described["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer["content"] = refusal
        return described


control_api = ControlAPI(
    title="Troth control API",
    version=troth.__version__,
    description=DESCRIPTION,
    urls_namespace="control",
    parser=StrictParser(),
    docs=OwnDocs(),
)


def _add(router: Router) -> None:
    """Mount a router; each operation's description says which scope it needs."""
    for path, view in router.path_operations.items():
        for operation in view.operations:
            bearer = operation.auth_param
            if not isinstance(bearer, Bearer):
                raise TypeError(f"{operation.view_func.__name__} names no scope.")
            operation.summary = operation.view_func.__name__.replace("_", " ").capitalize()
            operation.description = f"{operation.description}\n\nScope: `{bearer.scope}`."
            note_calls(operation, path)
            operation.openapi_extra = {**(operation.openapi_extra or {}), "x-scope": bearer.scope}
    control_api.add_router("", router)


for _router in (
    people.router,
    consents.router,
    purposes.router,
    notices.router,
    forms.router,
    rights.router,
    inventory.router,
    record.router,
    retention.router,
    processors.router,
    instructions.router,
    recipients.router,
    requests.router,
    outbox.router,
    channels.router,
    domains.router,
    campaigns.router,
    campaign_versions.router,
    limits.router,
    newsletters.router,
    newsletter_rehearsal.router,
    newsletter_versions.router,
    trying.router,
    topics.router,
    repermissions.router,
    reports.router,
    funnels.router,
    why.router,
    webhooks.router,
    templates.router,
    segments.router,
    sending.router,
    breaches.router,
    proofs.router,
    readiness.router,
    seats.router,
    letters.router,
    leaving.router,
    takeaways.router,
):
    _add(_router)


def _answer(request: HttpRequest, status: int, body: dict[str, str]) -> HttpResponse:
    response = control_api.create_response(request, body, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@control_api.exception_handler(TrothError)
def _on_troth_error(request: HttpRequest, error: TrothError) -> HttpResponse:
    return _answer(request, *explain(error))


@control_api.exception_handler(ValidationError)
def _on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(request, *explain_validation(error.errors))


@control_api.exception_handler(AuthenticationError)
def _on_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _answer(request, 401, problem("key_invalid", "Send a valid key: `Authorization: Bearer KEY`."))


@control_api.exception_handler(HttpError)
def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, TrothError):
        return _answer(request, *explain(error.__cause__))
    return _answer(request, error.status_code, problem("invalid", error.message))


@control_api.exception_handler(RequestDataTooBig)
def _on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _answer(request, 413, problem("too_big", "The body is too large: 4 MiB at most."))
