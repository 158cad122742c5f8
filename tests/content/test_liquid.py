"""Templates are written by marketers over data of strangers: they render as expected, safely, and never for long."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processor_time import least_cpu_seconds
from troth.content import liquid
from troth.content.errors import ContentError, TemplateInvalid, TemplateTooExpensive
from troth.content.liquid import compile_template, render

LIMIT_S = 1.0  # usually under 0.2; unbounded they take minutes, and these machines are shared
LIMIT_BYTES = 40 << 20


def _render(source: str, variables: dict[str, Any] | None = None, *, escape: bool = True) -> str:
    return render(compile_template(source, escape=escape), variables or {})


def test_variables_filters_conditions_and_loops_render() -> None:
    source = (
        "Hi {{ person.name | capitalize }}{% if person.vip %}!{% endif %} {% for i in items %}{{ forloop.index }}:{{ i.t }} {% endfor %}"
    )
    assert _render(source, {"person": {"name": "dana", "vip": True}, "items": [{"t": "a"}, {"t": "b"}]}) == "Hi Dana! 1:a 2:b "
    assert _render('{{ "2026-03-05" | date: "%d.%m.%Y" }} {{ 7 | divided_by: 2.0 }} {{ (1..4) | join: "," }}') == "05.03.2026 3.5 1,2,3,4"
    assert _render("{% tablerow i in (1..2) %}{{ i }}{% endtablerow %}").count("<td") == 2


def test_what_is_missing_renders_empty() -> None:
    assert _render("[{{ nobody }}{{ a.b.c }}{{ a[0].b | upcase }}{% for x in nothing %}x{% endfor %}]") == "[]"


def test_html_is_escaped_and_plain_text_is_not() -> None:
    person = {"name": "<b>D&D</b>"}
    assert _render("{{ name }}", person) == "&lt;b&gt;D&amp;D&lt;/b&gt;"
    assert _render("{{ name }}", person, escape=False) == "<b>D&D</b>"


@pytest.mark.parametrize(
    "filters",
    [
        "append: 'x'",
        "prepend: 'x'",
        "replace: 'a', 'b'",
        "strip_html",
        "newline_to_br",
        "squish",
        "truncate: 99",
        "default: 'x'",
        "split: ',' | join: ','",
        "url_decode",
        "escape_once",
        "strip_newlines",
        "downcase",
        "slice: 0, 99",
        "first",
        "concat: list",
    ],
)
def test_no_ordinary_filter_lets_markup_of_a_person_through(filters: str) -> None:
    assert "<img" not in _render("{{ name | " + filters + " }}", {"name": "<img src=x onerror=alert(1)>", "list": ["<img>"]})


def test_no_python_object_can_be_reached() -> None:
    source = "{{ name.__class__ }}{{ name.__class__.__mro__ }}{{ d.__init__ }}{{ d.keys }}{{ name | map: '__class__' }}{{ forloop.it }}"
    assert _render(source, {"name": "x", "d": {}}) == ""


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("{{ a | nope }}", 1, 8),
        ("ok\n  {% for %}", 2, 6),
        ("a\nb {% if x %}", 2, 13),
        ("{% include 'x' %}", 1, 4),
        ("{% render 'x' %}", 1, 4),
        ("a\n{{ 'a' ", 2, 1),
    ],
)
def test_a_broken_template_names_line_and_column(source: str, line: int, column: int) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_template(source)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x | divided_by: zero }}",
        "{{ x | slice: name }}",
        "{{ bytes | base64_decode }}",
        "{{ many | times: many | ceil }}",
        "{{ name | date: 3 }}",
    ],
)
def test_an_error_at_rendering_never_repeats_the_data(source: str) -> None:
    variables = {"x": 5, "zero": 0, "name": "dana@example.org", "bytes": "/w==", "many": "1e308"}
    try:
        _render(source, variables)
    except ContentError as error:
        assert isinstance(error, TemplateInvalid)
        assert "dana" not in str(error)
        assert error.__cause__ is None


ATTACKS = {
    "replace grows": '{{ "aaaaaaaaaa" | ' + " | ".join(['replace: "a", "aaaaaaaaaa"'] * 9) + " }}",
    "append doubles": '{% assign x = "aaaaaaaa" %}' + "{% assign x = x | append: x %}" * 40 + "{{ x }}",
    "range reversed by filter": "{{ (1..100000000) | reverse }}",
    "range in for": "{% for i in (1..100000000) %}{% endfor %}",
    "range reversed in for": "{% for i in (1..100000000) reversed limit: 1 %}{% endfor %}",
    "range with offset": "{% for i in (1..1000000000) offset: 999999990 %}{% endfor %}",
    "range of astronomic length": "{{ (1..1000000000000000000000000000000) | size }}",
    "range as argument": '{{ "a" | concat: (1..100000000) | size }}',
    "range from data": "{% for i in (1..n) %}{% endfor %}",
    "range in tablerow": "{% tablerow i in (1..100000000) %}{% endtablerow %}",
    "loops in loops": "{% for i in (1..999) %}" * 4 + "x" + "{% endfor %}" * 4,
    "empty loops in loops": "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}",
    "loops one after another": "{% for i in (1..9999) %}{{ x }}{% endfor %}" * 500,
    "long body in a loop": "{% for i in (1..9999) %}" + "{{ x }}" * 4000 + "{% endfor %}",
    "much output": "{% for i in (1..9999) %}" + "y" * 1000 + "{% endfor %}",
    "uniq": '{% assign a = "' + ",".join(map(str, range(9999))) + '" | split: "," %}{{ a | uniq | size }}',
    "sorting again and again": '{% assign a = "'
    + "b,a," * 4900
    + '" | split: "," %}{% for i in (1..1000) %}{{ a | sort | size }}{% endfor %}',
    "numbers square": "{% assign n = 99999 %}" + "{% assign n = n | times: n %}" * 60 + "{{ n }}",
    "rounding": "{{ 5 | round: -100000000 }}",
    "date parsing": '{{ "' + "1 " * 5000 + '" | date: "%Y" }}',
    "date format": '{{ "2026-01-01" | date: "' + "%c" * 5000 + '" }}',
    "join with a long separator": '{% assign a = "' + "a," * 5000 + '" | split: "," %}{{ a | join: "' + "x" * 100000 + '" }}',
    "captures kept": '{% assign x = "'
    + "x" * 200000
    + '" %}'
    + "".join(f"{{% capture v{i} %}}{{{{ x }}}}{{{{ x }}}}{{% endcapture %}}" for i in range(1200)),
    "long texts compared": '{% assign x = "'
    + "x" * 200000
    + '" %}{% assign y = x | append: "a" | remove_last: "a" %}{% for i in (1..5000) %}{% if x == y %}{% endif %}{% endfor %}',
    "long list searched": "{% for i in (1..5000) %}{% if list contains 'zzz' %}{% endif %}{% endfor %}",
    "big data printed": "{% for i in (1..5000) %}{% capture x %}{{ big }}{% endcapture %}{% endfor %}",
    "big data measured": "{% for i in (1..5000) %}{{ big | append: 'x' | size }}{% endfor %}",
    "many words": '{{ "' + "a " * 120000 + '" | truncatewords: 3 }}',
    "encoding again and again": '{{ "' + "ü" * 200000 + '" | url_encode | url_encode | url_encode }}',
    "deep blocks": "{% if a %}" * 500 + "{% endif %}" * 500,
    "deep paths": "{{ " + "a[" * 3000 + "a" + "]" * 3000 + " }}",
    "long conditions": "{% if " + "a and " * 20000 + "a %}x{% endif %}",
    "many tags": "{{ x }}" * 40000,
    "many lines of liquid": "{% liquid\n" + "echo x\n" * 30000 + "%}",
    "long source": "x" * 10_000_000,
    "case with many branches": "{% for i in (1..9999) %}{% case i %}" + "{% when 99999 %}a" * 4000 + "{% endcase %}{% endfor %}",
}


@pytest.mark.parametrize("escape", [True, False])
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_within_a_moment_and_a_few_megabytes(name: str, escape: bool) -> None:
    big = {str(i): {"a": [1, 2, 3], "b": "x" * 20} for i in range(2000)}
    variables: dict[str, Any] = {"n": 10**9, "list": [f"item {i}" for i in range(20_000)], "big": big}

    def attack() -> None:
        with pytest.raises((TemplateTooExpensive, TemplateInvalid)):
            _render(ATTACKS[name], variables, escape=escape)

    def compile_and_attack() -> None:
        compile_template.cache_clear()
        attack()

    assert least_cpu_seconds(compile_and_attack, enough=LIMIT_S) < LIMIT_S
    if escape:
        tracemalloc.start()
        attack()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < LIMIT_BYTES


@pytest.mark.parametrize(
    "source",
    [
        '{{ "' + "<!--" * 50000 + '" | strip_html }}',
        '{{ "' + "<script></script>" * 12000 + '" | strip_html }}',
        '{{ "' + "<" * 200000 + '" | strip_html }}',
        "{{ 'now' | date: '%1000000000d' }}",
        "{% for i in (1..9999) %}{{ x }}{% endfor %}",
        '{% assign a = "' + ",".join(map(str, range(1300))) + '" | split: "," %}{{ a | uniq | size }}',
    ],
)
def test_what_is_just_allowed_also_ends_within_a_moment(source: str) -> None:
    assert least_cpu_seconds(lambda: _render(source), enough=LIMIT_S) < LIMIT_S


def test_large_data_does_no_harm_where_the_template_does_not_touch_it() -> None:
    assert _render("{{ name }}", {"name": "Dana", "huge": "x" * 1_000_000, "list": list(range(50_000))}) == "Dana"


def test_html_is_stripped_of_tags_comments_scripts_and_styles() -> None:
    text = "<p>Hi <b>D</b><SCRIPT>a<b</SCRIPT><style>p{}</style><!-- c > --> 1 < 2"
    assert _render("{{ t | strip_html }}", {"t": text}, escape=False) == "Hi D 1 < 2"


def test_templates_are_compiled_once_by_content_and_the_cache_is_bounded() -> None:
    compile_template.cache_clear()
    assert compile_template("Hello {{ a }}") is compile_template("Hello {{ " + "a }}")
    assert compile_template("Hello {{ a }}") is not compile_template("Hello {{ a }}", escape=False)
    for i in range(2 * liquid.CACHED):
        compile_template(f"{i}")
    assert compile_template.cache_info().currsize == liquid.CACHED


def test_threads_share_a_template_without_mixing_people() -> None:
    template = compile_template("{% for i in (1..n) %}{% cycle 'a', 'b' %}{{ name }}{% endfor %}")
    people: list[dict[str, Any]] = [{"n": i % 7, "name": f"p{i}"} for i in range(300)]
    with ThreadPoolExecutor(8) as pool:
        rendered = list(pool.map(lambda person: render(template, person), people))
    assert rendered == ["".join(f"{'ab'[i % 2]}{person['name']}" for i in range(person["n"])) for person in people]


WORDS = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "if",
        "for",
        "in",
        "x",
        "|",
        "upcase",
        "append:",
        "'a'",
        "endif",
        "endfor",
        "(1..3)",
        "and",
        ".",
        "[",
        "]",
        "1",
        " ",
        "assign",
        "=",
        "size",
        "date:",
        "reversed",
        "-",
        "capture",
        "endcapture",
        "case",
        "when",
        "<",
        "é",
        "\n",
        ",",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_whatever_is_written_it_renders_or_is_refused_with_our_own_error(source: str) -> None:
    try:
        assert isinstance(_render(source, {"x": "y"}), str)
    except ContentError as error:
        assert str(error)
