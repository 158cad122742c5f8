"""Conditions on what people decided: a purpose and where they stand on it, and the topics that they left."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.decisions import NO_DECISION, Stood, make_facts
from troth.consent.gate import CONSENT, Operation, reason_against
from troth.consent.lacking import Lack, find_lack, lack_in_sql
from troth.consent.models import Standing
from troth.consent.wishes import topic_key
from troth.kernel.clock import iso
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.segments.horizons import NOW
from troth.segments.kinds import Answer, Facts, Flip, Kind, Leaf, Moment, refuse_unless
from troth.segments.sql import NEVER, Sql

_OWN = "SELECT %s FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s"
PERMITS = "permits"
STATES = (PERMITS, *(lack.value for lack in Lack))


class ConsentKind(Kind):
    """`{"consent": "marketing_email", "op": "permits"}`: whether what they decided allows messages for the purpose; or one of the states of `Lack`."""

    key = "consent"
    fields = frozenset({"op"})

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        refuse_unless(
            isinstance(leaf["consent"], str) and 0 < len(leaf["consent"]) <= 64, f"{path}.consent", "the key of a purpose is missing."
        )
        refuse_unless(leaf.get("op") in STATES, f"{path}.op", f"choose one of {', '.join(STATES)}.")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield f"consent:{leaf['consent']}"

    def is_timed(self, leaf: Leaf) -> bool:
        """See `Kind`. A consent may end by itself."""
        return True

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        rule = _rule(moment.workspace_id, leaf["consent"])
        if leaf["op"] == PERMITS:
            return permits(rule, moment.now)
        state, values = lack_in_sql(rule, moment.now)
        found = (
            f"COALESCE((SELECT {state} FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s),"
            f" '{Lack.MISSING}') = %s"
        )
        return Sql(found, (*values, rule.key, leaf["op"]))

    def flips(self, leaf: Leaf, moment: Moment) -> list[Flip]:
        """See `Kind`."""
        return expiries(leaf["consent"], moment)

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        rule = _rule(facts.workspace_id, leaf["consent"])
        stood = facts.decisions.get(rule.key)
        known = make_facts(rule, stood)
        state = find_lack(known, now)
        holds = not reason_against(known, Operation.MESSAGE, now) if leaf["op"] == PERMITS else state == leaf["op"]
        return Answer(holds, (_tell_when(stood),))

    def turns(self, leaf: Leaf, facts: Facts, since: int, until: int) -> Iterator[int | None]:
        """See `Kind`. Consents end by themselves."""
        stood = facts.decisions.get(leaf["consent"])
        yield stood.valid_until if stood else None

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        if leaf["op"] == PERMITS:
            return say("allows {purpose}", purpose=leaf["consent"])
        return say("consent to {purpose} is {state}", purpose=leaf["consent"], state=say.named(leaf["op"]))


class TopicKind(Kind):
    """`{"topic": "news", "op": "wanted"}`: did not leave the topic; or `left`."""

    key = "topic"
    fields = frozenset({"op"})

    def check(self, leaf: Leaf, path: str) -> None:
        """See `Kind`."""
        refuse_unless(isinstance(leaf["topic"], str) and 0 < len(leaf["topic"]) <= 50, f"{path}.topic", "the key of a topic is missing.")
        refuse_unless(leaf.get("op") in ("wanted", "left"), f"{path}.op", "choose one of wanted, left.")

    def wakes(self, leaf: Leaf) -> Iterator[str]:
        """See `Kind`."""
        yield f"consent:{topic_key(leaf['topic'])}"

    def compile(self, leaf: Leaf, moment: Moment) -> Sql:
        """See `Kind`."""
        word = "EXISTS" if leaf["op"] == "left" else "NOT EXISTS"
        return Sql(f"{word} ({_OWN % ('1', '%s')} AND s.standing = {int(Standing.REFUSED)})", (topic_key(leaf["topic"]),))

    def judge(self, leaf: Leaf, facts: Facts, now: int) -> Answer:
        """See `Kind`."""
        stood = facts.decisions.get(topic_key(leaf["topic"]), NO_DECISION)
        has_left = stood.standing == Standing.REFUSED
        return Answer(has_left is (leaf["op"] == "left"), (_tell_when(stood),))

    def describe(self, leaf: Leaf, say: Speech = ENGLISH) -> str:
        """See `Kind`."""
        return say("left the topic {topic}" if leaf["op"] == "left" else "did not leave the topic {topic}", topic=leaf["topic"])


def _tell_when(stood: Stood | None) -> Said:
    return Said("decided at {at}", {"at": iso(stood.decided_at)}) if stood and stood.decided_at else Said("never decided")


def _rule(workspace_id: int, purpose: str) -> PurposeRule:
    """The purpose, archived ones too; one that is gone is as if nobody had been asked."""
    return load_catalog(workspace_id).rule(purpose) or PurposeRule(key=purpose, name=purpose, basis="", is_marketing=False, archived=True)


def permits(rule: PurposeRule, now: int) -> Sql:
    """Whether the gate lets messages through as far as the purpose is concerned; restriction and erasure are asked of everybody anyhow."""
    if rule.basis == CONSENT and not (rule.archived or rule.imbalance):
        counts = "s.at >= %s AND (s.valid_until IS NULL OR s.valid_until > %s)"
        found = f"EXISTS ({_OWN % ('1', '%s')} AND s.standing = {int(Standing.GRANTED)} AND {counts})"
        return Sql(found, (rule.key, rule.material_since, now))
    allowed = [standing for standing in Standing if not reason_against(make_facts(rule, Stood(int(standing))), Operation.MESSAGE, now)]
    if not allowed:
        return NEVER
    found = f"COALESCE(({_OWN % ('s.standing', '%s')}), {int(Standing.NONE)})"
    return Sql(f"{found} IN ({', '.join(str(int(standing)) for standing in allowed)})", (rule.key,))


def expiries(purpose: str, moment: Moment) -> list[Flip]:
    """When a consent to a purpose ends by itself; none where no consent does so soon, as an index over all buckets tells."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM consent_stance WHERE workspace_id = %s AND purpose = %s AND valid_until > %s AND valid_until <= %s LIMIT 1",
            [moment.workspace_id, purpose, moment.now, moment.until],
        )
        if cursor.fetchone() is None:
            return []
    return [Flip(NOW, Sql(f"({_OWN % ('s.valid_until', '%s')} AND s.valid_until > %s)", (purpose, moment.now)))]
