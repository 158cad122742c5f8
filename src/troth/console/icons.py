"""Icons as SVG, drawn from the archive that comes with the package of lucide."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET
from zipfile import ZipFile

_NAMESPACE = "{http://www.w3.org/2000/svg}"


@cache
def draw_icon(name: str, size: str) -> str:
    """The icon of that name as an SVG of `size` pixels, kept: a page shows some forty. Raises KeyError for a name that lucide does not know."""
    svg = ET.fromstring(_archive().read(f"{name}.svg"))  # noqa: S314 -- a file of a package that is installed by its hash
    for node in svg.iter():
        node.tag = node.tag.removeprefix(_NAMESPACE)
    svg.attrib["width"] = svg.attrib["height"] = size
    return ET.tostring(svg, encoding="unicode")


@cache
def _archive() -> ZipFile:
    """Open for as long as the process lives: to read its table of contents takes longer than to draw all icons of a page."""
    return ZipFile(str(files("lucide") / "lucide.zip"))
