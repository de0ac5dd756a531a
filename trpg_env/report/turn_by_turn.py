"""Learning from turn to turn, and recovery, as plots."""

from collections.abc import Sequence

from trpg_env.report.learning import Stretch
from trpg_env.report.overview import between, legend, shown
from trpg_env.report.plots import Line, lines, percent
from trpg_env.report.runs import Run
from trpg_env.report.section import Figure, Section, Table

LONGEST_WAIT = 10
"""Up to how many turns after an error recovery is shown."""


def turn_by_turn(runs: Sequence[Run]) -> Section | None:
    """Errors and progress by the number of the turn; None where no run has episodes to be read."""
    stretches = [(i, run, run.learning.stretches()) for i, run in enumerate(runs) if run.learning.playing]
    if not stretches:
        return None

    def series(of: str) -> list[Line]:
        return [
            Line(i, [(each.first, *_share(each, of, run)) for each in found]) for i, run, found in stretches
        ]

    note = "Hollow: a share of fewer than ten."
    figures = [
        Figure("Erroneous turns", lines("Erroneous turns by turn", series("errors"), "turn"), note),
        Figure(
            "Mean progress after the turn",
            lines("Progress by turn", series("progress"), "turn"),
            "Of all episodes: one that has ended keeps what it reached.",
        ),
        Figure("Episodes still in play", lines("Episodes still in play by turn", series("playing"), "turn")),
    ]
    columns = [
        "turn",
        *(cell for _, run, _ in stretches for cell in (f"{run.name}: in play", "erroneous", "progress")),
    ]
    longest = max((found for *_, found in stretches), key=len)
    rows = []
    for k, stretch in enumerate(longest):
        row = [f"{stretch.first}" if stretch.first == stretch.last else f"{stretch.first}–{stretch.last}"]
        for _, run, found in stretches:
            one = found[k] if k < len(found) else None
            row += (
                ["–"] * 3
                if one is None
                else [f"{one.playing:,}", percent(_ratio(one.errors, one.turns)), percent(_reached(one, run))]
            )
        rows.append(row)
    return Section(
        "From turn to turn",
        "Does the player learn from its errors while it plays? Later turns are those of the episodes that lasted so long.",
        figures,
        [Table("By turn", columns, rows, folded=True)],
        legend(runs),
    )


def recovery(runs: Sequence[Run]) -> Section:
    """How soon a correct turn follows an error, and how often an error is made twice."""
    known = [(i, run) for i, run in enumerate(runs) if run.learning.errors]
    figures = []
    if known:
        series = [
            Line(
                i,
                [
                    (k, run.learning.corrected_within(k) / run.learning.errors, run.learning.errors)
                    for k in range(1, LONGEST_WAIT + 1)
                ],
            )
            for i, run in known
        ]
        note = "Every erroneous turn counts; one that the episode ended upon was not recovered from."
        figures = [
            Figure(
                "Errors followed by a correct turn within so many turns",
                lines("Recovery", series, "turns after the error"),
                note,
                wide=True,
            )
        ]
    rows = [
        [
            run.name,
            *(
                cell
                for name in ("recovery", "repeat")
                for one in [run.results.metrics.get(name)]
                for cell in (shown(one, name), between(one, name))
            ),
            f"{run.results.method.within}",
            f"{sum(m.errors for m in run.results.episodes):,}",
        ]
        for run in runs
    ]
    columns = ["run", "recovery", "interval", "repeated errors", "interval", "within turns", "errors"]
    return Section(
        "Recovery",
        "Recovery: erroneous turns after which a correct one came in time. Repeated: the same action in the same state of the "
        "world had been answered with an error before.",
        figures,
        [Table("Recovery and repeats, as shares of erroneous turns", columns, rows)],
        legend(runs),
    )


def _share(each: Stretch, of: str, run: Run) -> tuple[float | None, int]:
    learning = run.learning
    if of == "errors":
        return _ratio(each.errors, each.turns), each.turns
    if of == "progress":
        return _reached(each, run), learning.episodes
    return _ratio(each.playing, learning.episodes), learning.episodes


def _reached(each: Stretch, run: Run) -> float | None:
    """The progress; None where the run's is not known."""
    known = run.results.metrics.get("progress")
    return None if known is not None and known.value is None else each.progress


def _ratio(above: int, below: int) -> float | None:
    return above / below if below else None
