"""OpenDSR as processor: a controller's systems hand in requests, follow them, take them back, and get signed answers."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from django.core.management import call_command
from django.test import Client

from tests.authority import Authority
from troth.consent.decisions import load_stances
from troth.consent.models import Standing
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE, iso, now_ms
from troth.kernel.worker import drain
from troth.people.lookup import PersonNotFound, find_person
from troth.people.models import Person
from troth.privacy.desk.freezing import list_frozen
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestWords
from troth.privacy.models.opendsr import OpendsrCallback, OpendsrRequest
from troth.workspaces.keys import create_key
from troth.workspaces.registry import create_workspace

DOMAIN = "opendsr.example.com"
MAIL = "dana@example.com"


@dataclass
class Controller:
    """A controller's privacy system, with its key."""

    key: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        headers = {"Authorization": f"Bearer {key if key is not None else self.key}"}
        return self.client.generic(method, path, raw, content_type="application/json", headers=headers)

    def ask(self, kind: str = "erasure", base: str = "/v2/requests", status: int = 201, **changed: Any) -> Any:
        answer = self.call("POST", base, body_of(kind, **changed))
        assert answer.status_code == status, answer.content
        return answer

    def status(self, receipt: Any) -> Any:
        answer = self.call("GET", f"/v2/requests/{receipt.json()['subject_request_id']}")
        assert answer.status_code == 200, answer.content
        return answer.json()


def body_of(kind: str = "erasure", *, mail: str = MAIL, **changed: Any) -> dict[str, Any]:
    return {
        "regulation": "gdpr",
        "subject_request_id": str(uuid.uuid4()),
        "subject_request_type": kind,
        "submitted_time": iso(now_ms() - HOUR),
        "api_version": "2.0",
        "subject_identities": [{"identity_type": "email", "identity_value": mail, "identity_format": "raw"}],
        **changed,
    }


def named(kind: str, value: str, form: str = "raw") -> list[dict[str, str]]:
    return [{"identity_type": kind, "identity_value": value, "identity_format": form}]


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Authority:
    made = Authority()
    settings.TROTH_OPENDSR_ROOTS = made.write_root(tmp_path)
    settings.TROTH_OPENDSR_URL = f"https://{DOMAIN}"
    made.issue(DOMAIN).install(tmp_path, settings)
    return made


@pytest.fixture
def controller(workspace: Any, authority: Authority) -> Controller:
    put(workspace, "dana", MAIL)
    return Controller(create_key(workspace, "api", scopes=frozenset({"dsr:write"})))


def put(workspace: Any, external_id: str, mail: str, **more: str) -> None:
    now = now_ms()
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id=external_id, email=mail, **more), attributes={"plan": "pro"}, **about)], now=now)


def is_gone(workspace: Any, identifier: str = MAIL) -> bool:
    try:
        find_person(workspace.pk, identifier)
    except PersonNotFound:
        return True
    return False


def carry_out(workspace: Any, case: PrivacyRequest) -> None:
    """As a member does at the desk."""
    take_step(case, Step.CARRY_OUT, Said(), by=By("console"), now=now_ms())


def settle_search() -> None:
    """The worker's search of every byte has its time."""
    from tests.conftest import eventually
    from troth.privacy.searching.verification import verify_due

    def is_over() -> bool:
        # Where the log could not be emptied at once the search waits some seconds: the moment is an argument.
        verify_due(now_ms() + DAY)
        return not PrivacyRequest.objects.filter(state="deleted").exists()

    eventually(is_over)


def case_of(workspace: Any) -> PrivacyRequest:
    return PrivacyRequest.objects.get(workspace_id=workspace.pk)


def is_signed(answer: Any, certificate: bytes, *, names: str = "OpenDSR") -> bool:
    """By the certificate that is published; checked without Troth's own code."""
    assert answer.headers[f"X-{names}-Processor-Domain"] == DOMAIN
    signature = base64.b64decode(answer.headers[f"X-{names}-Signature"], validate=True)
    key: Any = load_pem_x509_certificate(certificate).public_key()
    key.verify(signature, answer.content, padding.PKCS1v15(), SHA256())
    return True


