"""Receipts in the words of others: expanded as JSON-LD, canonicalised, and held against the shape of ISO/IEC TS 27560 receipts, all without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld
from pyshacl import validate
from rdflib import Graph, Namespace

from tests.evidence import GIVEN
from troth.consent.catalog import MARKETING_EMAIL, forget_catalogs
from troth.consent.models import Record
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.consent.purposes import PurposeTerms, revise_purpose
from troth.consent.receipt_shape import CONTEXT, DELETION_LAG
from troth.consent.receipts import make_receipt
from troth.intake.commands import Decide, Decision, Identify, Identity, Restrict
from troth.intake.door import apply
from troth.kernel.clock import DAY
from troth.privacy.backups.taking import KEPT_FOR

NOW = 1_790_000_000_000
SHAPES = Path(__file__).parents[2] / "docs" / "receipt.shacl.ttl"
SH = Namespace("http://www.w3.org/ns/shacl#")
KNOWN = tuple(value for value in CONTEXT.values() if isinstance(value, str))
SAYS = {
    "controller": "Acme Ltd\n1 High Street, Dublin\nprivacy@acme.example",
    "purposes": "news about shoes",
    "data": "e-mail address\nfirst name",
    "withdrawal": "a link in every mail",
    "authority": "Data Protection Commission",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever verifies a receipt in twenty years has no network to ask."""

    def refuse(url: str, options: Any) -> Any:
        raise AssertionError(f"it asked for {url}")

    monkeypatch.setattr(jsonld, "_default_document_loader", refuse)


def receipt_of(workspace: Any, decision: Decision = Decision.GRANT, purpose: str = MARKETING_EMAIL, **evidence: Any) -> dict[str, Any]:
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": NOW, "identity": Identity(external_id="dana")}
    said = Decide(decision=decision, purpose=purpose, evidence=evidence, **about)
    person_id = apply([Identify(**about), said], now=NOW)[1].person_id
    return make_receipt(Record.objects.filter(person_id=person_id).order_by("-record_id")[0], NOW)


