"""The list of consent records with filters, one record with its text and proof, and what was refused at the doors."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_date
from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.catalog import load_catalog
from troth.consent.models import EVERYTHING
from troth.consent.receipt_page.build import build_page
from troth.consent.receipts import make_receipt
from troth.console.access import MemberRequest, member_page
from troth.console.asking import FilterInvalid, is_number, keep, read_day, read_person
from troth.console.charts import Series, bar_chart
from troth.console.consents.reading import (
    WINDOW,
    Page,
    Wanted,
    count_refused_days,
    count_refused_rules,
    describe_records,
    find_record,
    prove_place,
    read_page,
    read_shown,
    read_use,
)
from troth.console.consents.wording import DECISIONS, FAULTS, SOURCES, STATES, describe_evidence, explain_rules, list_rules
from troth.console.shell import preferences, render_page
from troth.console.showing import put_in_words
from troth.kernel.clock import DAY, now_ms
from troth.kernel.crypto import public_key_pem
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

ASKED = ("person", "purpose", "decision", "valid", "rule", "source", "notice", "from", "to")
DAYS = 30


@member_page(Permission.SEE_CONSENTS, audit="consent.list")
def consents(request: MemberRequest) -> HttpResponse:
    """`?person=&purpose=&decision=&valid=&rule=&source=&notice=&from=&to=&before=`, the newest first."""
    asked, problem, page = request.GET, "", Page([], None)
    before = asked.get("before", "")
    try:
        wanted = _read_wanted(request)
    except FilterInvalid as invalid:
        problem = str(invalid)
    else:
        request.about = wanted.person_id or NOBODY
        page = read_page(request.workspace.pk, wanted, int(before) if is_number(before) else None)
    request.shown = [row.record.person_id for row in page.rows]
    catalog = load_catalog(request.workspace.pk)
    return render_page(
        request,
        "console/consents/consents.html",
        tabs=_tabs(request, is_list=True),
        rows=[(row, DECISIONS.get(row.record.decision, row.record.decision)) for row in page.rows],
        is_cut=page.is_cut,
        window=WINDOW,
        problem=problem,
        asked={name: asked.get(name, "") for name in ASKED},
        is_filtered=any(asked.get(name) for name in (*ASKED, "before")),
        is_narrow=any(asked.get(name) for name in ("rule", "source", "notice", "from", "to")),
        purposes=[("", _("Any purpose")), *((rule.key, rule.name) for rule in (*catalog.purposes.values(), *catalog.archived.values()))],
        decisions=[("", _("Any decision")), *DECISIONS.items()],
        validities=[("", _("Valid or not")), ("yes", _("Valid consents")), ("no", _("Permits nothing"))],
        rules=[("", _("Any rule")), *list_rules()],
        sources=[("", _("Any door")), *((source, put_in_words(source)) for source in SOURCES)],
        older=f"?{keep(asked, 'before', before=str(page.older))}" if page.older else "",
        newest=f"?{keep(asked, 'before')}" if before else "",
    )


def _tabs(request: MemberRequest, *, is_list: bool) -> list[tuple[str, str, bool]]:
    here = [request.workspace.pk]
    return [
        (_("Records"), reverse("console-consents", args=here), is_list),
        (_("Refused at the door"), reverse("console-consents-refused", args=here), not is_list),
    ]


def _read_wanted(request: MemberRequest) -> Wanted:
    """Raises FilterInvalid."""
    asked, zone = request.GET, preferences(request)["zone"]
    for name, known in (("decision", DECISIONS), ("rule", FAULTS), ("source", SOURCES), ("valid", ("yes", "no"))):
        if asked.get(name) and asked[name] not in known:
            raise FilterInvalid(_("There is no such choice: choose one from the list."))
    return Wanted(
        person_id=read_person(asked.get("person", "").strip()[:320], request.workspace.pk),
        purpose=asked.get("purpose", "")[:64].replace("\0", ""),
        decision=asked.get("decision", ""),
        valid={"yes": True, "no": False}.get(asked.get("valid", "")),
        rule=asked.get("rule", ""),
        source=asked.get("source", ""),
        notice=asked.get("notice", "")[:64].replace("\0", ""),
        since=read_day(asked.get("from", ""), zone),
        until=read_day(asked.get("to", ""), zone, 1),
    )


@member_page(Permission.SEE_CONSENTS, audit="consent.read")
def consent(request: MemberRequest, record_id: int) -> HttpResponse:
    """One record: what was decided, what the person saw, what it failed, and its place in the ledger."""
    found = find_record(request.workspace.pk, record_id)
    if found is None:
        raise Http404
    request.about = found.person_id
    row = describe_records(request.workspace.pk, [found])[0]
    published = (found.notice, found.notice_version, found.language) in load_catalog(request.workspace.pk).notices
    return render_page(
        request,
        "console/consents/consent.html",
        record=found,
        row=row,
        crumbs=[(_("Consents"), reverse("console-consents", args=[request.workspace.pk]))],
        decision=DECISIONS.get(found.decision, found.decision),
        state=STATES.get(found.state, ""),
        is_everything=found.purpose == EVERYTHING,
        is_claim=found.decision in ("grant", "soft_opt_in"),
        text=read_shown(found),
        is_published=published,
        evidence=describe_evidence(found.evidence),
        faults=explain_rules(found.rules, is_soft=found.decision == "soft_opt_in"),
        use=read_use(found, now_ms()),
        place=prove_place(found),
    )


@member_page(Permission.SEE_CONSENTS, audit="consent.read")
def receipt(request: MemberRequest, record_id: int) -> HttpResponse:
    """The receipt of a record as one HTML file that verifies it offline, e.g. for an authority; without the person's own link."""
    found = find_record(request.workspace.pk, record_id)
    if found is None:
        raise Http404
    request.about = found.person_id
    page = build_page(make_receipt(found, now_ms()), public_key_pem(), settings.TROTH_URL)
    answer = HttpResponse(page, content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{record_id}.html"'
    return answer


@member_page(Permission.SEE_NOTICES)
def refused(request: MemberRequest) -> HttpResponse:
    """Claims of the last 30 days that were void: numbers by day, door and rule, and nobody's data."""
    today = now_ms() // DAY
    days = list(range(today - DAYS + 1, today + 1))
    numbers = count_refused_days(request.workspace.pk, days)
    locale = preferences(request)["locale"]
    labels = [str(format_date(datetime.fromtimestamp(day * DAY // 1000, UTC), "d MMM", locale=locale)) for day in days]
    rows = count_refused_rules(request.workspace.pk, days[0] * DAY)
    return render_page(
        request,
        "console/consents/refused.html",
        tabs=_tabs(request, is_list=False),
        chart=bar_chart(_("Refused claims a day"), labels, [Series(_("refused"), "warn", numbers)]),
        rows=[(source, told, number) for source, rule, number in rows for told in explain_rules([rule], is_soft=rule.startswith("S"))],
        days=DAYS,
    )
