"""Results as lines for people."""

from collections.abc import Mapping

from trpg_env.evaluation.comparison import Comparison, Difference
from trpg_env.evaluation.metrics import Estimate, Estimates
from trpg_env.evaluation.results import Results
from trpg_env.trajectory import Participant

_LABELS = {
    "success": "success",
    "progress": "progress",
    "turns": "turns per episode",
    "invalid": "invalid actions",
    "parameter": "  parameter",
    "place": "  place",
    "logic": "  logic",
    "format": "  unreadable reply",
    "recovery": "recovery",
    "repeat": "repeated errors",
    "calls": "calls per episode",
    "prompt_tokens": "tokens sent",
    "completion_tokens": "tokens answered",
    "turns_per_success": "turns per success",
    "tokens_per_success": "tokens per success",
}
"""What people call each figure."""

_COUNTS = frozenset(
    {"turns", "calls", "prompt_tokens", "completion_tokens", "turns_per_success", "tokens_per_success"}
)
"""Figures that are no shares."""

_SHOWN = 20
"""How many families are named."""

_LONGEST = 40
"""How long a family's name may be."""


def lines(found: Results) -> list[str]:
    """Results as lines for people.

    Args:
        found: The results.
    """
    counts, suite = found.counts, found.suite
    part = "" if suite.part is None else f", {suite.part.side.replace('_', ' ')} at {suite.part.share:g}"
    told = [
        f"suite               {suite.name}: {_number(len(suite.items), 'item')} of "
        f"{_number(len({item.family for item in suite.items}), 'family', 'families')}{part}",
        f"player              {_named(found.player)}",
        f"DM                  {_named(found.dm)}",
        *_perturbed(found),
        f"episodes            {counts.episodes}",
    ]
    if counts.broken:
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(counts.broken.items()))
        told.append(
            f"broken              {counts.episodes - counts.counted} ({kinds}), in none of the figures"
        )
    if counts.context_too_long:
        told.append(f"context too long    {counts.context_too_long}, truncated there")
    percent = f"{found.method.confidence:.0%}"
    told += ["", f"{'':<20}{'value':>9}   {f'{percent} interval':<20}{'of':>9}"]
    told += [
        _line(label, found.metrics[name], name) for name, label in _LABELS.items() if found.metrics[name].n
    ]
    if found.best_of is not None:
        samples = found.arguments["samples"]
        told += [_line(f"best of {samples}: {name}", one, name) for name, one in found.best_of.items()]
    told += _grouped("family", found.families) + _grouped("difficulty", found.difficulties)
    return [*told, *_contaminated(found)]


def comparison_lines(found: Comparison) -> list[str]:
    """A comparison as lines for people.

    Args:
        found: The comparison.
    """
    several = "" if found.samples[0] == found.samples[1] else ", each a start with all of its samples"
    told: list[str | None] = [
        f"pairs               {found.pairs} of {_number(found.items, 'item')}{several}",
        *(
            [f"left out            {found.left_out}, broken in one of the two, or in both"]
            if found.left_out
            else []
        ),
        *(f"remark              {remark}" for remark in found.remarks),
        "",
        f"{'':<28}{'first':>9}{'second':>10}{'difference':>12}   interval",
    ]
    told += [_difference(label, found.metrics[name], name) for name, label in _LABELS.items()]
    if found.best_of is not None:
        best = " and ".join(f"{n}" for n in dict.fromkeys(found.samples))
        told += [_difference(f"best of {best}: {name}", one, name) for name, one in found.best_of.items()]
    return [line for line in told if line is not None]


def _difference(label: str, one: Difference, name: str) -> str | None:
    if one.first is None and one.second is None:
        return None
    between = _between(one.low, one.high, name, signed=True)
    return (
        f"{label:<28}{_shown(one.first, name):>9}{_shown(one.second, name):>10}"
        f"{_shown(one.difference, name, signed=True):>12}   {between}"
    )


def _perturbed(found: Results) -> list[str]:
    label, changed = (found.arguments.get(name) for name in ("perturbation", "changed"))
    if label is None:
        return []
    items = len(found.suite.items)
    some = "" if changed in (None, items) else f", in {changed} of {_number(items, 'item')}"
    return [f"perturbed           {label}{some}"]


def _grouped(what: str, groups: Mapping[str, Estimates]) -> list[str]:
    if not groups:
        return []
    named = [(_cut(name), each) for name, each in list(groups.items())[:_SHOWN]]
    wide = max(20, *(len(name) + 2 for name, _ in named))
    told = [
        "",
        f"{what:<{wide}}{'success':>9}   {'interval':<20}{'progress':>9}{'invalid':>9}{'episodes':>10}",
    ]
    for name, each in named:
        success = each["success"]
        between = _between(success.low, success.high, "success")
        told.append(
            f"{name:<{wide}}{_shown(success.value, 'success'):>9}   {between:<20}"
            f"{_shown(each['progress'].value, 'progress'):>9}{_shown(each['invalid'].value, 'invalid'):>9}{success.n:>10}"
        )
    more = len(groups) - _SHOWN
    return [*told, f"and {more} more"] if more > 0 else told


def _contaminated(found: Results) -> list[str]:
    told = found.contamination
    if told is None:
        return []
    by_script = told.basis == "families and scripts"
    if told.contaminated:
        what = ", ".join(told.families) or "scripts of the suite under other families"
        very = f", {len(told.scripts)} by the very script" if by_script else ""
        said = (
            f"yes: trained on {what} ({_number(len(told.items), 'item')} of {len(found.suite.items)}{very})"
        )
    elif told.contaminated is None:
        said = "unknown: a card does not name all of its families and scripts"
    else:
        said = f"no family{' and no script' if by_script else ''} of the suite was trained on"
    return ["", f"contaminated        {said}{'' if by_script else '; the cards name families, not scripts'}"]


def _line(label: str, one: Estimate, name: str) -> str:
    return f"{label:<20}{_shown(one.value, name):>9}   {_between(one.low, one.high, name):<20}{one.n:>9}"


def _between(low: float | None, high: float | None, name: str, *, signed: bool = False) -> str:
    if low is None or high is None:
        return "–"
    return f"{_shown(low, name, signed=signed)} to {_shown(high, name, signed=signed)}"


def _shown(value: float | None, name: str, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    sign = "+" if signed else ""
    # What rounds to zero has no sign of its own.
    return f"{value:{sign}z,.1f}" if name in _COUNTS else f"{value:{sign}z.1%}"


def _named(who: Participant | None) -> str:
    if who is None:
        return "nobody"
    settings = ", ".join(f"{name} {value}" for name, value in (who.sampling or {}).items())
    model = f" ({', '.join(filter(None, [who.model, settings]))})" if who.model else ""
    return f"{who.kind}{model}"


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
