"""What people say of a sheet's turns, as lines for people."""

from trpg_env.evaluation.judging.people import Agreed, Annotator, Beside, People


def people_lines(found: People) -> list[str]:
    """What people say, as lines for people.

    Args:
        found: What they say.
    """
    model = f" ({found.dm.model})" if found.dm.model else ""
    told = [f"DM                  {found.dm.kind}{model}", f"turns               {found.rows}"]
    for one in [*found.annotators, *([found.majority] if found.majority is not None else [])]:
        # Where the rules are the DM, its verdicts are the engine's: once is enough.
        told += ["", *_annotator(one, engine=found.dm.kind != "rules")]
    if found.pairs:
        told += ["", "Between annotators"]
        told += [
            f"{_cut(f'{pair.first} and {pair.second}')}: {_of(pair.all)}, kappa {_kappa(pair.kappa)}"
            for pair in found.pairs
        ]
    return told


def _annotator(one: Annotator, *, engine: bool) -> list[str]:
    unanswered = f", {one.unanswered} unanswered" if one.unanswered else ""
    told = [f"{_cut(one.name)}: {one.answered} answers{unanswered}"]
    if not one.answered:
        return told
    told += _beside("the DM", one.dm)
    if engine and one.engine is not None:
        told += _beside("the engine", one.engine)
    return told


def _beside(who: str, beside: Beside) -> list[str]:
    return [
        f"  of {beside.right.n} turns that {who} calls right they agree on {_of(beside.right, short=True)}",
        f"  of {beside.wrong.n} turns that {who} calls wrong they agree on {_of(beside.wrong, short=True)}",
        f"  in all with {who}: {_of(beside.all)}, kappa {_kappa(beside.kappa)}",
    ]


def _of(agreed: Agreed, *, short: bool = False) -> str:
    count = f"{agreed.agreed}" if short else f"{agreed.agreed} of {agreed.n}"
    if agreed.share is None or agreed.low is None or agreed.high is None:
        return count
    return f"{count} ({agreed.share:.1%}, {agreed.low:.1%} to {agreed.high:.1%})"


def _kappa(value: float | None) -> str:
    return "–" if value is None else f"{value:z.3f}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"