def test_the_discovery_says_what_is_taken_and_where_the_certificate_lies(controller: Controller, settings: Any) -> None:
    told = Client().get("/v2/discovery").json()
    assert told["api_version"] == "2.0"
    assert told["supported_subject_request_types"] == ["access", "portability", "erasure"]
    assert {"identity_type": "email", "identity_format": "sha256"} in told["supported_identities"]
    assert told["processor_certificate"] == f"https://{DOMAIN}/v2/certificate.pem"
    assert load_pem_x509_certificate(Client().get("/v2/certificate.pem").content)
    assert Client().get("/v1/discovery").json()["api_version"] == "1.0"
    settings.TROTH_OPENDSR_OWN_TYPES = True
    assert "restriction" in Client().get("/v2/discovery").json()["supported_subject_request_types"]


@pytest.mark.parametrize(("base", "names"), [("/v2/requests", "OpenDSR"), ("/v1/opengdpr_requests", "OpenGDPR")])
def test_every_answer_is_signed_by_the_names_of_its_version(controller: Controller, workspace: Any, base: str, names: str) -> None:
    pem = Client().get("/v2/certificate.pem").content
    body = body_of(submitted_time="2026-01-31T12:00:00Z")
    receipt = controller.call("POST", base, body)
    assert receipt.status_code == 201
    assert is_signed(receipt, pem, names=names)
    told = receipt.json()
    assert set(told) == {"controller_id", "expected_completion_time", "received_time", "encoded_request", "subject_request_id"}
    assert json.loads(base64.b64decode(told["encoded_request"])) == body
    assert told["controller_id"] == str(workspace.pk)
    assert told["expected_completion_time"].startswith("2026-03-02"), "28 February 2026 is a Saturday"
    place = f"{base}/{body['subject_request_id']}"
    status = controller.call("GET", place)
    assert status.status_code == 200
    assert is_signed(status, pem, names=names)
    assert status.json()["request_status"] == "pending"
    cancelled = controller.call("DELETE", place)
    assert cancelled.status_code == 202
    assert is_signed(cancelled, pem, names=names)
    assert set(cancelled.json()) >= {"controller_id", "subject_request_id", "received_time"}
    assert controller.call("GET", place).json()["request_status"] == "cancelled"
    if names == "OpenDSR":
        assert controller.call("GET", f"/v2/status/{body['subject_request_id']}").json()["request_status"] == "cancelled"


def test_a_request_becomes_a_case_on_the_desk_whose_clock_runs_since_the_person_asked(controller: Controller, workspace: Any) -> None:
    asked_at = now_ms() - 3 * DAY
    controller.ask("access", submitted_time=iso(asked_at))
    case = case_of(workspace)
    assert (case.source, case.type, case.state, case.received_at, case.identity) == ("opendsr", "access", "running", asked_at, "asserted")
    assert case.tell_at is not None, "a member is told that it came"


def test_an_erasure_is_completed_only_when_its_search_has_passed(controller: Controller, workspace: Any) -> None:
    receipt = controller.ask()
    assert controller.status(receipt)["request_status"] == "pending"
    carry_out(workspace, case_of(workspace))
    assert is_gone(workspace)
    assert controller.status(receipt)["request_status"] == "in_progress"
    from troth.kernel.sql import is_sqlite

    if is_sqlite():
        settle_search()
        told = controller.status(receipt)
        assert told["request_status"] == "completed"
        assert told["results_count"] > 0
    assert MAIL not in json.dumps([list(rows.values()) for rows in (OpendsrRequest.objects, OpendsrCallback.objects)], default=str)


def test_results_are_fetched_once_with_the_key_that_asked(controller: Controller, workspace: Any) -> None:
    receipt = controller.ask("access")
    carry_out(workspace, case_of(workspace))
    told = controller.status(receipt)
    assert told["request_status"] == "completed"
    url = told["results_url"]
    path = url.removeprefix(f"https://{DOMAIN}")
    other = create_key(workspace, "api", scopes=frozenset({"dsr:write"}))
    assert Client().get(path).status_code == 401
    assert controller.call("GET", path, key=other).status_code == 410
    fetched = controller.call("GET", path)
    assert fetched.status_code == 200
    with zipfile.ZipFile(io.BytesIO(fetched.getvalue())) as archive:
        assert MAIL in archive.read("person.json").decode()
    assert controller.call("GET", path).status_code == 410, "once"
    again = controller.status(receipt)["results_url"].removeprefix(f"https://{DOMAIN}")
    assert again != path
    assert controller.call("GET", again).status_code == 200


def test_the_results_of_whoever_is_erased_are_gone(controller: Controller, workspace: Any) -> None:
    receipt = controller.ask("portability")
    carry_out(workspace, case_of(workspace))
    path = controller.status(receipt)["results_url"].removeprefix(f"https://{DOMAIN}")
    controller.ask()
    carry_out(workspace, PrivacyRequest.objects.get(workspace_id=workspace.pk, type="erasure"))
    assert controller.call("GET", path).status_code == 410
    assert "results_url" not in controller.status(receipt)


