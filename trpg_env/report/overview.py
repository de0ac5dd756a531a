"""What was evaluated, and its figures in tables: the runs side by side."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trpg_env.evaluation import Contamination, Estimate, Results
from trpg_env.report.marks import run_key
from trpg_env.report.plots import percent
from trpg_env.report.runs import Run
from trpg_env.report.section import Section, Table
from trpg_env.report.svg import Svg
from trpg_env.report.texts import line
from trpg_env.trajectory import Participant

LABELS = {
    "success": "success",
    "progress": "progress",
    "turns": "turns per episode",
    "invalid": "invalid actions",
    "parameter": "parameter errors",
    "place": "place errors",
    "logic": "logic errors",
    "format": "unreadable replies",
    "recovery": "recovery",
    "repeat": "repeated errors",
    "calls": "calls per episode",
    "prompt_tokens": "tokens sent per episode",
    "completion_tokens": "tokens answered per episode",
    "turns_per_success": "turns per success",
    "tokens_per_success": "tokens per success",
}
"""What people call each figure; one that is not here is called as results call it."""

_COUNTS = frozenset(
    {"turns", "calls", "prompt_tokens", "completion_tokens", "turns_per_success", "tokens_per_success"}
)
"""Figures that are no shares."""

_ARGUMENTS = {
    "n": "starts",
    "samples": "samples of each start",
    "max_turns": "turns at most",
    "changed": "items in other words",
}
"""What people call each argument of a run; one that is not here is called as results call it."""

_GLANCE = ("success", "progress", "invalid", "recovery", "repeat", "turns")
_LONGEST = 120


def legend(runs: Sequence[Run]) -> list[tuple[Svg, str]]:
    """The runs' marks; none where there is nothing to tell apart."""
    return [(run_key(i), run.name) for i, run in enumerate(runs)] if len(runs) > 1 else []


def shown(one: Estimate | None, name: str) -> str:
    """A figure as people read it."""
    if one is None or one.value is None:
        return "–"
    return f"{one.value:,.1f}" if name in _COUNTS else percent(one.value)


def between(one: Estimate | None, name: str) -> str:
    """A figure's interval as people read it."""
    if one is None or one.low is None or one.high is None:
        return "–"
    if name in _COUNTS:
        return f"{one.low:,.1f} – {one.high:,.1f}"
    return f"{100 * one.low:z.1f} – {100 * one.high:z.1f}"


def glance(runs: Sequence[Run]) -> Section:
    """The figures that are looked for first, a row for each run."""
    confidence = ", ".join(sorted({f"{run.results.method.confidence:.0%}" for run in runs}))
    head = ["run", "player", "episodes", *(LABELS[name] for name in _GLANCE)]
    rows = []
    for run in runs:
        metrics = run.results.metrics
        cells = []
        for name in _GLANCE:
            one = metrics.get(name)
            interval = between(one, name)
            cells.append(shown(one, name) if interval == "–" else f"{shown(one, name)}\n{interval}")
        rows.append([run.name, _who(run.results.player), f"{run.results.counts.counted:,}", *cells])
    return Section(
        "At a glance",
        f"Each figure with its {confidence} interval beneath. Shares are ratios of sums over episodes.",
        tables=[Table("Runs and their figures", head, rows)],
        legend=legend(runs),
    )


def evaluated(runs: Sequence[Run]) -> Section:
    """What was evaluated, and all that is needed to get the same figures again."""
    facts = [_facts(run) for run in runs]
    names = list(dict.fromkeys(name for fact in facts for name in fact))
    rows = [[name, *(fact.get(name, "–") for fact in facts)] for name in names]
    tables = [Table("What was evaluated", ["", *(run.name for run in runs)], rows, words=True)]
    return Section("What was evaluated", tables=tables)


def all_figures(runs: Sequence[Run]) -> Section:
    """Every figure of every run."""
    names = [*LABELS, *sorted({name for run in runs for name in run.results.metrics} - set(LABELS))]
    used = [name for name in names if any(_counted(run.results, name) for run in runs)]
    columns = ["figure", *(cell for run in runs for cell in (run.name, "interval", "of"))]
    rows = []
    for name in used:
        row = [LABELS.get(name, line(name, 40))]
        for run in runs:
            one = run.results.metrics.get(name)
            row += [shown(one, name), between(one, name), "–" if one is None else f"{one.n:,}"]
        rows.append(row)
    tables = [Table("All figures", columns, rows), *_best_of(runs)]
    return Section(
        "Figures",
        "“of” is what a figure is a share of: episodes, turns or errors. A figure that is the same for all items has an "
        "interval of no width, which is no proof.",
        tables=tables,
    )


