"""Reports: figures of all messages in groups, and everything about one campaign or newsletter; as JSON, or as CSV for a spreadsheet."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import READ_REPORTS, workspace_of
from troth.api.errors import NotFound
from troth.api.schemas import problems
from troth.campaigns.reports import (
    SourceUnknown,
    find_source,
    make_report,
    name_sources,
    plain_figures,
    plain_report,
    plain_rows,
    write_csv,
)
from troth.kernel.clock import now_ms
from troth.messages.reports.counting import count_messages
from troth.messages.reports.shapes import By, make_span

router = Router(tags=["reports"])
AS_CSV = {"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}}
"""Beside JSON, for the description."""


class When(Schema):
    """Whole days of a zone, by themselves the last 30; messages belong to the day on which they were made."""

    first: date | None = None
    last: date | None = None
    zone: Annotated[str, StringConstraints(max_length=64)] = "UTC"


class Told(When):
    """As what it is told."""

    format: Literal["json", "csv"] = "json"


class Grouped(Told):
    """What is counted, and how it is grouped."""

    by: By = By.DAY
    source: Annotated[str, StringConstraints(max_length=40)] = Field("", description="Such as `campaign:7` or `newsletter:7`; empty: all.")


class FiguresOut(Schema):
    """Messages by what became of them: `audience` = `sent` + `waiting` + `skipped` + `cancelled` + `failed` + `unknown`, always."""

    audience: int
    sent: int = Field(description="Handed over: `untold` + `delivered` + `bounced` + `complained`.")
    untold: int
    delivered: int
    bounced: int
    complained: int
    waiting: int
    skipped: int
    cancelled: int
    failed: int
    unknown: int
    mails: int = Field(description="E-mails among what was sent.")
    opens_measured: int = Field(description="Mails whose person had agreed to it: what `opened` is out of.")
    opened: int = Field(description="By persons.")
    opens_not_counted: int = Field(description="Mails whose person had not agreed.")
    opened_by_machine: int = Field(description="By machines alone; in no other figure.")
    clicks_measured: int
    clicked: int
    clicks_not_counted: int
    clicked_by_machine: int
    unsubscribed: int


class LineOut(FiguresOut):
    """One group. `key` null: all the others, and groups too small to be told."""

    key: str | None
    name: str


class TableOut(Schema):
    """Figures in groups; the lines add up to `figures`."""

    by: By
    first: date
    last: date
    zone: str
    figures: FiguresOut
    reasons: dict[str, dict[str, int]]
    lines: list[LineOut]


@router.get("/reports/figures", auth=READ_REPORTS, response={200: TableOut, **problems()}, openapi_extra=AS_CSV)
def read_figures(request: HttpRequest, asked: Query[Grouped]) -> Any:
    """Messages by what became of them, grouped by day, source, variant, channel, topic or recipient domain. No person can be told from it."""
    workspace_id = workspace_of(request)
    span = make_span(asked.first, asked.last, zone=asked.zone, now=now_ms())
    table = count_messages(workspace_id, span, asked.by, source=asked.source)
    names = name_sources(workspace_id, (line.key for line in table.lines)) if asked.by is By.SOURCE else {}
    rows = plain_rows(table, names)
    if asked.format == "csv":
        return HttpResponse(write_csv(rows), content_type="text/csv; charset=utf-8")
    return {
        "by": table.by,
        "first": span.first,
        "last": span.last,
        "zone": span.zone,
        "figures": plain_figures(table.whole),
        "reasons": table.reasons,
        "lines": rows,
    }


@router.get("/reports/sources/{source}", auth=READ_REPORTS, response={200: dict[str, Any], **problems(404)})
def read_source(request: HttpRequest, source: str, asked: Query[When]) -> dict[str, Any]:
    """Everything about a campaign (`campaign:7`) or newsletter (`newsletter:7`): days, variants, links, conversions with revenue, cohorts, hold-out."""
    try:
        found = find_source(workspace_of(request), source)
    except SourceUnknown as error:
        raise NotFound(str(error)) from None
    now = now_ms()
    return plain_report(make_report(found, make_span(asked.first, asked.last, zone=asked.zone, now=now), now))
