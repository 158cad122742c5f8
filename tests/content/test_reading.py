"""What a template reads is told from its source: never less than it can show, and with the place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.content.email_template import EmailTemplate
from troth.content.errors import ContentError
from troth.content.liquid import compile_template, render
from troth.content.reading import read_email, read_template


def reads(source: str) -> list[str]:
    return [f"{read.spelled}{'.*' if read.is_whole else ''}" for read in read_template(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{{ person.plan | upcase }} {{ user['first name'].x[0] }}", ["person.plan", "person.first name"]),
        ("{{ event.name }} {{ event.properties.cart.total }}", ["event.name", "event.properties.cart"]),
        ("{{ 'a' | append: person.a | default: person.b, allow_false: person.c }}", ["person.a", "person.b", "person.c"]),
        ("{% if person.a and person.b == event.at %}{% elsif person.c %}{% endif %}", ["person.a", "person.b", "event.at", "person.c"]),
        ("{% unless person.a contains person.b %}{% endunless %}", ["person.a", "person.b"]),
        ("{% case person.a %}{% when person.b, 1 %}{{ person.c }}{% endcase %}", ["person.a", "person.b", "person.c"]),
        ("{% for i in person.list limit: person.n %}{{ i.title }}{% else %}{{ i.x }}{% endfor %}", ["person.list", "person.n"]),
        ("{% tablerow i in (1..person.n) cols: person.m %}{{ i }}{% endtablerow %}", ["person.n", "person.m"]),
        ("{% capture x %}{{ person.a }}{% endcapture %}{{ x }}{% cycle person.b, 'c' %}", ["person.a", "person.b"]),
        ("{% liquid\n  assign p = person\n  echo p.a\n%}", ["person.a"]),
        ("{% comment %}{{ person.a }}{% endcomment %}{{ unsubscribe_url }}{{ personal.a }}", []),
    ],
)
def test_data_is_found_wherever_a_template_can_name_it(source: str, found: list[str]) -> None:
    assert reads(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{% assign p = person %}{{ p.plan }}", ["person.plan"]),
        ("{% assign c = b %}{% assign b = a %}{% assign a = event %}{{ c.properties.plan }}", ["event.properties.plan"]),
        ("{% if x %}{% assign p = person %}{% else %}{% assign p = event.properties %}{% endif %}{{ p.plan }}", None),
        ("{% if x %}{% assign person = 'nobody' %}{% endif %}{{ person.plan }}", ["person.plan"]),
        ("{% for user in event.properties.team %}{{ user.name }}{% endfor %}", ["event.properties.team"]),
    ],
)
def test_another_name_for_the_person_hides_nothing(source: str, found: list[str] | None) -> None:
    assert sorted(reads(source)) == (found or ["event.properties.plan", "person.plan"])


@pytest.mark.parametrize(
    "source",
    [
        "{{ person[key] }}",
        "{{ person[event.name].x }}",
        "{{ person }}",
        "{{ person.size }}",
        "{{ person.first }}",
        "{% for pair in person %}{{ pair[0] }}{% endfor %}",
        "{% assign p = person | default: 1 %}{{ p.plan }}",
        "{% assign p = user %}{% assign k = 'plan' %}{{ p[k] }}",
        "{% if person == empty %}{% endif %}",
        "{{ [name].plan }}",
    ],
)
def test_what_cannot_be_told_counts_as_all_of_the_person(source: str) -> None:
    assert "person.*" in reads(source)


def test_each_place_is_told_with_part_line_and_column() -> None:
    mail = EmailTemplate(subject="For {{ person.plan }}", html="<p>\n  {% if event.properties.n %}x{% endif %}{{ person[x] }}</p>")
    assert [(read.spelled, read.part, read.line, read.column) for read in read_email(mail)] == [
        ("person.plan", "subject", 1, 8),
        ("event.properties.n", "html", 2, 9),
        ("person", "html", 2, 45),
    ]


def test_a_hostile_chain_of_names_is_followed_in_time() -> None:
    chain = "".join(f"{{% assign a{number} = a{number + 1} %}}" for number in range(2_000))
    assert reads(f"{chain}{{% assign a2000 = person %}}{{{{ a0.plan }}}}") == ["person.plan"]


# Templates made of all that can carry data from one place to another, over few names, so that they collide.
NAMES = st.sampled_from(["person", "user", "event", "a", "b"])
WORDS = st.sampled_from(["a", "b", "size", "first", "properties", "name"])
KEYS = st.one_of(
    WORDS.map(lambda name: f".{name}"),
    WORDS.map(lambda name: f"['{name}']"),
    NAMES.map(lambda name: f"[{name}]"),
    st.tuples(NAMES, WORDS).map(lambda two: f"[{two[0]}.{two[1]}]"),
    st.just("[0]"),
)
PATHS = st.one_of(
    NAMES,
    st.tuples(NAMES, KEYS).map("".join),
    st.tuples(NAMES, KEYS, KEYS).map("".join),
    st.tuples(st.sampled_from(["event.properties", "event['properties']"]), KEYS).map("".join),
    NAMES.map(lambda name: f"[{name}]"),
)
VALUES = PATHS | PATHS | st.sampled_from(["'a'", "'person'", "1", "nil", "empty"])
FILTERED = st.one_of(
    VALUES,
    VALUES.map(lambda value: f"{value} | upcase"),
    st.tuples(VALUES, st.sampled_from([" | default: ", " | append: "]), VALUES).map("".join),
)
TESTS = st.one_of(PATHS, st.tuples(VALUES, st.sampled_from([" == ", " contains ", " and ", " != "]), VALUES).map("".join))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(TESTS, inner, inner).map(lambda t: f"{{% if {t[0]} %}}{t[1]}{{% else %}}{t[2]}{{% endif %}}"),
        st.tuples(TESTS, inner).map(lambda t: f"{{% unless {t[0]} %}}{t[1]}{{% endunless %}}"),
        st.tuples(NAMES, VALUES, inner, inner).map(lambda t: f"{{% for {t[0]} in {t[1]} %}}{t[2]}{{% else %}}{t[3]}{{% endfor %}}"),
        st.tuples(NAMES, PATHS, inner).map(lambda t: f"{{% tablerow {t[0]} in {t[1]} %}}{t[2]}{{% endtablerow %}}"),
        st.tuples(NAMES, inner).map(lambda t: f"{{% capture {t[0]} %}}{t[1]}{{% endcapture %}}"),
        st.tuples(VALUES, VALUES, inner).map(lambda t: f"{{% case {t[0]} %}}{{% when {t[1]} %}}{t[2]}{{% endcase %}}"),
    )


TEMPLATES = st.recursive(
    st.one_of(
        FILTERED.map(lambda value: f"{{{{ {value} }}}};"),
        st.tuples(NAMES, FILTERED).map(lambda t: f"{{% assign {t[0]} = {t[1]} %}}"),
        st.tuples(NAMES, PATHS).map(lambda t: f"{{% assign {t[0]} = {t[1]} %}}"),
        st.tuples(VALUES, VALUES).map(lambda t: f"{{% cycle {t[0]}, {t[1]} %}}"),
        NAMES.map(lambda name: f"{{% increment {name} %}}"),
    ),
    _larger,
    max_leaves=8,
)
SPREAD = st.sampled_from(["a", "b", "person", "first", 1, ["a", "b"], {"a": "x", "b": "y"}, {"a": {"a": "z"}}, True])
NAMED = st.dictionaries(st.sampled_from(["a", "b", "c", "name", "first"]), SPREAD, min_size=2)


def keep(variables: dict[str, Any], paths: set[tuple[str, ...]]) -> dict[str, Any]:
    """Only the data at these paths, and the objects that hold it, as every mail has them."""

    def cut(value: Any, path: tuple[str, ...]) -> Any:
        if path in paths or not isinstance(value, dict):
            return value
        below = {(*path, name) for name in value}
        wanted = {place for place in below if any(kept[: len(place)] == place for kept in paths)} | {("event", "properties")} & below
        return {name: cut(found, (*path, name)) for name, found in value.items() if (*path, name) in wanted}

    person = cut(variables["person"], ("person",))
    return {"person": person, "user": person, "event": cut(variables["event"], ("event",))}


def _text(source: str, variables: dict[str, Any]) -> str:
    try:
        return render(compile_template(source), variables)
    except ContentError as error:
        return type(error).__name__


@settings(max_examples=600, deadline=None)
@given(TEMPLATES, NAMED, NAMED)
def test_with_nothing_but_what_is_told_a_template_gives_the_same_text(source: str, attributes: Any, properties: Any) -> None:
    variables = {"person": attributes, "user": attributes, "event": {"name": "bought", "at": "2026", "properties": properties}}
    try:
        found = read_template(source)
    except ContentError:
        return
    assert _text(source, variables) == _text(source, keep(variables, {read.path for read in found}))