def _best_of(runs: Sequence[Run]) -> list[Table]:
    rows = [
        [
            run.name,
            f"{run.results.arguments.get('samples', '–')}",
            LABELS.get(name, name),
            shown(one, name),
            between(one, name),
            f"{one.n:,}",
        ]
        for run in runs
        if run.results.best_of is not None
        for name, one in run.results.best_of.items()
    ]
    columns = ["run", "samples", "figure", "value", "interval", "starts"]
    return [Table("Best of several samples of each start", columns, rows)] if rows else []


def _counted(results: Results, name: str) -> bool:
    one = results.metrics.get(name)
    return one is not None and one.n > 0


def _facts(run: Run) -> dict[str, str]:
    results = run.results
    suite, counts, method = results.suite, results.counts, results.method
    families = len({item.family for item in suite.items})
    facts = {
        "suite": line(suite.name, _LONGEST),
        "items": f"{len(suite.items):,}, {'1 family' if families == 1 else f'{families:,} families'}",
        "part": "" if suite.part is None else f"{suite.part.side.replace('_', ' ')} at {suite.part.share:g}",
        "left out": _listed(suite.left_out),
        "player": _named(results.player),
        "player’s prompt": _hash(results.player),
        "DM": _named(results.dm),
        "DM’s prompt": _hash(results.dm),
        "episodes": f"{counts.episodes:,}",
        "outcomes": ", ".join(f"{name} {n:,}" for name, n in sorted(counts.outcomes.items())),
        "broken, in no figure": ", ".join(
            f"{line(kind, 40)} {n:,}" for kind, n in sorted(counts.broken.items())
        ),
        "context too long": f"{counts.context_too_long:,}" if counts.context_too_long else "",
        **{
            _ARGUMENTS.get(name, line(name, 30)): _value(value)
            for name, value in sorted(results.arguments.items())
        },
        "intervals": f"{method.confidence:.0%}, {method.resamples:,} replicates, seed {method.seed}",
        "recovery within": f"{method.within} turns",
        "contaminated": _contaminated(results.contamination),
        "versions": ", ".join(
            f"{line(name, 30)} {line(version, 60)}" for name, version in sorted(results.software.items())
        ),
        "remark": " ".join(run.remarks),
    }
    return {name: text for name, text in facts.items() if text}


def _who(who: Participant | None) -> str:
    return (
        "nobody" if who is None else line(who.kind if who.model is None else f"{who.kind} ({who.model})", 40)
    )


def _named(who: Participant | None) -> str:
    if who is None:
        return "nobody"
    settings = [f"{line(name, 30)} {_value(value)}" for name, value in sorted((who.sampling or {}).items())]
    model = ", ".join([*([line(who.model, _LONGEST)] if who.model else []), *settings])
    return line(who.kind, _LONGEST) + (f" ({model})" if model else "")


def _hash(who: Participant | None) -> str:
    return "" if who is None or who.prompt_hash is None else line(who.prompt_hash, 16)


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{line(str(key), 30)} {_value(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return _listed(value)
    return line(str(value), _LONGEST)


def _listed(values: Iterable[Any], most: int = 12) -> str:
    all_of_them = [line(str(value), 40) for value in values]
    more = len(all_of_them) - most
    return ", ".join([*all_of_them[:most], *([f"and {more:,} more"] if more > 0 else [])])


def _contaminated(told: Contamination | None) -> str:
    if told is None:
        return "not known: nobody said what it was trained on"
    cards = _listed(card.name for card in told.trained_on)
    if told.contaminated:
        what = [_listed(told.families)] if told.families else []
        if told.scripts:
            what.append(f"the very scripts {_listed(told.scripts)}")
        return f"yes: trained on {' and on '.join(what)} ({cards})"
    if told.contaminated is None:
        return f"not known: a card does not name all of its families and scripts ({cards})"
    what_of_it = "no family" if told.basis == "families" else "no family and no script"
    return f"{what_of_it} of the suite was trained on ({cards})"
