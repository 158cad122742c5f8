"""The file that a person keeps: opened from the disk in a real browser, without a network, it tells whether the receipt is genuine."""

from __future__ import annotations

import base64
import copy
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import Control
from troth.consent.ledger.notes import key_id
from troth.consent.receipt_page.build import build_page
from troth.consent.verifying import SIGNATURE, signed_part

pytestmark = pytest.mark.browser
TEXT = "May we write to you? </script><script>alert(1)</script> \u2028 – “once a week”, 2 < 3 & 4"
STRANGE = {
    "notice": TEXT,
    "default_state": "unchecked",
    "control_kind": "checkbox",
    "language": "en",
    "numbers": [1.5, 1e16, 1.5e-5, 1e-6, -2.5e-9, 123456789012345678, 0, -7, 1e300, 0.1],
    "é": {"\U0001f600": 1, "\uffee": 2, "b\n\t\u0001\u007f\\": None, "": [], "__proto__": {}},
}


@pytest.fixture(scope="module")
def receipts(troth_server: Any) -> dict[str, Any]:
    """The receipt of a consent whose evidence holds whatever JSON can hold, and the page with it, as the command prints them."""
    auth = {"auth_token": troth_server.workspace["auth_token"]}
    for name in ("dana", "erin", "finn"):
        assert troth_server.post("/api/v2/users/track", {**auth, "id": name, "email": f"{name}@example.com"})[0] == 200
        said = {"purpose": "marketing_email", "decision": "grant", "evidence": STRANGE}
        Control(troth_server)("POST", f"/people/{name}/consents", said)
    words = ("consent", "receipt", "Acme", "erin", "marketing_email")
    page = troth_server.cli(*words, "--html")
    plain = troth_server.cli(*words)
    assert (page.returncode, plain.returncode) == (0, 0), page.stderr
    return {"page": page.stdout, "receipt": json.loads(plain.stdout), "text": plain.stdout}


@pytest.fixture
def open_file(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open an HTML text from the disk, in a browser that has no network and that must not ask for one."""
    contexts, asked, complaints = [], [], []

    def open_page(text: str, locale: str = "en-GB", **options: Any) -> Any:
        file = tmp_path / f"receipt-{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        context = chromium.new_context(locale=locale, offline=True, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked == []
    assert complaints == []


class Forger:
    """Somebody with a key of their own, who signs all that is to be signed in a receipt."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, receipt: dict[str, Any], *, checkpoint: bool = True) -> str:
        """The page with a receipt, with their signatures in the place of ours."""
        forged = copy.deepcopy(receipt)
        if checkpoint:
            place = forged["troth:proof"]["ledger"]
            body = place["checkpoint"].partition("\n\n")[0] + "\n"
            signature = base64.b64encode(key_id(self.key.public_key()) + self.key.sign(body.encode())).decode()
            place["checkpoint"] = f"{body}\n— troth {signature}\n"
        forged[SIGNATURE] = base64.b64encode(self.key.sign(signed_part(forged))).decode()
        return build_page(forged, self.pem, "https://acme.example")


def failed(page: Any) -> list[str]:
    return [item.inner_text() for item in page.locator(".checks li").all() if "✗" in item.inner_text()]


def test_a_genuine_receipt_is_told_as_such_offline_and_in_plain_words(receipts: dict[str, Any], open_file: Any) -> None:
    page = open_file(receipts["page"])
    expect(page.locator("#verdict")).to_contain_text("Genuine")
    assert failed(page) == []
    assert page.locator(".checks li").count() == 5
    main = page.locator("main")
    for said in ("News and offers by e-mail", "You agreed.", "Acme", "Reported by the company's own software", "is entry 1 of the ledger"):
        expect(main).to_contain_text(said)
    assert page.locator(".shown").inner_text() == TEXT
    assert axe.find_violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    ("locale", "title", "decision"),
    [
        ("de-DE", "Beleg Ihrer Entscheidung", "Sie haben zugestimmt."),
        ("fr-FR", "Reçu de votre décision", "Vous avez accepté."),
        ("es-ES", "Recibo de su decisión", "Usted aceptó."),
        ("pl-PL", "Receipt of your decision", "You agreed."),
    ],
)
def test_it_speaks_the_language_of_its_reader(receipts: dict[str, Any], open_file: Any, locale: str, title: str, decision: str) -> None:
    page = open_file(receipts["page"], locale)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("dl")).to_contain_text(decision)
    page.locator("#language").select_option("es")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recibo de su decisión")
    assert page.evaluate("document.documentElement.lang") == "es"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("News and offers", "Everything"),
        ("unchecked", "ticked"),
        ("once a week", "once a year"),
        ("123456789012345678", "123456789012345679"),
    ],
)
def test_a_receipt_that_was_changed_is_not_genuine_and_tells_nothing(receipts: dict[str, Any], open_file: Any, old: str, new: str) -> None:
    assert old in receipts["page"]
    page = open_file(receipts["page"].replace(old, new))
    expect(page.locator("#verdict")).to_contain_text("Not genuine")
    expect(page.locator("main")).not_to_contain_text("You agreed.")


