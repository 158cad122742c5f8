"""Definitions, people and histories made up by hypothesis; small worlds, so that conditions meet what they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from troth.kernel.clock import DAY, HOUR, iso

T0 = int(datetime(2026, 3, 28, 20, 0, tzinfo=UTC).timestamp()) * 1000
"""The evening before clocks are put forward in Europe."""
ZONES = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"])
SCALARS = st.one_of(st.booleans(), st.integers(-2, 2), st.sampled_from([0.5, 1.0]), st.sampled_from(["", "a", "ab", "b", "1", "true", "é"]))
MINUTES = st.integers(-40 * 24 * 60, 40 * 24 * 60)
INSTANTS = MINUTES.map(lambda minutes: T0 + minutes * 60_000)
DAYS = INSTANTS.map(lambda at: iso(at)[:10])
MOMENTS = st.one_of(
    DAYS,
    INSTANTS.map(iso),
    st.builds(lambda at, zone: iso(at)[:19] + zone, INSTANTS, st.sampled_from(["", "Z", "+05:30", "-08:00"])),
    st.builds(lambda at, gap: iso(at)[:16].replace("T", gap), INSTANTS, st.sampled_from(["T", " "])),
    st.sampled_from(
        [
            "2026-02-30",
            "2026-02-29",
            "1988-02-29",
            "2026-13-01",
            "1990-03-29",
            "2026-03-29T25:00",
            "2026-03-29T10:00:00.5Z",
            "٢٠٢٦-01-01",
            "soon",
        ]
    ),
)
STORED = st.one_of(SCALARS, MOMENTS, st.lists(SCALARS, max_size=3), st.just({"b": None}))
PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "plan": STORED,
        "day": MOMENTS,
        "a": st.dictionaries(st.sampled_from(["b", "c"]), st.one_of(STORED, st.none()), max_size=2),
        "a.b": STORED,
        "list": st.lists(SCALARS, max_size=3),
        "timezone": st.one_of(ZONES, st.sampled_from(["Mars/Olympus", 5])),
    },
)
ATTRIBUTES = st.sampled_from(["plan", "a.b", "a", "list", "gone"])
SPANS = st.sampled_from(["PT30M", "P1D", "P7D", "P2W", "P1M", "P1Y", "P1DT12H"])
GAPS = st.sampled_from(["PT30M", "P1D", "P7D", "P1M", "P1M1D"])


def comparisons(subject: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Leaves with an operator that compares with a value."""
    with_scalar = st.builds(
        lambda own, op, value: {**own, "op": op, "value": value}, subject, st.sampled_from(["equals", "not_equals", "contains"]), SCALARS
    )
    ordered = st.builds(
        lambda own, op, value: {**own, "op": op, "value": value},
        subject,
        st.sampled_from(["greater", "at_least", "less", "at_most"]),
        SCALARS.filter(lambda value: not isinstance(value, bool)),
    )
    begins = st.builds(lambda own, value: {**own, "op": "starts_with", "value": value}, subject, st.sampled_from(["", "a", "é"]))
    among = st.builds(lambda own, value: {**own, "op": "in", "value": value}, subject, st.lists(SCALARS, min_size=1, max_size=3))
    bare = st.builds(lambda own, op: {**own, "op": op}, subject, st.sampled_from(["is_set", "is_not_set"]))
    return st.one_of(with_scalar, ordered, begins, among, bare)


def _with_zone(leaf: dict[str, Any], zone: str | None) -> dict[str, Any]:
    return {**leaf, "zone": zone} if zone else leaf


