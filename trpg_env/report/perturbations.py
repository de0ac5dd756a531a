"""How much a player's figures hang on wording: runs under perturbations beside the unperturbed one.

A run is perturbed where its results say so under `perturbation`: in `arguments`, or where they tell of who answers, in
`sampling`. Runs of one suite, player and DM belong together.
"""

import json
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from trpg_env.evaluation import Results
from trpg_env.report.overview import legend, shown
from trpg_env.report.plots import Dot, Group, dots, percent
from trpg_env.report.runs import Run
from trpg_env.report.section import Figure, Section, Table
from trpg_env.report.texts import line

_NAMES = ("success", "progress")
_KEY = "perturbation"
_NONE: tuple[Any, ...] = (None, "", "none", False, [], {})


def perturbation_of(results: Results) -> str | None:
    """What the texts of a run were perturbed with; None where they were not.

    Args:
        results: The run's results.
    """
    told = [results.arguments, (results.dm.sampling if results.dm is not None else None) or {}]
    said = next((one[_KEY] for one in told if one.get(_KEY) not in _NONE), None)
    if said is None:
        return None
    return line(said if isinstance(said, str) else json.dumps(said, sort_keys=True), 60)


def perturbations(runs: Sequence[Run]) -> Section | None:
    """The mean and the standard deviation over perturbations; None where nothing was perturbed."""
    groups: dict[str, list[tuple[int, Run]]] = {}
    for i, run in enumerate(runs):
        groups.setdefault(_of_whom(run.results), []).append((i, run))
    rows: list[list[str]] = []
    plotted: list[tuple[str, int, Run]] = []
    for group in groups.values():
        perturbed = [(i, run, name) for i, run in group if (name := perturbation_of(run.results))]
        if not perturbed:
            continue
        plain = [(i, run) for i, run in group if perturbation_of(run.results) is None]
        rows += [["unperturbed", run.name, *_cells(run)] for _, run in plain]
        rows += [[name, run.name, *_cells(run)] for _, run, name in perturbed]
        rows.append(
            [
                f"mean ± std of {len(perturbed)}",
                _all_of(group, several=len(groups) > 1),
                *(_spread([run for _, run, _ in perturbed], name) for name in _NAMES),
            ]
        )
        plotted += [("unperturbed", i, run) for i, run in plain] + [
            (name, i, run) for i, run, name in perturbed
        ]
    if not rows:
        return None
    figures = [
        Figure(
            f"{name.capitalize()} under perturbations",
            dots(
                f"{name} under perturbations",
                [Group(label, [_dot(i, run, name)]) for label, i, run in plotted],
            ),
        )
        for name in _NAMES
    ]
    return Section(
        "Perturbations",
        "The same tasks in other words. The mean and the sample’s standard deviation are over the perturbations, without the "
        "unperturbed run.",
        figures,
        [Table("Figures under perturbations", ["perturbation", "run", *_NAMES], rows)],
        legend(runs),
    )


def _all_of(group: Sequence[tuple[int, Run]], *, several: bool) -> str:
    """What the runs of a group are called together; with several groups, whose runs they are."""
    plain = [run.name for _, run in group if perturbation_of(run.results) is None]
    if not several:
        return "all perturbed"
    return f"all beside {plain[0]}" if plain else f"{group[0][1].name} and others"


def _of_whom(results: Results) -> str:
    """Suite, player and DM, the perturbation left aside."""
    dm = None if results.dm is None else results.dm.model_dump()
    if dm is not None:
        dm["sampling"] = {key: value for key, value in (dm["sampling"] or {}).items() if key != _KEY}
    player = None if results.player is None else results.player.model_dump()
    return json.dumps([results.suite.name, player, dm], sort_keys=True)


def _cells(run: Run) -> list[str]:
    return [shown(run.results.metrics.get(name), name) for name in _NAMES]


def _spread(runs: Sequence[Run], name: str) -> str:
    known = [
        one.value
        for run in runs
        if (one := run.results.metrics.get(name)) is not None and one.value is not None
    ]
    if not known:
        return "–"
    return (
        f"{percent(mean(known))} ± {100 * stdev(known):.1f}" if len(known) > 1 else f"{percent(known[0])} ± –"
    )


def _dot(i: int, run: Run, name: str) -> Dot:
    one = run.results.metrics.get(name)
    return Dot(i, None) if one is None else Dot(i, one.value, one.low, one.high)
