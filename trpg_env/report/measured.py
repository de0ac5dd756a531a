"""The figures of results as plots: success and progress, and which errors there were."""

from collections.abc import Callable, Mapping, Sequence

from trpg_env.evaluation import Estimate, Results
from trpg_env.report.kinds import KINDS
from trpg_env.report.marks import kind_key
from trpg_env.report.overview import between, legend, shown
from trpg_env.report.plots import Bar, Dot, Group, bars, dots, percent
from trpg_env.report.runs import Run
from trpg_env.report.section import Figure, Section, Table
from trpg_env.report.texts import line

MOST_GROUPS = 30
"""How many families, or difficulties, have a row of their own in a plot."""

_Groups = Callable[[Results], Mapping[str, Mapping[str, Estimate]]]
_NAMES = ("success", "progress")


def success_and_progress(runs: Sequence[Run]) -> Section:
    """Success and progress of all episodes, with their intervals."""
    figures = [
        Figure(
            name.capitalize(),
            dots(
                f"{name.capitalize()} of each run",
                [Group(run.name, [_dot(i, run.results.metrics.get(name))]) for i, run in enumerate(runs)],
            ),
        )
        for name in _NAMES
    ]
    lead = "Dots are figures, bars their intervals. Items are resampled where there are several, episodes otherwise."
    return Section("Success and progress", lead, figures, legend=legend(runs))


def by_family(runs: Sequence[Run]) -> Section | None:
    """Success and progress of each family; None where there are fewer than two."""
    return _split(runs, "family", lambda results: results.families)


def by_difficulty(runs: Sequence[Run]) -> Section | None:
    """Success and progress of each difficulty; None where a suite knows of none, or of one only."""
    return _split(runs, "difficulty", lambda results: results.difficulties)


def _split(runs: Sequence[Run], what: str, of: _Groups) -> Section | None:
    names = sorted({name for run in runs for name in of(run.results)})
    if len(names) < 2:
        return None
    left_out = len(names) - MOST_GROUPS
    note = f"The first {MOST_GROUPS}; the table has {left_out:,} more." if left_out > 0 else ""
    figures = [
        Figure(
            f"{name.capitalize()} by {what}",
            dots(
                f"{name.capitalize()} by {what}",
                [
                    Group(
                        group,
                        [
                            _dot(i, each.get(name))
                            for i, run in enumerate(runs)
                            if (each := of(run.results).get(group))
                        ],
                    )
                    for group in names[:MOST_GROUPS]
                ],
            ),
            note,
        )
        for name in _NAMES
    ]
    return Section(f"By {what}", "", figures, [_grouped(runs, what, names, of)], legend(runs))


def errors(runs: Sequence[Run]) -> Section:
    """Erroneous turns by kind, as shares of all turns."""
    rows = [Bar(run.name, [_value(run.results.metrics.get(kind.name)) for kind in KINDS]) for run in runs]
    numbers = [
        [row.label, *(percent(share) for share in row.shares), percent(sum(row.shares))] for row in rows
    ]
    columns = ["run", *(kind.label for kind in KINDS), "all"]
    return Section(
        "Errors by kind",
        "Of all the player’s turns, those that were answered with an error. Of several flags the first counts.",
        [Figure("Shares of turns", bars("Errors by kind, as shares of turns", rows), wide=True)],
        [Table("Errors by kind, as shares of turns", columns, numbers)],
        [(kind_key(kind.name, kind.code), kind.label) for kind in KINDS],
    )


def _grouped(runs: Sequence[Run], what: str, names: Sequence[str], of: _Groups) -> Table:
    columns = [
        what,
        *(
            cell
            for run in runs
            for cell in (f"{run.name}: success", "interval", "progress", "invalid", "episodes")
        ),
    ]
    rows = []
    for group in names:
        row = [line(group, 60)]
        for run in runs:
            each = of(run.results).get(group, {})
            success = each.get("success")
            row += [
                shown(success, "success"),
                between(success, "success"),
                shown(each.get("progress"), "progress"),
                shown(each.get("invalid"), "invalid"),
                "–" if success is None else f"{success.n:,}",
            ]
        rows.append(row)
    return Table(f"Figures by {what}", columns, rows, folded=True)


def _dot(run: int, one: Estimate | None) -> Dot:
    return Dot(run, None) if one is None else Dot(run, one.value, one.low, one.high)


def _value(one: Estimate | None) -> float:
    return 0.0 if one is None or one.value is None else one.value
