"""The page of proofs, one of them, its statement as a file, one started at once, and the check of any certificate."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.ledger.log import head_of
from troth.console.access import MemberRequest, member_page, record
from troth.console.proofs.reading import CHARTED, MOST_TEXT, chart_of, check_text, claims_of, levels_of, list_issued
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.sql import is_sqlite
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.reading import last_proof, list_proofs
from troth.privacy.proofs.running import ProofUnderWay
from troth.privacy.proofs.starting import ProvenJustNow, start_now
from troth.privacy.proofs.telling import judge_last
from troth.workspaces.roles import Permission


class VerifyForm(forms.Form):
    """A certificate from a file or the clipboard, and whose key it is held against."""

    file = forms.FileField(label=later("File"), required=False, max_length=200)
    text = forms.CharField(
        label=later("Or its text"), required=False, max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})
    )
    key = forms.CharField(
        label=later("Public key of another installation"),
        required=False,
        max_length=2_000,
        help_text=later("As PEM. Empty: the certificate is one of this installation’s."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, object]:
        """One of both, read as text."""
        given = dict(self.cleaned_data)
        file = given.get("file")
        if file is not None and file.size <= MOST_TEXT:
            given["text"] = file.read().decode("utf-8", errors="replace")
        if not given.get("text"):
            raise forms.ValidationError(_("Choose the certificate’s file, or paste its text."))
        return given


@member_page(Permission.SEE_REGISTERS)
def proofs(request: MemberRequest) -> HttpResponse:
    """Whether it is proven, how that went day by day, and the certificates of this workspace."""
    runs, now = list_proofs(CHARTED + 1), now_ms()
    is_fine, says = judge_last(now)
    last = last_proof()
    running = next((run for run in runs if run.state == ProofState.RUNNING), None)
    return render_page(
        request,
        "console/proofs/proofs.html",
        runs=[run for run in runs if run.state != ProofState.RUNNING],
        running=running,
        share=round(100 * running.done / running.total) if running and running.total else "",
        last=last,
        claims=claims_of(last) if last else {},
        is_fine=is_fine,
        says=says,
        chart=chart_of(runs),
        issued=list_issued(request.workspace.pk),
        ledger_size=head_of(request.workspace.pk)[0],
        is_embedded=is_sqlite(),
    )


@member_page(Permission.SEE_REGISTERS)
def proof(request: MemberRequest, proof_id: UUID) -> HttpResponse:
    """One of them: what was searched for and found, and what a search does not see."""
    run = _own(proof_id)
    return render_page(request, "console/proofs/proof.html", run=run, claims=claims_of(run), crumbs=_way(request))


@member_page(Permission.SEE_REGISTERS)
def statement(request: MemberRequest, proof_id: UUID) -> HttpResponse:
    """The signed statement, as a file."""
    run = _own(proof_id)
    if not run.certificate:
        raise Http404
    name = f"proof-{run.pk}.json"
    return HttpResponse(run.certificate, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@member_page(Permission.KEEP_REGISTERS, methods=("POST",))
def start(request: MemberRequest) -> HttpResponse:
    """Prove it now; a process of its own does."""
    try:
        run = start_now(now_ms())
    except (ProofUnderWay, ProvenJustNow) as error:
        messages.info(request, str(error))
    else:
        record(request, "proof.started", detail={"proof": str(run.pk)})
        messages.success(request, _("The proof has begun. This page shows how far it is."))
    response = redirect(reverse("console-proofs", args=[request.workspace.pk]))
    response.status_code = 303
    return response


@member_page(Permission.SEE_REGISTERS, methods=("GET", "POST"))
def verify(request: MemberRequest) -> HttpResponse:
    """Hold any certificate or statement against its signature; nothing of it is kept."""
    form = VerifyForm(request.POST, request.FILES) if request.method == "POST" else VerifyForm()
    claims, fault = None, ""
    if request.method == "POST" and form.is_valid():
        claims, fault = check_text(str(form.cleaned_data["text"]), form.cleaned_data["key"])
    return render_page(
        request,
        "console/proofs/verify.html",
        status=422 if form.errors or fault else 200,
        form=form,
        claims={name: value for name, value in (claims or {}).items() if isinstance(value, str | int | float)},
        levels=levels_of(claims or {}),
        reasons=(claims or {}).get("reasons") or [],
        fault=fault,
        crumbs=_way(request),
    )


def _own(proof_id: UUID) -> ProofRun:
    run = ProofRun.objects.filter(pk=proof_id).first()
    if run is None:
        raise Http404
    return run


def _way(request: MemberRequest) -> list[tuple[str, str]]:
    return [(_("Proofs"), reverse("console-proofs", args=[request.workspace.pk]))]
