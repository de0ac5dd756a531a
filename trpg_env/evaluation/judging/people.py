"""How far people agree with a DM, with the engine, and with one another.

Of the turns that the DM called right, on how many do they agree, and of those that it called wrong? That is how the
paper tells of its judge. The intervals are Wilson's (1927), which hold for few turns and for shares near 0 and 1, too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import Literal, Self

import numpy as np

from trpg_env.evaluation.intervals import CONFIDENCE
from trpg_env.evaluation.judging.filled import Filled
from trpg_env.evaluation.judging.sheet import Key
from trpg_env.trajectory import Participant
from trpg_env.trajectory.agreement import kappa
from trpg_env.trajectory.record import Record


class Agreed(Record):
    """On how many of so many turns two agree.

    Attributes:
        agreed: On so many.
        n: Of so many.
        share: `agreed / n`; None where there is none.
        low: The lower bound of the share's interval, likewise.
        high: The upper bound, likewise.
    """

    agreed: int
    n: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, agreed: int, n: int) -> Self:
        """So many of so many.

        Example:
            >>> paper = Agreed.of(47, 50)
            >>> round(paper.low, 3), round(paper.high, 3)
            (0.838, 0.979)
        """
        low, high = wilson(agreed, n) or (None, None)
        return cls(agreed=agreed, n=n, share=agreed / n if n else None, low=low, high=high)


class Beside(Record):
    """People's answers beside somebody else's.

    Attributes:
        right: Of the turns that the other called right, those that people call right.
        wrong: Of the turns that the other called wrong, those that people call wrong.
        all: Of all, those on which they agree.
        kappa: Cohen's; None where it is not defined.
    """

    right: Agreed
    wrong: Agreed
    all: Agreed
    kappa: float | None


class Annotator(Record):
    """One sheet, or the majority of several.

    Attributes:
        name: The sheet's, or `majority`.
        answered: How many rows have an answer.
        unanswered: How many have none; of a majority those without answers and those with as many for as against.
        dm: Beside what the DM called the actions.
        engine: Beside what the engine rules, where it can be asked; None where it cannot for any.
    """

    name: str
    answered: int
    unanswered: int
    dm: Beside
    engine: Beside | None


class Pair(Record):
    """Two sheets: on how many of the rows that both have answered they agree."""

    first: str
    second: str
    all: Agreed
    kappa: float | None


class People(Record):
    """What people say of the turns of a sheet.

    Attributes:
        schema_version: The format's version.
        dm: Whose verdicts they were asked about.
        rows: How many turns the sheet has.
        confidence: Of the intervals.
        annotators: Each sheet.
        majority: Of several sheets, what most say; None where there is one.
        pairs: Of several sheets, each two.
    """

    schema_version: Literal[1] = 1
    dm: Participant
    rows: int
    confidence: float = CONFIDENCE
    annotators: list[Annotator]
    majority: Annotator | None
    pairs: list[Pair]

    @classmethod
    def of(cls, key: Key, sheets: Sequence[Filled]) -> Self:
        """Set sheets beside what the DM and the engine said.

        Args:
            key: The sheets' key.
            sheets: The sheets, each with a name of its own.
        """
        majority = None
        if len(sheets) > 1:
            most = _majority(key, sheets)
            majority = _annotator(key, Filled("majority", most, len(key.rows) - len(most)))
        return cls(
            dm=key.dm,
            rows=len(key.rows),
            annotators=[_annotator(key, sheet) for sheet in sheets],
            majority=majority,
            pairs=[_pair(first, second) for first, second in combinations(sheets, 2)],
        )


def wilson(agreed: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Wilson's interval of a share; None where there is none.

    Args:
        agreed: So many, from 0 to `n`.
        n: Of so many.
        confidence: The share of intervals that would hold the true figure, above 0 and below 1.
    """
    if not n:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, scale = agreed / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if agreed == 0 else middle - half), (1.0 if agreed == n else middle + half)


def _annotator(key: Key, sheet: Filled) -> Annotator:
    said = {row.id: row.said == "none" for row in key.rows}
    ruled = {row.id: row.ruled == "none" for row in key.rows if row.ruled is not None}
    return Annotator(
        name=sheet.name,
        answered=len(sheet.right),
        unanswered=sheet.unanswered,
        dm=_beside(said, sheet.right),
        engine=_beside(ruled, sheet.right) if ruled else None,
    )


def _beside(other: Mapping[str, bool], people: Mapping[str, bool]) -> Beside:
    pairs = _pairs(other, people)
    right, wrong = ({them: n for (it, them), n in pairs.items() if it is called} for called in (True, False))
    return Beside(
        right=Agreed.of(right.get(True, 0), sum(right.values())),
        wrong=Agreed.of(wrong.get(False, 0), sum(wrong.values())),
        all=_all(pairs),
        kappa=_kappa(pairs),
    )


def _pair(first: Filled, second: Filled) -> Pair:
    pairs = _pairs(first.right, second.right)
    return Pair(first=first.name, second=second.name, all=_all(pairs), kappa=_kappa(pairs))


def _pairs(one: Mapping[str, bool], other: Mapping[str, bool]) -> Counter[tuple[bool, bool]]:
    return Counter((one[id], other[id]) for id in one.keys() & other.keys())


def _all(pairs: Mapping[tuple[bool, bool], int]) -> Agreed:
    return Agreed.of(sum(n for (one, other), n in pairs.items() if one is other), sum(pairs.values()))


def _kappa(pairs: Mapping[tuple[bool, bool], int]) -> float | None:
    found = float(kappa([[pairs.get((one, other), 0) for other in (True, False)] for one in (True, False)]))
    return None if np.isnan(found) else found


def _majority(key: Key, sheets: Sequence[Filled]) -> dict[str, bool]:
    most = {}
    for row in key.rows:
        answers = [sheet.right[row.id] for sheet in sheets if row.id in sheet.right]
        balance = answers.count(True) - answers.count(False)
        if balance:
            most[row.id] = balance > 0
    return most
