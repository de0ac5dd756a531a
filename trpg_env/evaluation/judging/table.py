"""What came of judging, as lines for people."""

from trpg_env.evaluation.judging.report import Agreed, Figure, Judgements, Shares

_ROWS = 20
"""How many scripts are named."""


def lines(found: Judgements) -> list[str]:
    """Judgements as lines for people.

    Args:
        found: The judgements.
    """
    counts = found.counts
    told = [
        f"judge               {_who(found)}",
        f"episodes            {counts.episodes} of {_number(len(found.items), 'script')}",
        f"turns               {counts.turns}, {counts.judged} with a judgement",
    ]
    for label, number, what in (
        ("malformed", counts.malformed, "judgements that could not be read, in none of the figures"),
        ("context too long", counts.too_long, "turns that nobody could be asked about"),
        ("unreadable reply", counts.unread, "turns of a player whose reply named no action"),
    ):
        if number:
            told.append(f"{label:<20}{number} {what}")
    if counts.broken:
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(counts.broken.items()))
        told.append(
            f"broken              {counts.episodes - counts.counted} ({kinds}), in none of the figures"
        )
    if not counts.judged:
        return [*told, "", "nothing was judged, and nothing can be measured"]
    percent = f"{found.method.confidence:.0%}"
    header = f"{'':<20}{'value':>9}   {f'{percent} interval':<20}{'of':>9}"
    told += ["", "All turns: what the model says itself", *_matrix(found.own), "", header]
    told += _agreed(found.own)
    told += ["", "In play: place and logic alone, in the turns that verification code accepts", header]
    told += _agreed(found.in_play)
    told += ["  parameter          decided by verification code always"]
    told += ["", "Completion conditions said to be met, in turns that both call right", header]
    told += _shares("  ", found.completed)
    return [*told, *_items(found)]


def _agreed(part: Agreed) -> list[str]:
    told = [
        _row("agreement", part.agreement, share=True),
        _row("kappa", part.kappa, share=False),
        _row("right or wrong", part.error.agreement, share=True),
        _row("  kappa", part.error.kappa, share=False),
        *_shares("wrong: ", part.error),
    ]
    for name, shares in part.kinds.items():
        if name != "none" and shares is not None:
            told += _shares(f"{name}: ", shares)
    return told


def _shares(label: str, shares: Shares) -> list[str]:
    named = (("precision", shares.precision), ("recall", shares.recall), ("F1", shares.f1))
    return [_row(f"{label}{name}", one, share=True) for name, one in named]


def _row(label: str, one: Figure, *, share: bool) -> str:
    between = "–"
    if one.low is not None and one.high is not None:
        between = f"{_shown(one.low, share=share)} to {_shown(one.high, share=share)}"
    return f"{label:<20}{_shown(one.value, share=share):>9}   {between:<20}{one.n:>9}"


def _shown(value: float | None, *, share: bool) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if share else f"{value:z.3f}"


def _matrix(part: Agreed) -> list[str]:
    names = list(part.matrix)
    return [
        f"{'model / engine':<20}{''.join(f'{name:>10}' for name in names)}",
        *(f"{said:<20}{''.join(f'{part.matrix[said][ruled]:>10}' for ruled in names)}" for said in names),
    ]


def _items(found: Judgements) -> list[str]:
    told = ["", f"{'script':<28}{'agreement':>10}{'turns':>7}{'episodes':>10}"]
    for item in found.items[:_ROWS]:
        share = f"{item.agreed / item.turns:.1%}" if item.turns else "–"
        told.append(f"{_cut(item.name):<28}{share:>10}{item.turns:>7}{item.episodes:>10}")
    more = len(found.items) - _ROWS
    return [*told, f"and {more} more"] if more > 0 else told


def _who(found: Judgements) -> str:
    if found.judge is None:
        return "nobody"
    settings = ", ".join(f"{name} {value}" for name, value in (found.judge.sampling or {}).items())
    return f"{found.judge.model} ({settings})"


def _number(count: int, one: str) -> str:
    return f"{count} {one if count == 1 else f'{one}s'}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 26 else f"{text[:25]}…"