@pytest.fixture
def published(workspace: Any, settings: Any) -> dict[str, Any]:
    """Of a consent given by a published notice, to a purpose that is declared in full, on an installation that says where it stands."""
    settings.TROTH_STORED_IN = ["IE", "DE"]
    terms = PurposeTerms(
        name="News by e-mail", is_marketing=True, retention="P36M", recipients=["Mailer GmbH"], description={"en": "News about shoes."}
    )
    revise_purpose(workspace.pk, MARKETING_EMAIL, terms, material=False, now=1)
    save_notice(workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
    save_draft(workspace.pk, "news", "en", text="Acme Ltd writes to you once a week.", says=SAYS)
    publish_notice(workspace.pk, "news", material=False, now=2)
    forget_catalogs()
    shown = {"notice_key": "news", "notice_version": 1, "language": "en"}
    return receipt_of(workspace, default_state="unchecked", control_kind="checkbox", **shown)


def terms_in(value: Any) -> Iterator[str]:
    """Every term in a document, what is kept as plain JSON left out."""
    if isinstance(value, list):
        for item in value:
            yield from terms_in(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "@context":
                continue
            yield name
            if not name.endswith(("troth:proof", "consent#proof")):
                yield from terms_in(item)


def graph_of(receipt: dict[str, Any]) -> Graph:
    return Graph().parse(data=jsonld.to_rdf(receipt, {"format": "application/n-quads"}), format="nt")


def check(receipt: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The terms about which the shape complains, and those about which it warns."""
    _, report, _ = validate(graph_of(receipt), shacl_graph=Graph().parse(SHAPES), advanced=True)
    found: tuple[set[str], set[str]] = set(), set()
    for result in report.subjects(SH.resultSeverity):
        path = report.value(result, SH.resultPath) or report.value(result, SH.sourceConstraintComponent)
        found[report.value(result, SH.resultSeverity) == SH.Warning].add(str(path).partition("#")[2] or str(path).rpartition("/")[2])
    return found


def test_no_term_is_left_over_when_a_receipt_is_expanded(published: dict[str, Any]) -> None:
    [expanded] = jsonld.expand(published)
    terms = {term for term in terms_in(expanded) if not term.startswith("@")}
    assert [term for term in terms if not term.startswith(KNOWN)] == []
    said = {term for term in terms_in(published) if not term.startswith("@")}
    prefixes = {name: iri for name, iri in CONTEXT.items() if isinstance(iri, str)}
    assert {prefixes[term.partition(":")[0]] + term.partition(":")[2] for term in said} == terms
    back = jsonld.compact(expanded, published["@context"])
    assert back["troth:proof"] == published["troth:proof"]


def test_it_canonicalises_to_the_same_whatever_the_order_of_its_parts(published: dict[str, Any]) -> None:
    def canonical(document: dict[str, Any]) -> str:
        return str(jsonld.normalize(document, {"algorithm": "URDNA2015", "format": "application/n-quads"}))

    first = canonical(published)
    turned = json.loads(json.dumps(published, sort_keys=True))
    turned["dpv:hasPersonalData"].reverse()
    turned["dpv:hasStorageCondition"].reverse()
    assert canonical(turned) == first
    assert len(first.splitlines()) > 50
    assert canonical({**published, "troth:purposeName": "Something else"}) != first


def test_a_receipt_of_a_published_notice_has_every_mandatory_field(published: dict[str, Any]) -> None:
    assert check(published) == (set(), set())
    controller = published["dpv:hasDataController"]
    assert (controller["dpv:hasName"], controller["dpv:hasAddress"], controller["dpv:hasContact"]) == (
        "Acme Ltd",
        "1 High Street, Dublin, privacy@acme.example",
        "privacy@acme.example",
    )
    assert [data["dct:title"] for data in published["dpv:hasPersonalData"]] == ["e-mail address", "first name"]


@pytest.mark.parametrize(
    "term",
    ["dct:created", "dpv:hasDataController", "dpv:hasJurisdiction", "dpv:hasConsentControl", "dpv:hasRecordOfActivity", "troth:signature"],
)
def test_the_shape_misses_what_a_receipt_lacks(published: dict[str, Any], term: str) -> None:
    lacking = {name: value for name, value in published.items() if name != term}
    assert term.partition(":")[2] in check(lacking)[0]


def test_the_shape_knows_a_consent_without_a_text_and_one_that_is_none(published: dict[str, Any]) -> None:
    record = published["dpv:hasRecordOfActivity"]
    textless = {**record, "dpv:hasNotice": {**record["dpv:hasNotice"], "troth:textSha256": ""}}
    assert check({**published, "dpv:hasRecordOfActivity": textless})[0]
    [status] = record["dpv:hasConsentStatus"]
    refused = {**record, "dpv:hasConsentStatus": [{**status, "@type": ["dpv:ConsentRefused"]}]}
    assert check({**published, "dpv:hasRecordOfActivity": refused})[0] == {"OrConstraintComponent"}


def test_receipts_of_all_decisions_are_receipts_and_what_nobody_declared_is_a_warning(workspace: Any) -> None:
    undeclared = {"hasStorageCondition", "hasPersonalData"}
    assert check(receipt_of(workspace, **GIVEN)) == (set(), undeclared)
    for decision in (Decision.WITHDRAW, Decision.REFUSE, Decision.OBJECT, Decision.DEFER):
        assert check(receipt_of(workspace, decision))[0] == set()
    assert check(receipt_of(workspace, Decision.OBJECT, "channel:email"))[0] == set()
    assert check(receipt_of(workspace, notice="May we?"))[0] == set()


def test_a_restriction_has_a_receipt_too(workspace: Any) -> None:
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": NOW, "identity": Identity(external_id="dana")}
    person_id = apply([Identify(**about), Restrict(evidence={}, **about)], now=NOW)[1].person_id
    assert check(make_receipt(Record.objects.get(person_id=person_id), NOW))[0] == set()


def test_backups_keep_what_was_erased_no_longer_than_receipts_say() -> None:
    assert f"P{KEPT_FOR // DAY}D" == DELETION_LAG
