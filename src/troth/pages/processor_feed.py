"""The register of processors and its changes as a feed, JSON and Atom (RFC 4287), for controllers' machines; there while the workspace is transparent."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from troth.kernel.clock import iso, now_ms
from troth.privacy.models.processors import ProcessorVersion
from troth.privacy.processors.history import list_changes, public_entry
from troth.privacy.processors.register import list_processors, state_of
from troth.workspaces.models import Workspace

ATOM = "http://www.w3.org/2005/Atom"
KINDS = {"json": "application/json", "atom": "application/atom+xml"}
SAYS = {
    "registered": "is in use",
    "proposed": "is proposed from {day} on; until then you may object",
    "changed": "was changed",
    "objected": "was objected to",
    "settled": "the objection is settled",
    "ended": "is used no more",
}


@require_safe
def feed(request: HttpRequest, workspace_id: int, kind: str) -> HttpResponse:
    """`kind`: `json` or `atom`."""
    workspace = Workspace.objects.filter(pk=workspace_id, is_transparent=True).first()
    if workspace is None or kind not in KINDS:
        raise Http404
    text = _as_json(workspace) if kind == "json" else _as_atom(workspace)
    return HttpResponse(text, content_type=f"{KINDS[kind]}; charset=utf-8", headers={"Cache-Control": "public, max-age=300"})


def _as_json(workspace: Workspace) -> str:
    now = now_ms()
    told = {
        "controller": workspace.name,
        "processors": [{**public_entry(own), "state": state_of(own, now).value} for own in list_processors(workspace.pk)],
        "changes": [
            {"id": version.pk, "at": iso(version.at), "what": version.what, "processor": version.entry}
            for version in list_changes(workspace.pk)
        ],
    }
    return json.dumps(told, ensure_ascii=False)


def _as_atom(workspace: Workspace) -> bytes:
    place = f"{settings.TROTH_URL}/transparency/{workspace.pk}"
    changes = list_changes(workspace.pk)
    root = ET.Element("feed", xmlns=ATOM)
    _put(root, "id", f"{place}/processors.atom")
    _put(root, "title", f"Processors of {workspace.name}")
    _put(root, "updated", iso(changes[0].at if changes else 0))
    ET.SubElement(root, "link", rel="self", href=f"{place}/processors.atom")
    ET.SubElement(root, "link", rel="alternate", href=place)
    _put(ET.SubElement(root, "author"), "name", workspace.name)
    for version in changes:
        entry = ET.SubElement(root, "entry")
        _put(entry, "id", f"{place}/processors#{version.pk}")
        _put(entry, "title", _say(version))
        _put(entry, "updated", iso(version.at))
        _put(
            entry,
            "summary",
            "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in version.entry.items() if value and name != "id"),
        )
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _say(version: ProcessorVersion) -> str:
    entry: dict[str, Any] = version.entry
    return f"{entry['name']} {SAYS[version.what].format(day=entry['effective_at'][:10])}"


def _put(parent: ET.Element, name: str, text: str) -> None:
    # XML 1.0 knows no control characters, escaped or not.
    ET.SubElement(parent, name).text = "".join(sign for sign in text if sign >= " " or sign in "\n\t")