DATED = st.builds(
    _with_zone,
    st.one_of(
        st.builds(
            lambda op, value: {"attribute": "day", "op": op, "value": value},
            st.sampled_from(["before", "after"]),
            st.one_of(DAYS, INSTANTS.map(iso), SPANS, SPANS.map(lambda span: f"-{span}")),
        ),
        st.builds(lambda op, value: {"attribute": "day", "op": op, "value": value}, st.sampled_from(["within_last", "within_next"]), SPANS),
        st.builds(
            lambda op, first, more: {"attribute": "day", "op": op, "value": [first, first + more]},
            st.sampled_from(["on_day", "anniversary"]),
            st.integers(-5, 5),
            st.integers(0, 9),
        ),
    ),
    st.one_of(st.none(), ZONES),
)
WHERES = st.one_of(comparisons(st.just({"property": "x"})), st.builds(lambda one: {"not": one}, comparisons(st.just({"property": "x"}))))
STEPS = st.fixed_dictionaries({"event": st.sampled_from(["A", "b"])}, optional={"where": WHERES})
WINDOWS = st.one_of(
    st.just({}),
    st.builds(lambda span: {"within": span}, SPANS),
    st.builds(lambda span: {"older_than": span}, SPANS),
    st.fixed_dictionaries({}, optional={"within": SPANS, "older_than": SPANS, "since": DAYS, "until": INSTANTS.map(iso)}),
)
EVENTS = st.one_of(
    st.builds(lambda step, window, op: {**step, **window, "op": op}, STEPS, WINDOWS, st.sampled_from(["did", "did_not", "first", "last"])),
    st.builds(
        lambda step, window, key, times: {**step, **window, "op": "did", "count": {key: times}},
        STEPS,
        WINDOWS,
        st.sampled_from(["at_least", "at_most", "exactly"]),
        st.integers(0, 3),
    ),
)


def _with_gaps(steps: list[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Steps of which any but the first may have a gap of its own."""
    gaps = st.lists(st.one_of(st.none(), GAPS), min_size=len(steps), max_size=len(steps))
    return gaps.map(
        lambda own: [{**step, "gap": gap} if gap and number else step for number, (step, gap) in enumerate(zip(steps, own, strict=True))]
    )


SEQUENCES = st.builds(
    lambda steps, op, gap, window: {"sequence": steps, "op": op, **({"gap": gap} if gap else {}), **window},
    st.lists(STEPS, min_size=2, max_size=4).flatmap(_with_gaps),
    st.sampled_from(["then", "without"]),
    st.one_of(st.none(), GAPS),
    WINDOWS,
)
DECIDED = st.one_of(
    st.builds(
        lambda purpose, op: {"consent": purpose, "op": op},
        st.sampled_from(["marketing_email", "service", "none_such"]),
        st.sampled_from(["permits", "missing", "given", "refused", "expired", "unknown"]),
    ),
    st.builds(lambda op: {"topic": "news", "op": op}, st.sampled_from(["wanted", "left"])),
)
LEAVES = st.one_of(
    comparisons(st.builds(lambda name: {"attribute": name}, ATTRIBUTES)),
    DATED,
    st.builds(lambda tag: {"tag": tag}, st.sampled_from(["vip", "new"])),
    EVENTS,
    SEQUENCES,
    DECIDED,
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda key, items: {key: items}, st.sampled_from(["all", "any"]), st.lists(inner, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=4,
)
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.one_of(
            st.integers(-40 * 24, 2).map(lambda hours: T0 + hours * HOUR),
            st.sampled_from([T0 - DAY, T0 - 7 * DAY, T0 - 30 * 60_000, T0 - 7 * DAY - 30 * 60_000]),
            # The nights between months, and the days that February lacks.
            st.sampled_from(
                [
                    *("01-28T23:59:59.999", "01-30T10:00:00.000", "01-31T10:00:00.000", "02-28T10:00:00.000", "03-01T00:00:00.000"),
                    # Another day in some zones, and a time that New York's clocks skip a month later.
                    *("01-31T23:30:00.000", "02-28T02:30:00.000", "02-08T07:30:00.000", "03-08T07:10:00.000"),
                ]
            ).map(lambda text: int(datetime.fromisoformat(f"2026-{text}+00:00").timestamp() * 1000)),
        ),
        st.fixed_dictionaries({}, optional={"x": STORED}),
    ),
    max_size=6,
)
STANCES = st.dictionaries(
    st.sampled_from(["marketing_email", "service", "topic:news"]),
    st.tuples(st.sampled_from([-1, 0, 1]), st.one_of(st.none(), INSTANTS)),
    max_size=3,
)
PEOPLE = st.tuples(PROFILES, st.lists(st.sampled_from(["vip", "new", "x"]), unique=True, max_size=2), HISTORIES, STANCES)
