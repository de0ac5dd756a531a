"""What was found as tables: lines for people, CSV for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from trpg_env.diversity.found import Diversity
from trpg_env.diversity.heat import shown

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take the beginning of a text for a formula by."""

COLUMNS = (
    "source",
    "episodes",
    "thoughts",
    "measured",
    "words",
    "vocabulary",
    "distinct-1",
    "distinct-2",
    "distinct-3",
    "self-BLEU",
    "similarity",
    "effective",
)
_NAME = 24
_WIDEST = 8
"""With more sources than these, the lines have no heat map: it would not fit."""


def rows(found: Diversity) -> list[list[str]]:
    """The sources' figures, a row each, in the order of `COLUMNS`."""
    told = []
    for source in found.sources:
        f = source.figures
        row = [source.name, str(source.episodes), str(source.thoughts)]
        if f is None:
            told.append([*row, "0", *["–"] * (len(COLUMNS) - 4)])
            continue
        shares = [f.distinct_1, f.distinct_2, f.distinct_3, f.self_bleu, f.similarity]
        effective = "–" if f.effective is None else f"{f.effective:.1f}"
        counts = [str(f.measured), str(f.words), str(f.vocabulary)]
        told.append([*row, *counts, *("–" if s is None else f"{s:.3f}" for s in shares), effective])
    return told


def lines(found: Diversity) -> list[str]:
    """What was found as lines for people."""
    told = [_line(COLUMNS), *map(_line, rows(found))]
    points, kept = len(found.map.points), found.map.neighbours_kept
    true = "" if kept is None else f"; {kept:.0%} of the nearest there are among the most alike"
    told += ["", f"{'map':<20}{points} thoughts{true}"]
    names = [source.name for source in found.sources]
    if len(names) <= _WIDEST:
        told += ["", f"{'environments alike':<{_NAME}}" + "".join(f"{_cut(name, 10):>12}" for name in names)]
        for name, row in zip(names, found.environments.similarity, strict=True):
            told.append(f"{_cut(name, _NAME - 2):<{_NAME}}" + "".join(f"{shown(value):>12}" for value in row))
    return told


def thoughts_csv(found: Diversity) -> str:
    """The map of thoughts as CSV: source, episode, turn, x, y."""
    names = [source.name for source in found.sources]
    points = ([names[p.source], p.episode, p.turn, p.x, p.y] for p in found.map.points)
    return _csv([["source", "episode", "turn", "x", "y"], *points])


def environments_csv(found: Diversity) -> str:
    """The heat map as CSV: a column for each source, and how many environments it has."""
    names = [source.name for source in found.sources]
    body = zip(names, found.environments.numbers, found.environments.similarity, strict=True)
    return _csv([["source", "environments", *names], *([name, number, *row] for name, number, row in body)])


def _csv(table: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_safe(cell) for cell in row] for row in table)
    return text.getvalue()


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _line(cells: Sequence[str]) -> str:
    return f"{_cut(cells[0], _NAME - 2):<{_NAME}}" + "".join(f"{cell:>11}" for cell in cells[1:])


def _cut(name: str, longest: int) -> str:
    name = " ".join(name.split())
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
