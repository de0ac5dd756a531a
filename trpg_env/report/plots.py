"""Plots of shares: dots with intervals, stacked bars, lines over a count. Each is as wide as a telephone's page."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trpg_env.report.kinds import KINDS
from trpg_env.report.marks import COLOURS, mark
from trpg_env.report.svg import Drawing, Svg, number
from trpg_env.report.texts import line

WIDTH = 360.0
_LEFT, _RIGHT = 116.0, 306.0
_SHORT = 15
"""Labels of so many letters stand beside their dots, longer ones above them: half a name tells nobody which it is."""
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Dot(NamedTuple):
    """A figure of a run.

    Attributes:
        run: Which run, from 0.
        value: The share, from 0 to 1; None where there is none.
        low: The lower bound of its interval, likewise.
        high: The upper bound, likewise.
    """

    run: int
    value: float | None
    low: float | None = None
    high: float | None = None


class Group(NamedTuple):
    """Figures that stand together, under one label."""

    label: str
    dots: Sequence[Dot]


class Bar(NamedTuple):
    """A bar made of the shares of each kind of error, in the order of `KINDS`."""

    label: str
    shares: Sequence[float]


class Line(NamedTuple):
    """A run's line.

    Attributes:
        run: Which run, from 0.
        points: Each x with its share and of how many it is one, in the order of x.
    """

    run: int
    points: Sequence[tuple[float, float | None, int]]


def percent(value: float | None) -> str:
    """A share as people read it.

    Example:
        >>> percent(0.125), percent(None)
        ('12.5%', '–')
    """
    return "–" if value is None else f"{100 * value:z.1f}%"


def dots(title: str, groups: Sequence[Group]) -> Svg:
    """A row for each figure: a dot with its interval on a scale from 0 to 100%.

    Args:
        title: What is shown.
        groups: The figures, from top to bottom.
    """
    step, gap, top = 15.0 if all(len(group.dots) < 2 for group in groups) else 12.5, 6.0, 6.0
    labels = [line(group.label, 48) for group in groups]
    above = any(len(label) > _SHORT for label in labels)
    left, over = (10.0, 14.0) if above else (_LEFT, 0.0)
    height = top + sum(max(1, len(group.dots)) * step + over + gap for group in groups)
    drawing = Drawing(WIDTH, height + 18, title, _said(groups), "plot")
    _scale(drawing, left, top, height)
    y = top
    for i, (group, label) in enumerate(zip(groups, labels, strict=True)):
        tall = max(1, len(group.dots)) * step + over
        if i % 2 and len(groups) > 2:
            drawing.add("rect", x=0, y=y - gap / 2, width=WIDTH, height=tall + gap, class_="band")
        if above:
            drawing.text(2, y + 11, label, class_="label")
        else:
            drawing.text(left - 8, y + tall / 2 + 4, label, text_anchor="end", class_="label")
        for j, dot in enumerate(group.dots):
            _dot(drawing, dot, left, y + over + (j + 0.5) * step)
        y += tall + gap
    return drawing.svg()


def _dot(drawing: Drawing, dot: Dot, left: float, y: float) -> None:
    kind = f"r{dot.run % COLOURS}"
    if dot.low is not None and dot.high is not None:
        low, high = _x(dot.low, left), _x(dot.high, left)
        drawing.add("path", d=f"M{number(low)} {number(y)}H{number(high)}", class_=f"whisker {kind}")
        for end in (low, high):
            drawing.add("path", d=f"M{number(end)} {number(y - 3)}v6", class_=f"whisker cap {kind}")
    if dot.value is not None:
        mark(drawing, dot.run, _x(dot.value, left), y)
    drawing.text(WIDTH - 2, y + 4, percent(dot.value), text_anchor="end", class_="value")


def bars(title: str, rows: Sequence[Bar]) -> Svg:
    """A bar for each run: the share of its turns that each kind of error has.

    Args:
        title: What is shown.
        rows: The bars, from top to bottom.
    """
    step, top, left, right = 36.0, 2.0, 2.0, WIDTH - 52
    most = _round_up(max((sum(row.shares) for row in rows), default=0.0))
    height = top + step * len(rows)
    told = "; ".join(
        f"{row.label}: "
        + ", ".join(f"{kind.label} {percent(x)}" for kind, x in zip(KINDS, row.shares, strict=True))
        for row in rows
    )
    drawing = Drawing(WIDTH, height + 18, title, told, "plot")
    for quarter in _QUARTERS:
        x = left + quarter * (right - left)
        drawing.add("path", d=f"M{number(x)} {number(top)}V{number(height)}", class_="grid")
        anchor = "start" if quarter == 0 else "middle"
        drawing.text(x, height + 13, f"{100 * most * quarter:g}%", text_anchor=anchor, class_="tick")
    for i, row in enumerate(rows):
        y, x = top + i * step, left
        drawing.text(left, y + 11, line(row.label, 50), class_="label strong")
        for kind, share in zip(KINDS, row.shares, strict=True):
            wide = share / most * (right - left)
            if wide <= 0:
                continue
            drawing.begin(f"{kind.label}: {percent(share)} of turns")
            drawing.add(
                "rect", x=x, y=y + 16, width=max(wide - 1, 0.5), height=14, class_=f"bar k-{kind.name}"
            )
            if wide >= 18:
                drawing.text(x + wide / 2 - 0.5, y + 26.5, kind.code, text_anchor="middle", class_="in-bar")
            drawing.end()
            x += wide
        drawing.text(WIDTH - 2, y + 27, percent(sum(row.shares)), text_anchor="end", class_="value")
    return drawing.svg()


def lines(title: str, series: Sequence[Line], label: str, *, few: int = 10) -> Svg:
    """A line for each run on a scale from 0 to 100%.

    Args:
        title: What is shown.
        series: The lines.
        label: What runs from left to right.
        few: A point that is a share of fewer than this is hollow.
    """
    left, right, top, bottom = 38.0, WIDTH - 8, 8.0, 168.0
    least = min((x for one in series for x, *_ in one.points), default=0.0)
    most = max((x for one in series for x, *_ in one.points), default=1.0)
    across = _across(least, most, left, right)
    drawing = Drawing(WIDTH, bottom + 34, title, _ends(series, label), "plot")
    for quarter in _QUARTERS:
        y = bottom - quarter * (bottom - top)
        drawing.add("path", d=f"M{number(left)} {number(y)}H{number(right)}", class_="grid")
        drawing.text(left - 5, y + 4, f"{100 * quarter:.0f}%", text_anchor="end", class_="tick")
    for x in _ticks(least, most):
        drawing.text(across(x), bottom + 14, f"{x:g}", text_anchor="middle", class_="tick")
    drawing.text((left + right) / 2, bottom + 29, label, text_anchor="middle", class_="tick")
    for one in series:
        known = [(across(x), bottom - y * (bottom - top), n) for x, y, n in one.points if y is not None]
        if not known:
            continue
        path = "L".join(f"{number(x)} {number(y)}" for x, y, _ in known)
        drawing.add("path", d=f"M{path}", class_=f"run-line r{one.run % COLOURS}")
        for x, y, n in known:
            mark(drawing, one.run, x, y, 2.6, hollow=n < few)
    return drawing.svg()


def _x(share: float, left: float) -> float:
    return left + min(max(share, 0.0), 1.0) * (_RIGHT - left)


def _scale(drawing: Drawing, left: float, top: float, bottom: float) -> None:
    for quarter in _QUARTERS:
        x = _x(quarter, left)
        drawing.add("path", d=f"M{number(x)} {number(top - 4)}V{number(bottom)}", class_="grid")
        drawing.text(x, bottom + 14, f"{100 * quarter:.0f}%", text_anchor="middle", class_="tick")


def _across(least: float, most: float, left: float, right: float) -> Callable[[float], float]:
    span = most - least
    return lambda x: (left + right) / 2 if span <= 0 else left + 4 + (x - least) / span * (right - left - 8)


def _ticks(least: float, most: float) -> list[float]:
    """Round numbers between two, half a dozen or so, the first of all among them."""
    span = most - least
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000) if span / s <= 8), span)
    inner = [step * i for i in range(int(least // step), int(most // step) + 1)]
    return [least, *(float(x) for x in inner if x - least >= step / 2 and x <= most)]


def _round_up(share: float) -> float:
    return next((x for x in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8) if share <= x), 1.0)


def _said(groups: Sequence[Group]) -> str:
    """A plot of dots in words; where there are many, the table beside it tells of each."""
    if len(groups) > 8:
        return f"{len(groups)} rows; the table beneath has the numbers"
    return "; ".join(f"{group.label}: {', '.join(percent(d.value) for d in group.dots)}" for group in groups)


def _ends(series: Sequence[Line], label: str) -> str:
    told = []
    for one in series:
        known = [(x, y) for x, y, _ in one.points if y is not None]
        if known:
            (first, low), (last, high) = known[0], known[-1]
            told.append(f"from {percent(low)} at {label} {first:g} to {percent(high)} at {last:g}")
    return "; ".join(told)