def test_the_same_bytes_get_the_same_receipt_and_others_under_the_same_id_are_refused(controller: Controller, workspace: Any) -> None:
    body = json.dumps(body_of()).encode()
    first, second = (controller.call("POST", "/v2/requests", body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["X-OpenDSR-Signature"] == second.headers["X-OpenDSR-Signature"]
    assert PrivacyRequest.objects.count() == 1
    changed = controller.call("POST", "/v2/requests", body + b" ")
    assert changed.status_code == 409
    assert changed.json()["error"]["errors"][0]["reason"] == "request_changed"


def test_another_workspace_sees_nothing_of_it(controller: Controller, workspace: Any) -> None:
    made = create_workspace("Charlie's")
    charlie = Controller(made.keys["auth_token"])
    receipt = controller.ask("access")
    place = f"/v2/requests/{receipt.json()['subject_request_id']}"
    carry_out(workspace, case_of(workspace))
    results = controller.status(receipt)["results_url"].removeprefix(f"https://{DOMAIN}")
    for method, path in (("GET", place), ("DELETE", place), ("GET", place.replace("requests", "status")), ("GET", results)):
        assert charlie.call(method, path).status_code == 404
    body = body_of(subject_request_id=receipt.json()["subject_request_id"])
    assert charlie.call("POST", "/v2/requests", body).status_code == 201, "the id is the controller's own"
    assert PrivacyRequest.objects.get(workspace_id=made.workspace.pk).steps == {"found": 0}, "and its person is not theirs"


def test_only_what_is_pending_can_be_cancelled(controller: Controller, workspace: Any) -> None:
    receipt = controller.ask()
    carry_out(workspace, case_of(workspace))
    refused = controller.call("DELETE", f"/v2/requests/{receipt.json()['subject_request_id']}")
    assert refused.status_code == 400
    assert refused.json()["error"]["errors"][0]["reason"] == "not_pending"
    kept = controller.ask("access", mail="other@example.com")
    assert controller.call("DELETE", f"/v2/requests/{kept.json()['subject_request_id']}").status_code == 400, "completed: nobody was found"


def test_a_refusal_is_told_as_cancelled_with_its_reason(controller: Controller, workspace: Any) -> None:
    from troth.privacy.desk.steps import Said, Step, take_step
    from troth.privacy.history import By

    receipt = controller.ask()
    take_step(case_of(workspace), Step.REFUSE, Said(text="A court forbids it."), by=By("console"), now=now_ms())
    told = controller.status(receipt)
    assert told["request_status"] == "cancelled"
    assert told["extensions"] == {DOMAIN: {"reason": "refused", "words": ["A court forbids it."]}}


WRONG = {
    "no JSON": (b"{", "not_json"),
    "no id": ({"subject_request_id": None}, "invalid_field"),
    "an id in capitals": ({"subject_request_id": str(uuid.uuid4()).upper()}, "invalid_field"),
    "an id of another version": ({"subject_request_id": str(uuid.uuid1())}, "invalid_field"),
    "a type of our own that is not offered": ({"subject_request_type": "restriction"}, "unsupported_type"),
    "a law that nobody knows": ({"regulation": "lgpd"}, "invalid_field"),
    "a time to come": ({"submitted_time": iso(now_ms() + DAY)}, "invalid_field"),
    "no identity": ({"subject_identities": []}, "unsupported_identity"),
    "an identity that we do not keep": ({"subject_identities": named("roku_publisher_id", MAIL)}, "unsupported_identity"),
    "a callback without https": ({"status_callback_urls": ["http://controller.example/"]}, "invalid_field"),
    "a callback with a password": ({"status_callback_urls": [f"https://{MAIL}@controller.example/"]}, "invalid_field"),
    "a number that is none": ({"extensions": {DOMAIN: {"phone": 4}}}, "invalid_field"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_in_opendsrs_shape_and_without_the_person(controller: Controller, wrong: str) -> None:
    change, reason = WRONG[wrong]
    answer = controller.call("POST", "/v2/requests", change if isinstance(change, bytes) else {**body_of(), **change})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == 400
    assert error["errors"][0]["reason"] == reason
    assert b"dana" not in answer.content
    assert not OpendsrRequest.objects.exists()


def test_a_missing_field_is_named(controller: Controller) -> None:
    body = body_of()
    del body["subject_request_id"]
    error = controller.call("POST", "/v2/requests", body).json()["error"]
    assert error["message"] == "subject_request_id field is required"
    assert error["errors"] == [
        {"domain": "Validation", "reason": "missing_field", "message": "subject_request_id field is required"},
    ]


def test_a_request_of_version_1_needs_no_regulation(controller: Controller) -> None:
    body = body_of(api_version="1.0")
    del body["regulation"]
    assert controller.call("POST", "/v1/opengdpr_requests", body).status_code == 201
    assert OpendsrRequest.objects.get().regulation == "gdpr"


def test_only_a_key_with_the_scope_gets_in(controller: Controller, workspace: Any) -> None:
    narrow = create_key(workspace, "api", scopes=frozenset({"people:read", "erase"}))
    for key, status in (("", 401), ("nonsense", 401), (narrow, 403)):
        for method, path in (
            ("POST", "/v2/requests"),
            ("GET", f"/v2/requests/{uuid.uuid4()}"),
            ("DELETE", f"/v1/opengdpr_requests/{uuid.uuid4()}"),
        ):
            answer = controller.call(method, path, body_of() if method == "POST" else None, key=key)
            assert answer.status_code == status
            assert answer.json()["error"]["code"] == status
    assert controller.call("PUT", "/v2/requests").status_code == 405
    assert controller.call("GET", "/v2/requests/no-id").status_code == 404


def test_without_a_certificate_nothing_is_taken(controller: Controller, settings: Any) -> None:
    settings.TROTH_OPENDSR_CERTIFICATE = "/nowhere"
    assert controller.call("POST", "/v2/requests", body_of()).status_code == 503
    assert Client().get("/v2/discovery").status_code == 503
    assert not OpendsrRequest.objects.exists()


@pytest.mark.parametrize("form", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize(("kind", "value"), [("email", MAIL), ("controller_customer_id", "dana")])
def test_a_hashed_identity_finds_its_person_and_is_kept_nowhere(
    controller: Controller, workspace: Any, data_dir: Path, form: str, kind: str, value: str
) -> None:
    put(workspace, "erin", "erin@example.com")
    hashed = hashlib.new(form, value.encode()).hexdigest()
    controller.ask(subject_identities=named(kind, hashed.upper(), form))
    case = case_of(workspace)
    assert case.person_id == find_person(workspace.pk, MAIL).person_id
    from troth.kernel.sql import is_sqlite

    if is_sqlite() and (form, kind) == ("sha256", "email"):
        from troth.privacy.searching.residue import judge, search_bytes

        forms = [hashed, hashed.upper()]
        assert judge(search_bytes(forms), forms, range(2)).passed


def test_a_phone_number_comes_as_our_extension(controller: Controller, workspace: Any) -> None:
    put(workspace, "erin", "erin@example.com", phone="+33612345678")
    controller.ask(subject_identities=[], extensions={DOMAIN: {"phone": "+33612345678"}, "other.example": {"phone": "+33600000000"}})
    assert case_of(workspace).person_id == find_person(workspace.pk, "erin").person_id


def test_identities_of_several_people_make_a_case_each_and_the_whole_is_done_when_all_are(controller: Controller, workspace: Any) -> None:
    put(workspace, "erin", "erin@example.com")
    receipt = controller.ask(
        "access",
        subject_identities=[*named("email", MAIL), *named("controller_customer_id", "erin"), *named("email", "nobody@example.com")],
    )
    first, second = PrivacyRequest.objects.filter(workspace_id=workspace.pk)
    carry_out(workspace, first)
    assert controller.status(receipt)["request_status"] == "in_progress"
    carry_out(workspace, second)
    told = controller.status(receipt)
    assert told["request_status"] == "completed"
    fetched = controller.call("GET", told["results_url"].removeprefix(f"https://{DOMAIN}"))
    with zipfile.ZipFile(io.BytesIO(fetched.getvalue())) as archive:
        assert archive.namelist() == ["person-1.zip", "person-2.zip"]


def test_a_restriction_of_single_purposes_restricts_those_alone_and_is_lifted_of_those(
    controller: Controller, workspace: Any, settings: Any
) -> None:
    settings.TROTH_OPENDSR_OWN_TYPES = True
    controller.ask("restriction", extensions={DOMAIN: {"purposes": ["marketing_email"]}})
    case = case_of(workspace)
    carry_out(workspace, case)
    stances = load_stances([case.person_id])[case.person_id]
    assert stances == {"marketing_email": Standing.REFUSED}, "all else goes on: an objection to that alone is weighed"
    case.refresh_from_db()
    take_step(case, Step.ANNOUNCE_LIFTING, Said(text="It ends."), by=By("console"), now=now_ms())
    take_step(case, Step.LIFT, Said(text="Decided."), by=By("console"), now=now_ms())
    assert load_stances([case.person_id])[case.person_id] == {"marketing_email": Standing.NONE}


def test_our_own_types_are_taken_where_the_discovery_names_them(controller: Controller, workspace: Any, settings: Any) -> None:
    settings.TROTH_OPENDSR_OWN_TYPES = True
    controller.ask("restriction")
    controller.ask("objection", extensions={DOMAIN: {"purposes": ["marketing_email"]}})
    [case] = PrivacyRequest.objects.filter(type="objection")
    assert list_frozen(case) == ["marketing_email"], "it stands still while it waits for a member"
    controller.ask("objection", status=400, extensions={DOMAIN: {"purposes": "marketing_email"}})
    new = [{"kind": "email", "value": "new@example.com"}]
    controller.ask("rectification", extensions={DOMAIN: {"corrections": {"city": "Lyon", "floor": None}, "now_known_as": new}})
    assert sorted(PrivacyRequest.objects.values_list("type", flat=True)) == ["objection", "rectification", "restriction"]
    assert RequestWords.objects.get().text == "city: Lyon\nfloor: null\nemail: new@example.com"


def test_an_objection_to_what_a_processor_does_not_know_waits_for_a_member(controller: Controller, processor: Any, settings: Any) -> None:
    settings.TROTH_OPENDSR_OWN_TYPES = True
    controller.ask("objection", extensions={DOMAIN: {"purposes": ["marketing_email", "no_such"]}})
    assert OpendsrRequest.objects.get().carry_out_at is None
    assert RequestWords.objects.get().text == "purposes: no_such"


@pytest.fixture
def processor(controller: Controller, workspace: Any) -> Any:
    """The workspace processes for somebody else."""
    workspace.processes_for = "Acme SARL"
    workspace.save()
    return workspace


def test_a_processor_carries_out_what_the_controller_asks_after_time_to_take_it_back(controller: Controller, processor: Any) -> None:
    from troth.privacy.opendsr.instructions import TIME_TO_CANCEL, carry_out_due

    first, second = controller.ask(), controller.ask("access")
    controller.call("DELETE", f"/v2/requests/{second.json()['subject_request_id']}")
    carry_out_due(now_ms())
    assert controller.status(first)["request_status"] == "pending"
    carry_out_due(now_ms() + TIME_TO_CANCEL + MINUTE)
    assert is_gone(processor)
    assert controller.status(first)["request_status"] == "in_progress"
    assert controller.status(second)["request_status"] == "cancelled"


def test_whose_data_a_workspace_processes_is_said_on_the_command_line(workspace: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("workspace_role", str(workspace.pk), processes_for="Acme  SARL")
    assert "processes for Acme SARL, who decides" in capsys.readouterr().out
    call_command("workspace_role", str(workspace.pk), controller=True)
    assert "is the controller" in capsys.readouterr().out
    workspace.refresh_from_db()
    assert workspace.processes_for == ""


def test_a_processor_refuses_and_extends_nothing(controller: Controller, processor: Any) -> None:
    from tests.api.conftest import Api

    controller.ask("access")
    api = Api(create_key(processor, "api", scopes=frozenset({"erase"})))
    for step in ("refuse", "extend"):
        answer = api("POST", f"/requests/{case_of(processor).pk}/steps", {"step": step, "text": "It is too much."})
        assert answer.status_code == 409
        assert "Acme SARL" in answer.json()["message"]
    assert case_of(processor).state == "running"


def test_what_leads_to_several_people_is_left_to_a_member_in_a_processors_workspace_too(controller: Controller, processor: Any) -> None:
    put(processor, "twin", MAIL)
    controller.ask()
    assert OpendsrRequest.objects.get().carry_out_at is None
    assert Person.objects.count() == 2
    drain(now_ms() + HOUR)
    assert Person.objects.count() == 2


def test_what_came_over_opendsr_is_in_the_persons_export(controller: Controller, workspace: Any) -> None:
    from troth.privacy.exporting.export import export_person

    receipt = controller.ask("access")
    told = json.loads(b"".join(export_person(find_person(workspace.pk, MAIL))))
    section = next(section for section in told["sections"] if section["name"] == "privacy.opendsr")
    assert [record["subject_request_id"] for record in section["records"]] == [receipt.json()["subject_request_id"]]
