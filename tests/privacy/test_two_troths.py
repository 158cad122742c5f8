"""Two installations of Troth speak OpenDSR with each other: one erases, tells the other, which is served, and gets its signed answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.test import Client
from test_downstream import House

from tests.authority import Authority
from tests.conftest import make_served
from tests.http_server import run_provider
from tests.tls_front import run_front
from troth.privacy.downstream.ways import set_way
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models.disclosures import NoticeState
from troth.privacy.opendsr import revocation

MAIL = "ann.unique@example.com"


def test_an_erasure_here_becomes_one_there_and_comes_back_signed(workspace: Any, settings: Any, tmp_path: Path) -> None:
    authority = Authority()
    settings.TROTH_OPENDSR_ROOTS = authority.write_root(tmp_path)
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1", "::1"]
    revocation.forget_answers()
    theirs = authority.issue("localhost")
    theirs.install(tmp_path, settings)
    ours = authority.issue("controller.example", address="127.0.0.1")
    with run_front(theirs.tls(tmp_path)) as front, run_provider(lambda asked: (202, {}), tls=ours.tls(tmp_path)) as here:
        settings.TROTH_OPENDSR_URL = here.url
        there = make_served(
            tmp_path,
            TROTH_OPENDSR_URL=f"https://localhost:{front.port}",
            TROTH_OPENDSR_KEY=settings.TROTH_OPENDSR_KEY,
            TROTH_OPENDSR_CERTIFICATE=settings.TROTH_OPENDSR_CERTIFICATE,
            TROTH_OPENDSR_ROOTS=settings.TROTH_OPENDSR_ROOTS,
            TROTH_PRIVATE_TARGETS="127.0.0.1",
        )
        front.target = there.port
        key = there.workspace["auth_token"] if "auth_token" in there.workspace else there.workspace["keys"]["auth_token"]
        there.start()
        try:
            status, body = there.post("/v1/opengdpr_requests", {})
            assert (status, json.loads(body)["error"]["code"]) == (401, 401), "the door of version 1 is not Segment's"
            assert there.post("/api/v2/users/track", {"auth_token": key, "id": "4711", "email": MAIL})[0] == 200

            house = House(workspace)
            address = f"https://localhost:{front.port}/v2"
            set_way(house.processor(channels=[9]), "opendsr", address, authorization=f"Bearer {key}", now=1)
            house.went("channel", 9, what="email")
            erase_person(house.ann, now=house.now, source="api")
            house.work()
            assert house.notice.state == NoticeState.TOLD, house.notice.trouble

            bearer = {"Authorization": f"Bearer {key}"}
            _, listed = there.post("/api/troth/v1/requests", b"", bearer, method="GET")
            [case] = json.loads(listed)["items"]
            assert (case["source"], case["type"]) == ("opendsr", "erasure")
            status, body = there.post(f"/api/troth/v1/requests/{case['id']}/steps", {"step": "carry_out"}, bearer)
            assert status == 200, body
            there.eventually(lambda: "completed" in [asked.json["request_status"] for asked in here.asked], seconds=120)
            assert here.asked[0].json["request_status"] == "in_progress"
            for asked in here.asked:
                answer = Client().post("/opendsr/callbacks", asked.body, content_type="application/json", headers=asked.headers)
                assert answer.status_code == 202, answer.content
            assert (house.notice.state, house.notice.is_signed) == (NoticeState.DONE, True)
            assert there.log.read_text().count(MAIL) == 0
        finally:
            there.stop()
