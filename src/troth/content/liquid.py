"""Liquid with limits: templates of marketers over data of strangers, so neither may exhaust time or memory.

python-liquid bounds loops, output and nesting, but not what a filter makes; each filter is guarded here for what goes in and what comes out.
Only plain values are handed in: no Python object can be reached from a template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from liquid import Environment
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.template import BoundTemplate

from troth.content.errors import ContentError, TemplateInvalid, TemplateTooExpensive

LARGEST_VALUE = 64 * 1024
LARGEST_OUTPUT = 1024 * 1024
LARGEST_SOURCE = 512 * 1024
MULTIPLYING = frozenset({"replace", "join", "replace_first", "replace_last"})
"""Filters whose result may be as long as the product of what goes in."""


class LimitedEnvironment(Environment):
    """The limits of python-liquid itself."""

    loop_iteration_limit = 10_000
    output_stream_limit = LARGEST_OUTPUT
    local_namespace_limit = 4 * LARGEST_OUTPUT
    context_depth_limit = 20
    block_nesting_limit = 30


def _size(value: Any) -> int:
    if isinstance(value, int):
        return value.bit_length() // 3
    if isinstance(value, str | bytes | list | tuple | dict | range):
        return len(value)
    return 0


def _guard(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that refuses values beyond 64 Ki, in and out."""

    @wraps(function)
    def guarded(value: Any, *args: Any, **kwargs: Any) -> Any:
        sizes = [_size(value), *(_size(arg) for arg in args)]
        if max(sizes) > LARGEST_VALUE or (name in MULTIPLYING and sizes[0] * max(sizes[1:], default=1) > 16 * LARGEST_VALUE):
            raise TemplateTooExpensive
        result = function(value, *args, **kwargs)
        if _size(result) > LARGEST_VALUE:
            raise TemplateTooExpensive
        return result

    return guarded


def _make_environment(*, autoescape: bool) -> Environment:
    environment = LimitedEnvironment(autoescape=autoescape)
    for name, function in list(environment.filters.items()):
        environment.filters[name] = _guard(name, function)
    return environment


_escaping = _make_environment(autoescape=True)
_plain = _make_environment(autoescape=False)


@lru_cache(maxsize=500)
def compile_template(source: str, *, part: str, escape: bool) -> BoundTemplate:
    """A compiled template, cached by its text. `part` names it in errors (`subject`, `html`, `text`). Raises TemplateInvalid."""
    if len(source) > LARGEST_SOURCE:
        raise TemplateInvalid(part, None, f"longer than {LARGEST_SOURCE // 1024} KiB: shorten it.")
    try:
        return (_escaping if escape else _plain).from_string(source)
    except LiquidError as error:
        context = error.context() if error.token is not None else None
        raise TemplateInvalid(part, context[0] if context else None, str(error.message or "cannot be read")) from None
    except RecursionError:
        raise TemplateInvalid(part, None, "nested too deeply: flatten it.") from None


def render(template: BoundTemplate, variables: Mapping[str, Any]) -> str:
    """Render with plain values; what is missing renders empty. Raises TemplateTooExpensive, ContentError."""
    try:
        return template.render(**dict(variables))
    except (ResourceLimitError, RecursionError, MemoryError):
        raise TemplateTooExpensive from None
    except TemplateTooExpensive:
        raise
    except (LiquidError, ArithmeticError, TypeError, ValueError, OverflowError) as error:
        raise ContentError(
            f"The template failed on this person's data ({type(error).__name__}): guard the expression with a default."
        ) from None
