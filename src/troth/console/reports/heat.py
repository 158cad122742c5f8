"""A heat map: the mail as it was written, each link with how many persons followed it. Nobody's own data is in it, and no link of fewer than five."""

from __future__ import annotations

from lxml import etree, html

from troth.campaigns.reports import Source
from troth.campaigns.trials import render_trial
from troth.content.errors import ContentError
from troth.content.models import Template
from troth.messages.reports.counting import count_messages
from troth.messages.reports.links import Links, count_links
from troth.messages.reports.shapes import By, Span

BADGE = (
    "display:inline-block;margin:0 .3em;padding:.05em .5em;border-radius:1em;background:#3446c6;color:#ffffff;"
    "font:bold 12px/1.5 sans-serif;text-decoration:none;vertical-align:middle"
)


def draw_heat(source: Source, span: Span, now: int) -> str:
    """The mail that most got within the span, written for nobody, with its links marked; empty where there is none to show."""
    lines = count_messages(source.workspace_id, span, By.VARIANT, source=source.key).lines
    wanted = next((line.key for line in lines if line.key), None)
    template = Template.objects.filter(workspace_id=source.workspace_id, pk=int(wanted)).first() if wanted else None
    if template is None or not template.html:
        return ""
    try:
        mail = render_trial(template.mail, {}, event="", properties={}, at=now, is_marketing=True).html
    except ContentError:
        return ""
    return mark_links(mail, count_links(source.workspace_id, span, source=source.key))


def mark_links(mail: str, links: Links) -> str:
    """A badge behind each link that may be told, and the more colour behind it the more persons followed it."""
    persons = {one.link: one.persons for one in links.shown}
    most = max(persons.values(), default=1)
    page = html.document_fromstring(mail)
    for anchor in list(page.iter("a")):
        found = persons.get((anchor.get("href") or "").strip())
        if found:
            strength = 0.12 + 0.33 * found / most
            anchor.set("style", f"{anchor.get('style', '')};background-color:rgba(52,70,198,{strength:.2f})")
            badge = etree.SubElement(anchor, "span", style=BADGE)
            badge.text = str(found)
    return str(etree.tostring(page, encoding="unicode", method="html"))
