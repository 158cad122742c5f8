"""The record of processing: drawn from what was declared, what is stored and where it goes; it says what is missing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.privacy.test_inventory import know
from troth.campaigns.models import Newsletter, NewsletterState
from troth.campaigns.newsletters.editing import create_newsletter
from troth.consent.purposes import PurposeTerms, assign, create_purpose
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import stores
from troth.messages.configured import add_channel
from troth.privacy.inventory.drift import find_drift
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import RetentionRule
from troth.privacy.processors.register import end_processor, register_processor
from troth.privacy.record.deriving import read_record
from troth.privacy.record.parties import PartiesInvalid, save_parties
from troth.privacy.record.writing import plain_record, write_csv, write_pdf
from troth.privacy.retention.rules import save_rule
from troth.webhooks.editing import create_webhook
from troth.webhooks.models import Webhook
from troth.workspaces.measuring import set_measuring

MAIL = {"key": "A", "subject": "News", "html": '<p>News</p><a href="{{ unsubscribe_url }}">Stop</a>'}
SAID = {"address": "Ring 1, Berlin", "contact": "hello@acme.example", "dpo": "D. Smith", "people": ["customers"]}


@pytest.fixture
def acme(workspace: Any) -> Any:
    terms = PurposeTerms(
        name="Ship orders",
        legal_basis="contract",
        description={"en": "We send what you bought."},
        data_categories=["address"],
        retention="P2Y",
        recipients=["Parcel Ltd"],
        transfers="USA: SCC module 2",
    )
    create_purpose(workspace.pk, "ship", terms, now=1)
    assign(workspace.pk, "attribute", "street", "ship")
    know(workspace, "dana", {"street": "Ring 2", "plan": "pro"}, bought={"iban": "DE89370400440532013000"})
    count_all(now_ms())
    create_webhook(workspace.pk, url="https://crm.example/", types=["user_updated"], purpose="ship", name="CRM", now=1)
    return workspace


def activity(workspace: Any, key: str) -> dict[str, Any]:
    return next(one for one in plain_record(read_record(workspace.pk, now_ms()))["activities"] if one["key"] == key)


def test_an_activity_tells_declared_and_stored_categories_and_who_gets_the_data(acme: Any) -> None:
    ship = activity(acme, "ship")
    assert ship["data_categories"] == ["address", "contact"]
    assert ship["recipients"] == ["Parcel Ltd", "CRM"]
    assert (ship["sources"], ship["retention"], ship["stored_names"]) == (["vero"], "P2Y", 1)
    assert set(activity(acme, "service")["data_categories"]) == {"profile", "behaviour", "financial", "identity"}


def test_what_is_known_of_persons_beside_attributes_is_told_and_who_carries_what_is_sent(acme: Any, settings: Any) -> None:
    """Art. 30(1)(c), (d): addresses are data, and the mail server is a recipient, though no attribute and no channel is called so."""
    settings.TROTH_EMAIL_URL = "smtp://mail.provider.example:587"
    named = Identity(external_id="dana", email="dana@example.com")
    apply([Identify(workspace_id=acme.pk, source="vero", received_at=now_ms(), identity=named, attributes={})], now=now_ms())
    assert set(activity(acme, "service")["data_categories"]) == {"profile", "behaviour", "financial", "identity", "contact"}
    news = activity(acme, "marketing_email")
    assert (news["data_categories"], news["recipients"]) == ([], [])  # nothing is sent for it yet
    create_newsletter(acme.pk, {"name": "News", "purpose": "marketing_email", "variants": [MAIL]}, now=1)
    assert activity(acme, "marketing_email")["recipients"] == []  # a draft sends nothing
    Newsletter.objects.update(state=NewsletterState.FINISHED)
    news = activity(acme, "marketing_email")
    assert (news["data_categories"], news["recipients"]) == (["contact"], ["mail server mail.provider.example"])
    add_channel(acme.pk, "smtp", {"host": "smtp.own.example", "port": "587"}, label="Our mailer", now=1)
    assert activity(acme, "marketing_email")["recipients"] == ["Our mailer"]
    told = plain_record(read_record(acme.pk, now_ms()))
    assert {one["name"] for one in told["recipients_in_use"]} == {"CRM", "Our mailer", "mail server mail.provider.example"}
    set_measuring(acme, {"measures_opens": True})
    assert activity(acme, "open_tracking")["data_categories"] == ["behaviour"]
    assert activity(acme, "click_tracking")["data_categories"] == []


def test_a_company_that_gets_data_for_a_purpose_stands_there_with_its_country(acme: Any) -> None:
    """Art. 30(1)(d), (e): the webhook of the purpose is run by somebody, and somewhere."""
    hook = Webhook.objects.get(workspace_id=acme.pk)
    said = {"name": "Crm Inc", "location": "USA", "transfer_tool": "scc_2", "webhooks": [hook.pk]}
    own = register_processor(acme.pk, said, in_use=True, now=1)
    ship = activity(acme, "ship")
    assert ship["recipients"] == ["Parcel Ltd", "CRM", "Crm Inc"]
    assert ship["transfers"] == "USA: SCC module 2; Crm Inc: USA, standard contractual clauses, module 2 (Art. 46(2)(c))"
    assert activity(acme, "service")["transfers"] == ""
    end_processor(own, now=2)
    assert activity(acme, "ship")["recipients"] == ["Parcel Ltd", "CRM"]


def test_a_mail_server_of_somebody_else_has_to_be_declared_and_one_on_this_machine_does_not(acme: Any, settings: Any) -> None:
    for url, expected in (("smtp://mail.provider.example", True), ("smtp://127.0.0.1:25", False), ("smtp://localhost", False)):
        settings.TROTH_EMAIL_URL = url
        names = [one.name for one in find_drift(acme.pk).unregistered]
        assert any("mail server" in name for name in names) is expected, url
    settings.TROTH_EMAIL_URL = "smtp://mail.provider.example"
    register_processor(acme.pk, {"name": "Provider", "channels": [0]}, in_use=True, now=1)
    assert not any("mail server" in one.name for one in find_drift(acme.pk).unregistered)


def test_the_schedules_that_are_on_stand_in_it_as_limits(acme: Any) -> None:
    given = {"title": "Plans", "target": "attribute", "name": "plan", "trigger": "age", "period": "P2Y"}
    rule = save_rule(acme.pk, given, now=1)
    assert activity(acme, "service")["time_limits"] == ["when the person is erased"]
    RetentionRule.objects.filter(pk=rule.pk).update(is_active=True)
    assert activity(acme, "service")["time_limits"] == ["when the person is erased", "plan: 2 years after it was collected"]
    assert activity(acme, "ship")["time_limits"] == ["after 2 years"]
    kept = {one["title"]: one["retention"] for one in plain_record(read_record(acme.pk, now_ms()))["stores"]}
    assert len(kept) == len(stores()) and all(kept.values())


def test_each_line_of_the_csv_has_all_that_the_article_asks_for(acme: Any) -> None:
    save_parties(acme.pk, {**SAID, "name": "Acme GmbH", "measures": "Doors are locked."}, now=1)
    rows = list(csv.DictReader(io.StringIO(write_csv(read_record(acme.pk, now_ms())))))
    assert {(row["controller"], row["address"], row["contact"], row["dpo"]) for row in rows} == {
        ("Acme GmbH", "Ring 1, Berlin", "hello@acme.example", "D. Smith")
    }
    assert all(row["measures"].endswith("Doors are locked.") and row["time_limits"] for row in rows)


def test_processors_and_their_transfers_stand_in_it_until_they_are_ended(acme: Any) -> None:
    own = register_processor(
        acme.pk, {"name": "Mailer Inc", "service": "mail", "location": "USA", "transfer_tool": "scc_2"}, in_use=True, now=1
    )
    record = read_record(acme.pk, now_ms())
    assert record.transfers == ["USA: SCC module 2", "Mailer Inc: USA, standard contractual clauses, module 2 (Art. 46(2)(c))"]
    assert plain_record(record)["processors"][0]["name"] == "Mailer Inc"
    assert write_pdf(record).startswith(b"%PDF")
    end_processor(own, now=2)
    assert plain_record(read_record(acme.pk, now_ms()))["processors"] == []


def test_what_is_missing_is_told_with_its_article_until_it_is_said(acme: Any) -> None:
    missing = [one.says for one in read_record(acme.pk, now_ms()).missing]
    assert "Say how the controller is reached." in missing
    assert not any("Ship orders" in says for says in missing)
    assert any("“Provide the service”" in says for says in missing)
    save_parties(acme.pk, SAID, now=1)
    assert {one.article for one in read_record(acme.pk, now_ms()).missing} == {"30(1)(b)", "30(1)(c)", "30(1)(f)"}


def test_a_processor_keeps_the_record_of_its_controllers(acme: Any) -> None:
    save_parties(acme.pk, {**SAID, "role": "processor"}, now=1)
    assert [one.article for one in read_record(acme.pk, now_ms()).missing] == ["30(2)(a)"]
    save_parties(acme.pk, {"controllers": [{"name": "Shop Ltd"}]}, now=2)
    assert [one.article for one in read_record(acme.pk, now_ms()).missing] == ["30(2)(a)", "30(2)(b)"]  # how it is reached, what is done
    save_parties(
        acme.pk, {"controllers": [{"name": "Shop Ltd", "contact": "hello@shop.example", "categories": "sends its newsletters"}]}, now=2
    )
    record = read_record(acme.pk, now_ms())
    assert (record.missing, plain_record(record)["article"]) == ([], "30(2)")
    assert "activities" not in plain_record(record)
    assert list(csv.reader(io.StringIO(write_csv(record))))[1][:4] == ["Shop Ltd", "hello@shop.example", "", "sends its newsletters"]
    assert write_pdf(record).startswith(b"%PDF")


def test_what_cannot_be_kept_is_refused_with_its_field(acme: Any) -> None:
    for given, field in (
        ({"role": "both"}, r"\$\.role"),
        ({"people": "all"}, r"\$\.people"),
        ({"controllers": [{"name": " "}]}, r"\$\.contr"),
    ):
        with pytest.raises(PartiesInvalid, match=field):
            save_parties(acme.pk, given, now=1)


def test_a_spreadsheet_runs_nothing_of_it(acme: Any) -> None:
    create_purpose(acme.pk, "evil", PurposeTerms(name="=1+1"), now=1)
    rows = list(csv.DictReader(io.StringIO(write_csv(read_record(acme.pk, now_ms())))))
    assert "'=1+1" in {row["purpose"] for row in rows}


def test_the_command_writes_each_format_and_tells_what_is_missing(acme: Any, tmp_path: Path) -> None:
    told = io.StringIO()
    call_command("privacy_record", str(acme.pk), "--set", "dpo=D. Smith", "--set", "people=customers; guests", stdout=told)
    assert json.loads(told.getvalue())["parties"]["people"] == ["customers", "guests"]
    call_command("privacy_record", str(acme.pk), "--format", "pdf", "--out", str(tmp_path / "r.pdf"))
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(SystemExit):
        call_command("privacy_record", str(acme.pk), "--missing", stdout=told)
    assert "Say how the controller is reached." in told.getvalue()
