"""Everything of a workspace is taken along in one file, and handed over to a third party with a receipt; so is what is held on a person."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from planted import DANA, SECRET

from tests.amazon_signatures import signed_rightly
from tests.api.conftest import Api
from tests.authority import Authority
from tests.http_server import Provider, run_provider
from tests.privacy.test_leaving import ask, logged_in, owner_of
from troth.kernel.amazon_signing import sign
from troth.kernel.clock import DAY, HOUR, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.certificate import verify_certificate
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.handovers.handing import hand_over, hand_over_person, hand_over_takeaway
from troth.privacy.handovers.targets import Target, TargetInvalid
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.models.disclosures import RecipientNotice
from troth.privacy.models.takeaways import Handover, Takeaway
from troth.privacy.storage.places import exports_dir
from troth.privacy.takeaways.asking import TakeawayNotThere, ask_for_takeaway, path_of, take_away_due, write_at_once
from troth.workspaces.keys import create_key
from troth.workspaces.models import Workspace

KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "region": "us-east-1"}
FRIDAY = 1_369_353_600_000
"""24 May 2013, 00:00 UTC: the moment of Amazon's examples."""
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_amazons_own_examples_are_signed_as_amazon_says() -> None:
    put = sign(
        "PUT",
        "https://examplebucket.s3.amazonaws.com/test$file.text",
        body_sha256="44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        at=FRIDAY,
        more={"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        **KEYS,
    )
    assert put["Authorization"].endswith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    got = sign(
        "GET", "https://examplebucket.s3.amazonaws.com/test.txt", body_sha256=NOTHING, at=FRIDAY, more={"Range": "bytes=0-9"}, **KEYS
    )
    assert got["Authorization"].endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    listed = sign("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", body_sha256=NOTHING, at=FRIDAY, **KEYS)
    assert listed["Authorization"].endswith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")


@pytest.fixture
def recipient(tmp_path: Path, settings: Any) -> Iterator[Provider]:
    """Another controller's HTTPS server."""
    authority = Authority()
    settings.TROTH_OPENDSR_ROOTS = authority.write_root(tmp_path)
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    with run_provider(tls=authority.issue("other.example", address="127.0.0.1").tls(tmp_path)) as provider:
        yield provider


def take(workspace: Any) -> Takeaway:
    return write_at_once(ask_for_takeaway([workspace], by="member 1", now=now_ms()))


def lines_of(archive: zipfile.ZipFile, workspace_id: int, label: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(f"workspace-{workspace_id}/{label}.ndjson").splitlines()]


def test_the_file_holds_every_row_and_no_secret_and_says_what_it_holds(dana: Subject) -> None:
    from tests.privacy.test_leaving import rows_of

    workspace = Workspace.objects.get(pk=dana.workspace_id)
    create_key(workspace, "server")
    held = rows_of(workspace.pk)
    own = take(workspace)
    with zipfile.ZipFile(path_of(own)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        counted = {one["file"].split("/")[1].removesuffix(".ndjson"): one["rows"] for one in manifest["files"] if one["rows"]}
        assert {label.lower(): number for label, number in held.items() if label != "privacy.Takeaway"} == {
            label: number for label, number in counted.items() if label not in ("workspace", "privacy.takeaway")
        }
        for one in manifest["files"]:
            assert hashlib.sha256(archive.read(one["file"])).hexdigest() == one["sha256"]
        assert DANA["email"] in {row["value"] for row in lines_of(archive, workspace.pk, "people.identifier")}
        assert {row["properties"]["note"] for row in lines_of(archive, workspace.pk, "people.event") if "note" in row["properties"]} == {
            SECRET
        }
        assert "digest" not in lines_of(archive, workspace.pk, "workspaces.key")[0]
        assert own.rows == sum(counted.values()) - 1, "the workspace itself is not counted"
    assert (own.state, own.sha256) == ("ready", hashlib.sha256(path_of(own).read_bytes()).hexdigest())
    assert path_of(own).parent.stat().st_mode & 0o077 == 0


def test_the_worker_writes_it_and_removes_it_after_a_week(dana: Subject) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    own = ask_for_takeaway([workspace], by="member 1", now=now_ms())
    while take_away_due(now_ms()):
        own.refresh_from_db()
        if own.state == "ready":
            break
    assert path_of(own).exists()
    take_away_due(now_ms() + 8 * DAY)
    own.refresh_from_db()
    assert (own.state, list(exports_dir().glob("*.zip"))) == ("expired", [])


def test_whoever_is_erased_is_in_no_file_that_lies_about(dana: Subject) -> None:
    own = take(Workspace.objects.get(pk=dana.workspace_id))
    path = path_of(own)
    erase_person(dana, now=now_ms(), source="api")
    own.refresh_from_db()
    assert (own.state, path.exists()) == ("expired", False)
    with pytest.raises(TakeawayNotThere):
        path_of(own)


def test_the_file_goes_with_the_workspace(dana: Subject) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    path = path_of(take(workspace))
    carry_out(ask(workspace, 0))
    assert not path.exists()


def test_an_accounts_file_goes_to_an_s3_store_that_checks_the_signature(dana: Subject, recipient: Provider) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    own = take(workspace)
    recipient.answer = lambda asked: (200, {}) if signed_rightly(asked, KEYS["secret_key"]) else (403, {})
    target = Target(method="s3", url=f"{recipient.url}/bucket/of%20ours/file.zip", **KEYS)
    done = hand_over(hand_over_takeaway(own, target, recipient="Other Ltd", by="member 1", now=now_ms()), now_ms())
    (asked,) = recipient.asked
    assert (asked.method, asked.path, asked.body) == ("PUT", "/bucket/of%20ours/file.zip", path_of(own).read_bytes())
    assert (done.state, done.target) == ("done", None)
    receipt = verify_certificate(done.receipt)
    assert (receipt["recipient"], receipt["sha256"], receipt["answered"]["status"]) == ("Other Ltd", own.sha256, 200)
    wrong = Target(method="s3", url=target.url, access_key="a", secret_key="wrong", region="us-east-1")
    refused = hand_over(hand_over_takeaway(own, wrong, recipient="Other Ltd", by="member 1", now=now_ms()), now_ms())
    assert (refused.state, refused.status, refused.receipt) == ("failed", 403, "")


def test_what_a_person_provided_goes_to_another_controller_and_they_are_told_of_the_recipient(dana: Subject, recipient: Provider) -> None:
    from troth.privacy.disclosures.reading import export_disclosures

    target = Target(url=f"{recipient.url}/inbox", authorization="Bearer theirs")
    made = hand_over_person(dana, target, portable=True, recipient="Other Ltd", by="key 1", source="api", now=now_ms())
    recipient.next_answers = [(503, {})]
    tried = hand_over(made, now_ms())
    assert (tried.state, tried.status) == ("waiting", 503)
    assert tried.next_at and tried.next_at < now_ms() + HOUR
    done = hand_over(tried, now_ms())
    assert done.state == "done"
    asked = recipient.asked[-1]
    assert asked.headers["authorization"] == "Bearer theirs"
    with zipfile.ZipFile(io.BytesIO(asked.body)) as archive:
        assert DANA["email"] in archive.read("data.json").decode()
    receipt = verify_certificate(done.receipt)
    assert receipt["sha256"] == hashlib.sha256(asked.body).hexdigest()
    assert not any(value in done.receipt for value in DANA.values())
    assert "Other Ltd" in json.dumps(list(export_disclosures(dana)))
    erase_person(dana, now=now_ms(), source="api")
    assert RecipientNotice.objects.filter(name="Other Ltd").exists(), "whoever got the data is to be told of the erasure (Art. 19)"


def test_nothing_goes_of_somebody_who_was_erased_meanwhile(dana: Subject, recipient: Provider) -> None:
    made = hand_over_person(
        dana, Target(url=f"{recipient.url}/inbox"), portable=False, recipient="Other Ltd", by="key 1", source="api", now=now_ms()
    )
    erase_person(dana, now=now_ms(), source="api")
    over = hand_over(made, now_ms())
    assert (over.state, over.trouble, recipient.asked) == ("failed", "gone", [])


def test_it_goes_to_no_address_inside_and_over_no_open_line(dana: Subject, recipient: Provider, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = []
    made = hand_over_person(
        dana, Target(url=f"{recipient.url}/inbox"), portable=True, recipient="Other Ltd", by="key 1", source="api", now=now_ms()
    )
    assert hand_over(made, now_ms()).trouble == "private_address"
    assert recipient.asked == []
    for url in ("http://other.example/", "https://name:word@other.example/", "ftp://other.example"):
        with pytest.raises(TargetInvalid):
            hand_over_person(dana, Target(url=url), portable=True, recipient="Other", by="key 1", source="api", now=now_ms())


def test_by_the_control_api(dana: Subject, recipient: Provider) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    api = Api(create_key(workspace, "api", scopes=frozenset({"account", "export", "people:read"})))
    made = api.json("POST", "/takeaways", status=202)
    write_at_once(Takeaway.objects.get(pk=made["id"]))
    assert api.json("GET", f"/takeaways/{made['id']}")["state"] == "ready"
    body = b"".join(api("GET", f"/takeaways/{made['id']}/file").streaming_content)
    assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
    target = {"url": f"{recipient.url}/x"}
    for path in (f"/takeaways/{made['id']}/handover", f"/people/{dana.person_id}/handover"):
        told = api.json("POST", path, {"recipient": "Other Ltd", "target": target}, status=202)
        hand_over(Handover.objects.get(pk=told["id"]), now_ms())
        assert api.json("GET", f"/handovers/{told['id']}")["state"] == "done"
    assert len(api.json("GET", "/handovers")) == 2
    bad = {"recipient": "Other Ltd", "target": {"url": "http://other.example"}}
    assert api.json("POST", f"/people/{dana.person_id}/handover", bad, status=400)["path"] == "$.url"


def test_in_the_console_and_from_the_command_line(dana: Subject, recipient: Provider, tmp_path: Path, capsys: Any) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    client: Client = logged_in(owner_of(workspace, "olga@leaving.example"))
    path = f"/console/{workspace.pk}/settings/takeaway"
    asked = client.post(path, {"what": "workspace"})
    client.post(asked.headers["Location"], {"password": "correct horse battery"})
    own = write_at_once(Takeaway.objects.get())
    assert "Download" in client.get(path).content.decode()
    assert b"".join(client.get(f"{path}/file?id={own.pk}").streaming_content)[:2] == b"PK"
    said = {"recipient": "Other Ltd", "method": "put", "url": f"{recipient.url}/x", "region": "us-east-1"}
    assert client.post(f"{path}/handover?id={own.pk}", {**said, "url": "http://x"}).status_code == 422
    assert client.post(f"{path}/handover?id={own.pk}", said).status_code == 303
    done = hand_over(Handover.objects.get(), now_ms())
    assert verify_certificate(client.get(f"{path}/receipt?id={done.pk}").content.decode())["handover"] == done.pk
    call_command("workspace_export", str(workspace.pk), "--out", str(tmp_path / "all.zip"))
    assert zipfile.ZipFile(tmp_path / "all.zip").testzip() is None
    call_command("privacy_handover", str(workspace.pk), DANA["email"], "--recipient", "Other Ltd", "--to", f"{recipient.url}/y")
    assert '"handed over"' in capsys.readouterr().out


def test_a_member_hands_over_what_is_held_on_them_and_keeps_the_receipt(dana: Subject, recipient: Provider) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    olga = owner_of(workspace, "olga@leaving.example")
    client: Client = logged_in(olga)
    path = "/console/account/data/handover/"
    said = {"recipient": "Other Ltd", "method": "put", "url": f"{recipient.url}/x", "region": "us-east-1"}
    asked = client.post(path, said)
    assert "reauthenticate" in asked.headers["Location"]
    client.post(asked.headers["Location"], {"password": "correct horse battery"})  # and on with what was asked
    assert client.post(path, {**said, "url": "http://x"}).status_code == 422
    done = hand_over(Handover.objects.get(), now_ms())
    assert json.loads(recipient.asked[-1].body)["account"]["email"] == "olga@leaving.example"
    assert "taken" in client.get(path).content.decode()
    assert verify_certificate(client.get(f"{path}receipt/?id={done.pk}").content.decode())["recipient"] == "Other Ltd"
    stranger: Client = logged_in(owner_of(workspace, "otto@leaving.example"))
    assert stranger.get(f"{path}receipt/?id={done.pk}").status_code == 404
    assert "Other Ltd" in client.post("/console/account/data/").content.decode()


def test_a_persons_data_goes_to_another_company_from_the_console(dana: Subject, recipient: Provider) -> None:
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    client: Client = logged_in(owner_of(workspace, "olga@leaving.example"))
    path = f"/console/{workspace.pk}/people/{dana.person_id}/handover"
    said = {"recipient": "Other Ltd", "method": "put", "url": f"{recipient.url}/x", "region": "us-east-1"}
    assert "Address" in client.get(path).content.decode()
    assert client.post(path, {**said, "recipient": ""}).status_code == 422
    assert client.post(path, {**said, "url": "http://x"}).status_code == 422
    assert not Handover.objects.exists()
    leads_to = client.post(path, said).headers["Location"]
    done = hand_over(Handover.objects.get(), now_ms())
    assert (done.state, done.what, str(done.request_id) in leads_to) == ("done", "portability", True)
    with zipfile.ZipFile(io.BytesIO(recipient.asked[-1].body)) as archive:
        assert DANA["email"] in archive.read("data.json").decode()
