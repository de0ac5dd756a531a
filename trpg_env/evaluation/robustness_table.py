"""Robustness as lines for people: a row for each perturbation, as in the paper's table."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from trpg_env.evaluation.robustness import Perturbed, Robustness

_COLUMNS = ("success", "progress", "turns", "invalid", "recovery", "repeat")
_COUNTS = frozenset({"turns"})


def lines(found: Robustness, why: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Robustness as lines for people.

    Args:
        found: What was put together.
        why: Why perturbations are left out, by their names, where that is known.
    """
    told = [f"{'':<20}" + "".join(f"{name:>12}" for name in _COLUMNS) + f"{'changed':>12}"]
    told += [_row(run) for run in found.runs]
    perturbed = len(found.runs) - 1
    if perturbed:
        spread = [found.spread[name] for name in _COLUMNS]
        told.append(_cells(f"mean of {perturbed}", [one.mean for one in spread]))
        told.append(_cells("std (sample)", [one.std for one in spread]))
    told += [
        f"left out            {why.get(name, f'{name}: it cannot be had there, or changes nothing')}"
        for name in found.left_out
    ]
    return told


def _row(run: Perturbed) -> str:
    changed = "" if run.perturbation is None else "?" if run.changed is None else f"{run.changed}/{run.items}"
    return _cells(run.folder, [run.figures[name] for name in _COLUMNS]) + f"{changed:>12}"


def _cells(label: str, values: Sequence[float | None]) -> str:
    cells = (_shown(name, value) for name, value in zip(_COLUMNS, values, strict=True))
    return f"{label:<20}" + "".join(f"{cell:>12}" for cell in cells)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if name in _COUNTS else f"{value:.1%}"
