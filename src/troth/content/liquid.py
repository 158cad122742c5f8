"""Liquid templates: compiled once, rendered in process, within limits (see liquid_limits).

Templates see plain data only: no attribute of a Python object can be reached. Missing variables render empty. Tags that load other
templates are not there; a template is complete in itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TextIO, cast

from liquid import Environment, Markup, Mode, Node, RenderContext
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.builtin.tags.tablerow_tag import TablerowNode, TablerowTag
from liquid.exceptions import LiquidError, ResourceLimitError, UnknownFilterError
from liquid.expression import Expression
from liquid.filter import string_filter

from troth.content.errors import TemplateInvalid, TemplateTooExpensive
from troth.content.liquid_limits import BoundedEnd, BudgetContext, BudgetTemplate, Weight

MAX_SOURCE = 256 * 1024
"""Characters of a template's source."""
MAX_TAGS = 5_000
"""Tags and outputs in a template."""
CACHED = 128


@dataclass(frozen=True)
class Template:
    """A compiled template; safe to render from several threads at once."""

    bound: BudgetTemplate


class _CountedFor(ForNode):
    """A `for` loop that knows how much one round costs."""

    round = Weight()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Render the loop."""
        cast("BudgetContext", context).round = self.round
        return super().render_to_output(context, buffer)


class _CountedTablerow(TablerowNode):
    """A `tablerow` loop that knows how much one round costs."""

    round = Weight()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Render the loop."""
        cast("BudgetContext", context).round = self.round
        return super().render_to_output(context, buffer)


class _CountedForTag(ForTag):
    node_class = _CountedFor


class _CountedTablerowTag(TablerowTag):
    node_class = _CountedTablerow


class _TrothEnvironment(Environment):
    """Shared by all templates of one kind of output."""

    template_class = BudgetTemplate

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """The standard tags and filters, but those that load templates."""
        super().setup_tags_and_filters(extra=extra)
        for name in ("include", "render"):
            del self.tags[name]
        self.add_tag(_CountedForTag)
        self.add_tag(_CountedTablerowTag)
        self.add_filter("strip_html", strip_html)


@string_filter
def strip_html(text: str) -> str:
    """The text without tags, comments, scripts and styles, in one pass: the library's own takes quadratic time on hostile input."""
    lowered = text.lower()
    kept, position = [], 0
    while (start := text.find("<", position)) >= 0:
        kept.append(text[position:start])
        ending = next((end for begin, end in _BLOCKS if lowered.startswith(begin, start)), ">")
        end = lowered.find(ending, start)
        if end < 0:
            position = start
            break
        position = end + len(ending)
    kept.append(text[position:])
    stripped = "".join(kept)
    return Markup(stripped) if isinstance(text, Markup) else stripped


_LIQUID_TAG = re.compile(r"\{%-?\s*liquid\b")
_COMPARISONS = (ContainsExpression, EqExpression, GeExpression, GtExpression, LeExpression, LtExpression, NeExpression)
_BLOCKS = (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"))


@lru_cache(maxsize=2)
def _environment(escape: bool) -> _TrothEnvironment:
    return _TrothEnvironment(tolerance=Mode.STRICT, autoescape=escape)


@lru_cache(maxsize=CACHED)
def compile_template(source: str, *, escape: bool = True) -> Template:
    """Compile a template; the last 128 are kept, by content.

    `escape` escapes variables for HTML; switch it off for subjects and plain text. Raises TemplateInvalid, with line and column, and
    TemplateTooExpensive when it is too long.
    """
    if len(source) > MAX_SOURCE:
        raise TemplateTooExpensive(f"more than {MAX_SOURCE} characters")
    lines_of_tags = source.count("\n") if _LIQUID_TAG.search(source) else 0
    if source.count("{{") + source.count("{%") + lines_of_tags > MAX_TAGS:
        raise TemplateTooExpensive(f"more than {MAX_TAGS} tags")
    environment = _environment(escape)
    try:
        bound = cast("BudgetTemplate", environment.from_string(source))
        for node in bound.nodes:
            _weigh_node(node, environment)
    except LiquidError as error:
        raise _invalid(error, source, told=str(error.args[0]) if error.args else "") from None
    except RecursionError:
        raise TemplateTooExpensive("nested too deeply") from None
    return Template(bound)


def render(template: Template, variables: Mapping[str, Any]) -> str:
    """Render with plain data (dicts, lists, text, numbers); what is missing renders empty.

    Raises TemplateInvalid when a filter cannot work with what it is given, and TemplateTooExpensive.
    """
    try:
        return template.bound.render(variables)
    except ResourceLimitError:
        raise TemplateTooExpensive("too much output, or nested too deeply") from None
    except LiquidError as error:
        raise _invalid(error, "", told="a filter or tag here cannot work with the value it is given.") from None
    except (RecursionError, MemoryError):
        raise TemplateTooExpensive("nested too deeply") from None
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
        # The library lets some errors of its filters through, with the value in their text and without a place.
        raise TemplateInvalid(1, 1, "a filter in this template cannot work with the value it is given.") from None


def _invalid(error: LiquidError, source: str, told: str) -> TemplateInvalid:
    """Our error for the library's. Only errors from compiling may be told in its words: later they can contain a person's data."""
    lines = source.split("\n")
    line, column = len(lines), len(lines[-1]) + 1
    if place := error.context():
        line, column = place[0], place[1] + 1
    if isinstance(error.__cause__, RecursionError):
        told = "nested too deeply"
    return TemplateInvalid(line, column, told or "this cannot be understood.")


def _weigh_node(node: Node, environment: Environment) -> Weight:
    """The weight of a node with all in it but the rounds of loops; each loop learns the weight of its round, each range its bound."""
    weight = sum((_weigh_expression(expression, environment) for expression in node.expressions()), Weight())
    for child in node.children(cast("RenderContext", None)):
        inner = _weigh_node(child, environment)
        if isinstance(node, _CountedFor | _CountedTablerow) and child is node.block:
            node.round = inner
        else:
            weight += inner
    return weight


def _weigh_expression(expression: Expression, environment: Environment) -> Weight:
    """The weight of an expression. Raises the library's error for a filter that does not exist."""
    if isinstance(expression, FilteredExpression):
        for used in expression.filters or ():
            if used.name not in environment.filters:
                raise UnknownFilterError(f"there is no filter called {used.name!r}.", token=used.token)
    if isinstance(expression, RangeLiteral) and not isinstance(expression.stop, BoundedEnd):
        expression.stop = BoundedEnd(expression)
    own = Weight(1, 1 if isinstance(expression, _COMPARISONS) else 0)
    return sum((_weigh_expression(child, environment) for child in expression.children()), own)
