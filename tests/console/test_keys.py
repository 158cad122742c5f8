"""Keys: made, shown once, used, revoked; each for its own workspace, by those who may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.test import Client

from tests.members import join
from troth.kernel.clock import now_ms
from troth.workspaces.keys import ACCOUNT, SCOPES, Keyring, create_key, find_grant, write_uses
from troth.workspaces.models import AuditEntry, Key
from troth.workspaces.registry import create_workspace

TOKEN = re.compile(r"tr_(?:server|tracking|write|api)_[\w-]{43}")


@pytest.fixture
def developer(workspace: Any) -> Client:
    return join(workspace, "developer")


def path(workspace: Any, rest: str = "") -> str:
    return f"/console/{workspace.pk}/settings/keys{rest}"


def make(client: Client, workspace: Any, **fields: Any) -> Any:
    return client.post(path(workspace, "/new"), {"label": "Shop", "kind": "server", **fields})


def read(client: Client, workspace: Any, rest: str = "") -> str:
    answer = client.get(path(workspace, rest))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_key_is_shown_once_and_works(developer: Client, workspace: Any) -> None:
    answer = make(developer, workspace)
    (token,) = set(TOKEN.findall(answer.content.decode()))
    assert answer.headers["Cache-Control"] == "no-store"
    grant = find_grant(token)
    assert grant is not None
    assert (grant.workspace_id, grant.kind, grant.scopes) == (workspace.pk, "server", frozenset(SCOPES) - {ACCOUNT})
    page = read(developer, workspace)
    assert token not in page
    assert f"{token[:14]}…" in page
    assert "developer@example.com" in page
    assert "everything a key can" in page
    assert token not in str(dict(developer.session.items()))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.detail) == ("key.created", {"label": "Shop", "kind": "server"})


def test_the_beginning_of_every_kind_tells_keys_apart_and_gives_little_away(workspace: Any) -> None:
    for kind in ("server", "tracking", "write"):
        one, other = create_key(workspace, kind), create_key(workspace, kind)
        kept = list(Key.objects.order_by("-pk").values_list("prefix", flat=True)[:2])
        assert kept == [other[: len(f"tr_{kind}_") + 4], one[: len(f"tr_{kind}_") + 4]]


def test_a_key_of_chosen_scopes_may_do_just_that(developer: Client, workspace: Any) -> None:
    assert "Choose what the key may do." in make(developer, workspace, kind="api").content.decode()
    assert "not one of the available choices" in make(developer, workspace, kind="api", scopes=["fly"]).content.decode()
    answer = make(developer, workspace, kind="api", scopes=["export", "people:read"])
    grant = find_grant(TOKEN.findall(answer.content.decode())[0])
    assert grant is not None
    assert grant.scopes == {"export", "people:read"}
    assert "read people, their events and consents, export everything held on a person" in read(developer, workspace)


def test_scopes_sent_for_another_kind_change_nothing(developer: Client, workspace: Any) -> None:
    answer = make(developer, workspace, kind="tracking", scopes=["erase"])
    grant = find_grant(TOKEN.findall(answer.content.decode())[0])
    assert grant is not None
    assert grant.scopes == {"track"}


def test_a_form_sent_twice_makes_no_second_key(developer: Client, workspace: Any) -> None:
    make(developer, workspace)
    answer = make(developer, workspace)
    assert "A key of this name is in use" in answer.content.decode()
    assert not TOKEN.search(answer.content.decode())
    assert Key.objects.filter(label="Shop").count() == 1


def test_a_revoked_key_ends_everywhere_and_its_name_is_free_again(developer: Client, workspace: Any) -> None:
    token = TOKEN.findall(make(developer, workspace).content.decode())[0]
    keyring = Keyring()
    keyring.refresh()
    assert keyring(token) is not None
    write_uses(now_ms())
    key = Key.objects.get(label="Shop")
    dialog = read(developer, workspace, f"/{key.pk}/revoke")
    assert "never" not in dialog
    answer = developer.post(path(workspace, f"/{key.pk}/revoke"), follow=True)
    assert "is revoked" in answer.content.decode()
    keyring.refresh()
    assert keyring(token) is None
    assert find_grant(token) is None
    assert developer.post(path(workspace, f"/{key.pk}/revoke")).status_code == 404
    assert [entry.action for entry in AuditEntry.objects.order_by("entry_id")] == ["key.created", "key.revoked"]
    assert TOKEN.search(make(developer, workspace).content.decode())
    assert "Revoked" in read(developer, workspace)


def test_keys_of_another_workspace_are_not_found(developer: Client, workspace: Any) -> None:
    other = create_workspace("Other").workspace
    key = Key.objects.filter(workspace=other).first()
    assert key is not None
    for method in (developer.get, developer.post):
        assert method(path(workspace, f"/{key.pk}/revoke")).status_code == 404
        assert method(path(other, f"/{key.pk}/revoke")).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
    assert Key.objects.filter(workspace=other).count() == 3


@pytest.mark.parametrize(
    ("role", "may_see", "may_make"),
    [("owner", 200, 200), ("developer", 200, 200), ("marketer", 200, 403), ("privacy_officer", 200, 403), ("viewer", 403, 403)],
)
def test_only_owners_and_developers_make_and_revoke(workspace: Any, role: str, may_see: int, may_make: int) -> None:
    client = join(workspace, role)
    key = Key.objects.filter(workspace=workspace).first()
    assert key is not None
    answer = client.get(path(workspace))
    assert answer.status_code == may_see
    assert (b"New key" in answer.content) == (may_make == 200)
    assert client.get(path(workspace, "/new")).status_code == may_make
    assert client.get(path(workspace, f"/{key.pk}/revoke")).status_code == may_make
    assert make(client, workspace).status_code == may_make
    assert Key.objects.filter(label="Shop").exists() == (may_make == 200)


def test_a_client_certificate_is_bound_shown_and_taken_away(workspace: Any) -> None:
    owner, key = join(workspace, "owner"), find_grant_key(workspace)
    pem, other_key = make_certificate(), find_grant_key(workspace)
    page = f"/{key.pk}/certificate"
    assert page in read(owner, workspace)
    assert "does not look at client certificates" in read(owner, workspace, page)
    owner.post(path(workspace, page), {"pem": pem})
    digest = x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
    assert digest in read(owner, workspace, page)
    assert digest[:16] in read(owner, workspace)
    refused = owner.post(path(workspace, f"/{other_key.pk}/certificate"), {"pem": pem}, follow=True)
    assert "stands for another key already" in refused.content.decode()
    owner.post(path(workspace, page), {"do": "remove"})
    key.refresh_from_db()
    assert key.certificate == ""
    entries = AuditEntry.objects.filter(action="key.bound").order_by("entry_id")
    assert [entry.detail for entry in entries] == [{"key": key.pk, "sha256": digest}, {"key": key.pk, "sha256": ""}]


def test_a_private_key_is_refused_and_what_is_no_certificate_binds_nothing(workspace: Any) -> None:
    owner, key = join(workspace, "owner"), find_grant_key(workspace)
    page = path(workspace, f"/{key.pk}/certificate")
    private = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
    answer = owner.post(page, {"pem": f"{make_certificate()}{private}"}).content.decode()
    assert "Nothing was kept" in answer
    assert "The file holds no certificate" in owner.post(page, {"pem": "nonsense"}, follow=True).content.decode()
    key.refresh_from_db()
    assert key.certificate == ""


def test_only_keys_of_opendsr_take_a_certificate_and_only_from_who_manages_keys(workspace: Any) -> None:
    plain = find_grant_key(workspace, "people:read")
    assert join(workspace, "owner").get(path(workspace, f"/{plain.pk}/certificate")).status_code == 404
    key = find_grant_key(workspace)
    assert join(workspace, "marketer").get(path(workspace, f"/{key.pk}/certificate")).status_code == 403
    elsewhere = create_workspace("Other").workspace
    assert join(workspace, "developer").get(path(workspace, f"/{find_grant_key(elsewhere).pk}/certificate")).status_code == 404


def find_grant_key(workspace: Any, scope: str = "dsr:write") -> Key:
    grant = find_grant(create_key(workspace, "api", scopes=frozenset({scope})))
    assert grant is not None
    return Key.objects.get(pk=grant.key_id)


def make_certificate() -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "caller")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