def test_what_does_not_fit_is_named_even_if_all_of_it_is_signed(receipts: dict[str, Any], open_file: Any) -> None:
    forger, genuine = Forger(), receipts["receipt"]

    def with_change(change: Callable[[dict[str, Any]], None], **options: Any) -> list[str]:
        forged = copy.deepcopy(genuine)
        change(forged)
        page = open_file(forger.sign(forged, **options))
        expect(page.locator("#verdict")).to_be_visible()
        return failed(page)

    def proof(receipt: dict[str, Any]) -> Any:
        return receipt["troth:proof"]

    assert with_change(lambda _: None) == []
    [told, _] = with_change(lambda _: None, checkpoint=False)
    assert "does not stand in the ledger" in told
    [told] = with_change(lambda receipt: proof(receipt)["committed"].update(source="form"))
    assert "does not stand in the ledger" in told
    [told] = with_change(lambda receipt: proof(receipt)["ledger"].update(leaf=2))
    assert "does not stand in the ledger" in told
    [told] = with_change(lambda receipt: receipt["dpv:hasRecordOfActivity"]["dpv:hasPurpose"].update({"dct:identifier": "other"}))
    assert "something else than the record" in told
    [told] = with_change(lambda receipt: receipt.update({"troth:noticeText": "Something else"}))
    assert "not the one that the record names" in told


def test_the_page_takes_receipts_from_files_too(receipts: dict[str, Any], open_file: Any, tmp_path: Path, troth_server: Any) -> None:
    import urllib.request

    with urllib.request.urlopen(f"{troth_server.url}/ledger/verify", timeout=30) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        page = open_file(answer.read().decode())
    expect(page.locator(".verdict")).to_contain_text("Choose a receipt")
    number = 0

    def choose(label: str, text: str, said: str) -> None:
        nonlocal number
        number += 1
        file = tmp_path / f"chosen-{number}"
        file.write_text(text, encoding="utf-8")
        page.get_by_label(label).set_input_files(file)
        expect(page.locator(".verdict")).to_contain_text(said)

    choose("The receipt", receipts["text"], "Genuine")
    choose("The public key", Forger().pem.decode(), "Not genuine")
    choose("The public key", "nonsense", "not the public key")
    for nonsense in ("{", "[]", "null", '{"troth:proof": {}}', "7"):
        choose("The receipt", receipts["text"], "not the public key")
        choose("The receipt", nonsense, "not a whole receipt")


def test_a_browser_without_such_signatures_says_so_and_judges_nothing(receipts: dict[str, Any], open_file: Any, tmp_path: Path) -> None:
    page = open_file("<title>none</title>")
    page.add_init_script("SubtleCrypto.prototype.importKey = async () => { throw new DOMException('no', 'NotSupportedError'); };")
    file = tmp_path / "other.html"
    file.write_text(receipts["page"], encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.locator(".verdict")).to_contain_text("This browser cannot check signatures")
    assert page.locator("#verdict").count() == 0


def test_its_policy_lets_nothing_in_and_nothing_out(receipts: dict[str, Any]) -> None:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', receipts["page"])
    assert found
    policy = html.unescape(found[1])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert re.findall(r'<script(?! type="application/json")[^>]+>', receipts["page"]) == []
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", receipts["page"].replace("link.href", "")) == []
