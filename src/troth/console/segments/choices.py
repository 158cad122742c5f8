"""What the boxes of the editor offer: operators in words, and names that were seen in the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from troth.campaigns.reports import list_sources
from troth.consent.catalog import load_catalog
from troth.console.operands import OPERATOR_WORDS, list_property_operators
from troth.segments.decisions import STATES
from troth.segments.registry import list_segments
from troth.segments.seen import list_event_names, list_names, sample_profiles

PERMITTED = "permits"
Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """The options of the boxes."""

    attribute_ops: Options
    property_ops: Options
    event_ops: Options
    counts: Options
    sequence_ops: Options
    messages: Options
    message_ops: Options
    purposes: Options
    consent_ops: Options
    topics: Options
    topic_ops: Options
    sources: Options
    segments: Options
    kinds: Options
    matches: Options
    attributes: list[str]
    tags: list[str]
    events: list[str]


def find_choices(workspace_id: int, segment_id: int | None) -> Choices:
    """All of them, for one workspace; the segment itself is not offered."""
    catalog = load_catalog(workspace_id)
    profiles = sample_profiles(workspace_id)
    return Choices(
        attribute_ops=[(key, str(word)) for key, word in OPERATOR_WORDS.items()],
        property_ops=list_property_operators(),
        event_ops=[("did", _("did")), ("did_not", _("did not do")), ("first", _("did for the first time")), ("last", _("did last"))],
        counts=[("at_least", _("at least")), ("at_most", _("at most")), ("exactly", _("exactly"))],
        sequence_ops=[("without", _("the last did not follow")), ("then", _("all followed"))],
        messages=[
            ("received", _("received")),
            ("delivered", _("delivered")),
            ("opened", _("opened")),
            ("clicked", _("clicked")),
            ("bounced", _("bounced")),
            ("complained", _("complained about")),
        ],
        message_ops=[("did", _("at least one")), ("did_not", _("none"))],
        purposes=[(rule.key, rule.name) for rule in catalog.purposes.values()],
        consent_ops=[(PERMITTED, _("allows messages")), *((state, state.replace("_", " ")) for state in STATES if state != PERMITTED)],
        topics=[(key, topic.name_in("en")) for key, topic in catalog.topics.items()],
        topic_ops=[("wanted", _("was not left")), ("left", _("was left"))],
        sources=[("", _("any campaign or newsletter")), *list_sources(workspace_id)],
        segments=[(str(row.pk), row.name) for row in list_segments(workspace_id) if row.pk != segment_id],
        kinds=[
            ("attribute", _("Attribute")),
            ("event", _("Event")),
            ("sequence", _("Events in order")),
            ("message", _("Message")),
            ("tag", _("Tag")),
            ("consent", _("Consent")),
            ("topic", _("Topic")),
            ("segment", _("Another segment")),
            ("json", _("Condition as JSON")),
        ],
        matches=[("all", _("All of these")), ("any", _("Any of these")), ("none", _("None of these"))],
        attributes=list(list_names(attributes for attributes, _tags in profiles)),
        tags=sorted({tag for _attributes, tags in profiles for tag in tags})[:200],
        events=list_event_names(workspace_id),
    )
