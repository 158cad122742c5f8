"""Charts as numbers for `<c-chart>`: positions in per cent, so that one SVG fits every width and its text keeps its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from troth.console.showing import format_number, format_roughly

TOP, BOTTOM = 6.0, 86.0
"""Where the largest value and zero lie, in per cent of the height."""
MOST_TICKS = 7
STROKE = 4.0
"""How wide a single value of a curve is drawn."""
GRIDLINES = 3


@dataclass(frozen=True)
class Series:
    """A row of values. `tone` is a colour of the design: accent, good, warn, bad or neutral."""

    name: str
    tone: str
    values: Sequence[float]

    @property
    def total(self) -> str:
        """The sum, as written for the reader."""
        return format_number(sum(self.values))


@dataclass(frozen=True)
class Part:
    """A piece of a column."""

    y: float
    height: float
    tone: str


@dataclass(frozen=True)
class Column:
    """All that belongs to one label: where it stands, what it says on hover, its pieces from the ground up."""

    x: float
    width: float
    says: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Line:
    """A curve, and the area below it, as path data on a ground of 100 × 100."""

    tone: str
    path: str
    area: str


@dataclass(frozen=True)
class Mark:
    """A label at a place, in per cent. `anchor` is `start`, `middle` or `end`."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Chart:
    """What `<c-chart>` draws, and tells as a table."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    columns: tuple[Column, ...]
    ticks: tuple[Mark, ...]
    grid: tuple[Mark, ...]
    lines: tuple[Line, ...] = ()
    empty: bool = False
    rows: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    """Of the table: label and values."""


def bar_chart(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Columns over labels, the series stacked in their order."""
    totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    top = _round_up(max(totals, default=0))
    step = 100 / max(1, len(labels))
    columns = []
    for index, label in enumerate(labels):
        parts, ground = [], BOTTOM
        for one in series:
            height = (BOTTOM - TOP) * one.values[index] / top
            if height:
                ground -= height
                parts.append(Part(round(ground, 3), round(height, 3), one.tone))
        columns.append(Column(round(index * step + step * 0.12, 3), round(step * 0.76, 3), _says(label, series, index), tuple(parts)))
    return _chart(title, labels, series, columns=columns, top=top, centred=True)


def line_chart(title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Curves over labels; invisible columns carry what is said on hover."""
    top = _round_up(max((value for one in series for value in one.values), default=0))
    step = 100 / max(1, len(labels) - 1)
    columns = [
        Column(round(max(0.0, index * step - step / 2), 3), round(step, 3), _says(label, series, index))
        for index, label in enumerate(labels)
    ]
    return _chart(title, labels, series, columns=columns, top=top, centred=False, lines=[_line(one, step, top) for one in series])


def sparkline(values: Sequence[float]) -> str:
    """Path data of a small curve on a ground of 100 × 100; empty for fewer than two values."""
    if len(values) < 2:
        return ""
    top = max(*values, 1)
    return _path([(100 * index / (len(values) - 1), 96 - 92 * value / top) for index, value in enumerate(values)])


def _line(series: Series, step: float, top: float) -> Line:
    points = [(index * step, BOTTOM - (BOTTOM - TOP) * value / top) for index, value in enumerate(series.values)]
    if len(points) == 1:
        # A curve of one point would not be seen.
        points.append((STROKE, points[0][1]))
    path = _path(points)
    return Line(series.tone, path, f"{path} L{points[-1][0]:.3f} {BOTTOM} L{points[0][0]:.3f} {BOTTOM} Z" if points else "")


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.3f} {y:.3f}" for x, y in points)


def _says(label: str, series: Sequence[Series], index: int) -> str:
    return f"{label}: " + ", ".join(
        f"{format_number(one.values[index])} {one.name}" for one in series if one.values[index] or len(series) == 1
    )


def _round_up(value: float) -> float:
    """The next round number, so that gridlines carry round numbers and little height is wasted."""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if value <= step * power))


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    columns: Sequence[Column],
    top: float,
    centred: bool,
    lines: Sequence[Line] = (),
) -> Chart:
    rows = tuple((label, tuple(format_number(one.values[index]) for one in series)) for index, label in enumerate(labels))
    return Chart(
        title=title,
        labels=labels,
        series=series,
        columns=tuple(columns),
        ticks=_ticks(labels, centred=centred),
        grid=_grid(top),
        lines=tuple(lines),
        empty=not any(value for one in series for value in one.values),
        rows=rows,
    )


def _grid(top: float) -> tuple[Mark, ...]:
    shares = [share / (GRIDLINES - 1) for share in range(GRIDLINES)]
    if top == 1:
        shares = [0.0, 1.0]
    return tuple(Mark(round(BOTTOM - (BOTTOM - TOP) * share, 3), format_roughly(top * share)) for share in shares)


def _ticks(labels: Sequence[str], *, centred: bool) -> tuple[Mark, ...]:
    """At most seven labels below, evenly chosen, the outer ones kept inside the picture."""
    if not labels:
        return ()
    every = math.ceil(len(labels) / MOST_TICKS)
    step = 100 / (len(labels) if centred else max(1, len(labels) - 1))
    marks = []
    for index in range(0, len(labels), every):
        at = index * step + (step / 2 if centred else 0)
        anchor = "start" if at < 4 else "end" if at > 96 else "middle"
        marks.append(Mark(round(at, 3), labels[index], anchor))
    return tuple(marks)
