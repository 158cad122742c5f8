"""What a campaign does, as one paragraph in plain words: for its author before publishing, and for everybody after."""

from __future__ import annotations

from collections.abc import Iterator

from troth.campaigns.rules import DateTrigger, Rules, SegmentTrigger
from troth.campaigns.versions import Rule
from troth.campaigns.why_words import put_span
from troth.messages.hours import Hours
from troth.messages.limits import PRIORITY
from troth.segments.models import Segment

_DAYS = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday"}


def tell_campaign(rule: Rule) -> str:
    """The whole rule, without its conditions and its mail."""
    names = _name_segments(rule)
    return " ".join(part for part in (_tell_trigger(rule, names), *_tell_rules(rule.rules, names)) if part)


def _name_segments(rule: Rule) -> dict[int, str]:
    wanted = {rule.rules.only_if_in, rule.trigger.segment if isinstance(rule.trigger, SegmentTrigger) else 0} - {0}
    return dict(Segment.objects.filter(workspace_id=rule.workspace_id, pk__in=wanted).values_list("pk", "name")) if wanted else {}


def _tell_trigger(rule: Rule, names: dict[int, str]) -> str:
    trigger = rule.trigger
    wait = f"{put_span(rule.rules.delay)} later" if rule.rules.delay else "at once"
    if isinstance(trigger, SegmentTrigger):
        does = "enters" if trigger.on == "entry" else "leaves"
        return f"Whoever {does} the segment “{names.get(trigger.segment, '?')}” gets it {wait}."
    if isinstance(trigger, DateTrigger):
        number = abs(trigger.days)
        day = f"{number} day{'' if number == 1 else 's'} {'before' if trigger.days < 0 else 'after'}" if number else "On"
        yearly = ", every year" if trigger.yearly else ""
        later = f", and {put_span(rule.rules.delay)} more" if rule.rules.delay else ""
        return f"{day} the date in “{trigger.attribute}”{yearly}, at {trigger.at} where the person is{later}, the person gets it."
    kind = " that meets the conditions" if rule.conditions is not None else ""
    return f"Whoever causes an event “{rule.event}”{kind} gets it {wait}."


def _tell_rules(rules: Rules, names: dict[int, str]) -> Iterator[str]:
    if rules.medium != "email":
        yield {"push": "It goes to their phones and browsers.", "sms": "It goes by text message.", "webhook": "It goes by webhook."}[
            rules.medium
        ]
    for unless in rules.unless:
        more = " that meets the conditions" if unless.conditions is not None else ""
        yield f"Not if “{unless.event}”{more} happens meanwhile."
    if rules.only_if_in:
        yield f"Only who is in the segment “{names.get(rules.only_if_in, '?')}” when it is due."
    yield {
        "every": "",
        "once": "Nobody gets it twice.",
        "once_per_span": f"Nobody gets it twice within {put_span(rules.reentry.span)}.",
        "once_per_value": f"Nobody gets it twice for the same {rules.reentry.property}.",
    }[rules.reentry.rule]
    if rules.cap:
        yield f"At most {rules.cap.messages} in {put_span(rules.cap.per)}."
    if rules.hours:
        yield _tell_hours(rules.hours)
    if rules.expires_after:
        yield f"What could not go out within {put_span(rules.expires_after)} is not sent any more."
    if rules.keeps_quiet_hours is not None:
        yield "It keeps quiet hours." if rules.keeps_quiet_hours else "It goes out in quiet hours too."
    if rules.keeps_caps is not None:
        yield "The workspace's caps hold for it." if rules.keeps_caps else "The workspace's caps do not hold for it."
    if rules.priority != PRIORITY:
        yield f"Its priority is {rules.priority} of 100."


def _tell_hours(hours: Hours) -> str:
    days = f" on {', '.join(_DAYS[day] for day in hours.days)}" if hours.days else ""
    return f"It goes out between {hours.since} and {hours.until}{days}, where the person is."
