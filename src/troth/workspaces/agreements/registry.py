"""Versions of the agreements and who accepted which (Art. 28(3), 5(2) GDPR).

A text is kept word for word under its SHA-256, so that what was accepted can be shown for ever. The first version of each is Troth's own; whoever
runs the installation publishes others (`troth agreements publish`). An agreement counts for a workspace when its newest version was accepted.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from troth.kernel.errors import TrothError
from troth.kernel.pdf import Document
from troth.workspaces.models import Acceptance, AgreementVersion, Member, Role

TEXTS = Path(__file__).parent / "texts"
LONGEST = 200_000
LONGEST_FUNCTION = 100
BEGINNING = 0
"""When Troth's own first versions were published, in milliseconds."""


class Kind(StrEnum):
    """What is agreed on."""

    DPA = "dpa"
    TERMS = "terms"
    PRIVACY = "privacy"

    @property
    def label(self) -> str:
        """As it is called in lists."""
        return {"dpa": "Data processing agreement", "terms": "Terms of use", "privacy": "Privacy policy for members"}[self.value]


class AgreementInvalid(TrothError):
    """A text or an acceptance that cannot be kept like this; the message begins with the field."""


class AgreementUnknown(TrothError):
    """No such agreement or version."""


@dataclass(frozen=True)
class Status:
    """How a workspace stands to an agreement."""

    kind: Kind
    newest: AgreementVersion
    accepted: Acceptance | None
    """The latest acceptance, of whichever version."""

    @property
    def counts(self) -> bool:
        """Whether the newest version was accepted."""
        return self.accepted is not None and self.accepted.version_id == self.newest.pk


def read_kind(text: str) -> Kind:
    """Raises AgreementUnknown."""
    if text not in [kind.value for kind in Kind]:
        raise AgreementUnknown(f"There is no such agreement: it is one of {', '.join(Kind)}.")
    return Kind(text)


def list_versions(kind: Kind) -> list[AgreementVersion]:
    """All, the newest first; the first one is written down when it is first asked for."""
    versions = list(AgreementVersion.objects.filter(kind=kind).order_by("-number"))
    return versions or [_write(kind, (TEXTS / f"{kind.value}.md").read_text(), BEGINNING, number=1)]


def newest_version(kind: Kind) -> AgreementVersion:
    """What is to be accepted now."""
    return list_versions(kind)[0]


def find_version(kind: Kind, number: int) -> AgreementVersion:
    """Raises AgreementUnknown."""
    found = next((one for one in list_versions(kind) if one.number == number), None)
    if found is None:
        raise AgreementUnknown("There is no such version of this agreement.")
    return found


def publish_agreement(kind: Kind, text: str, *, now: int) -> AgreementVersion:
    """A new version, which every workspace is asked to accept anew. Raises AgreementInvalid."""
    text = text.replace("\r\n", "\n").strip() + "\n"
    if not text.startswith("# "):
        raise AgreementInvalid("$.text: it begins with its title, as `# Data processing agreement`.")
    if len(text) > LONGEST:
        raise AgreementInvalid(f"$.text: at most {LONGEST} characters.")
    newest = newest_version(kind)
    if newest.digest == _digest(text):
        raise AgreementInvalid("$.text: this is the newest version already, word for word.")
    return _write(kind, text, now, number=newest.number + 1, told_to=0)


def accept_agreement(
    member: Member, version: AgreementVersion, *, name: str, function: str, digest: str, address: str, now: int
) -> Acceptance:
    """A member with authority accepts what they were shown: `digest` is that of the text before them. Only an owner may, and only the newest version.

    Raises AgreementInvalid.
    """
    if member.role != Role.OWNER:
        raise AgreementInvalid("$.name: only an owner of the workspace can bind the company.")
    if not name.strip() or not function.strip():
        raise AgreementInvalid("$.name: who accepts, and in which function (for example managing director), belongs to the proof.")
    if version.pk != newest_version(Kind(version.kind)).pk or digest != version.digest:
        raise AgreementInvalid("$.digest: meanwhile there is a newer version: read that one.")
    return Acceptance.objects.create(
        workspace_id=member.workspace_id,
        version=version,
        user_id=member.user_id,
        name=name.strip()[:200],
        function=function.strip()[:LONGEST_FUNCTION],
        address=_coarse(address),
        at=now,
    )


def list_acceptances(workspace_id: int, kind: Kind) -> list[Acceptance]:
    """Of a workspace, the latest first."""
    found = Acceptance.objects.select_related("version").filter(workspace_id=workspace_id, version__kind=kind)
    return list(found.order_by("-at", "-pk"))


def read_statuses(workspace_id: int) -> list[Status]:
    """How a workspace stands to each agreement."""
    return [Status(kind, newest_version(kind), next(iter(list_acceptances(workspace_id, kind)), None)) for kind in Kind]


def diff_texts(before: AgreementVersion, after: AgreementVersion) -> list[tuple[str, str]]:
    """What changed, line by line: sign and text."""
    lines = difflib.ndiff(before.text.splitlines(), after.text.splitlines())
    return [(line[0].strip(), line[2:]) for line in lines if not line.startswith("?")]


def write_agreement(version: AgreementVersion, acceptance: Acceptance | None = None, company: str = "", accepted: str = "") -> Document:
    """The text as a document to read and to keep, with its acceptance. `accepted`: its moment, as written for the reader."""
    title, _, body = version.text.partition("\n")
    title = title.lstrip("# ")
    document = Document(title, under=f"Version {version.number} · SHA-256 {version.digest}", foot=f"{title}, version {version.number}")
    for block in (one.strip() for one in body.split("\n\n")):
        if block.startswith("#"):
            document.heading(block.lstrip("# "))
        elif block.startswith("- "):
            document.items([line.removeprefix("- ") for line in block.splitlines()])
        elif block:
            document.text(block.replace("**", ""))
    if acceptance:
        document.heading("Accepted")
        document.facts(
            [
                ("For", company),
                ("By", f"{acceptance.name}, {acceptance.function}"),
                ("At", accepted),
                ("SHA-256 of the text", version.digest),
            ]
        )
    return document


def _write(kind: Kind, text: str, at: int, *, number: int, told_to: int | None = None) -> AgreementVersion:
    """`told_to` 0: every owner is to be told."""
    with transaction.atomic():
        version, _ = AgreementVersion.objects.get_or_create(
            kind=kind.value, number=number, defaults={"text": text, "digest": _digest(text), "published_at": at, "told_to": told_to}
        )
    return version


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _coarse(address: str) -> str:
    """An IP address cut to its network, which is enough to tell where an acceptance came from."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::"
    return ".".join(address.split(".")[:3]) + ".0" if address.count(".") == 3 else ""
