"""Which turns people are asked about: one that a DM called right and one that it called wrong, of each trajectory drawn.

As in the paper. Who called them so is the model that judged, where one did; else the trajectory's own DM.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from trpg_env.envs.react import Refused
from trpg_env.evaluation.judging.record import Judged
from trpg_env.script.program import ErrorKind
from trpg_env.trajectory import Opinions, Trajectory
from trpg_env.trajectory.replies import given
from trpg_env.trajectory.rules import misnumbered, misplaced

Verdicts = Mapping[int, ErrorKind | None]
"""What was said of a trajectory's turns, by the number of the DM's turn."""


class Candidate(NamedTuple):
    """A trajectory that turns may be drawn from.

    Attributes:
        id: The trajectory's.
        right: The turns that were called right.
        wrong: Those that were called wrong.
    """

    id: str
    right: Sequence[int]
    wrong: Sequence[int]


class Drawn(NamedTuple):
    """A turn that people are asked about."""

    id: str
    turn: int


def said_in(trajectory: Trajectory) -> dict[int, ErrorKind | None]:
    """What a trajectory's own DM said of its turns.

    A player's reply that named no action is nothing to be asked about, and nobody knows what became of an episode that
    broke, or whose turns are out of order.
    """
    if trajectory.error is not None or misplaced(trajectory) or misnumbered(trajectory):
        return {}
    return {
        dm.turn: dm.error
        for player, dm in trajectory.exchanges()
        if not isinstance(given(trajectory, player), Refused)
    }


def said_by(judged: Judged, trajectory: Trajectory) -> dict[int, ErrorKind | None]:
    """What a model that judged said of a trajectory's turns."""
    if judged.error is not None:
        return {}
    there = said_in(trajectory)
    return {t.turn: t.said.own for t in judged.turns if t.said is not None and t.turn in there}


def ruled_in(trajectory: Trajectory, opinions: Sequence[Opinions]) -> dict[int, ErrorKind | None]:
    """What the engine rules of the turns that it could be asked about, as `compare` gives it."""
    answers = (dm.turn for _, dm in trajectory.exchanges())
    return {turn: both.ruled for turn, both in zip(answers, opinions, strict=False)}


def candidate(id: str, verdicts: Verdicts) -> Candidate | None:
    """A trajectory as one that turns may be drawn from; None where nothing was called right, or nothing wrong."""
    right = sorted(turn for turn, said in verdicts.items() if said is None)
    wrong = sorted(turn for turn, said in verdicts.items() if said is not None)
    return Candidate(id, right, wrong) if right and wrong else None


def draw(candidates: Iterable[Candidate], n: int, rng: np.random.Generator) -> list[Drawn]:
    """Draw trajectories, and of each a turn that was called right and one that was called wrong.

    Args:
        candidates: The trajectories, each once, in any order.
        n: How many of them; all where there are no more.
        rng: Draws.

    Returns:
        The turns in an order that tells nothing of what was said of them.

    Example:
        >>> sorted(draw([Candidate("a", [2], [4])], 1, np.random.default_rng(0)))
        [Drawn(id='a', turn=2), Drawn(id='a', turn=4)]
    """
    ordered = sorted(candidates)
    found = []
    for i in rng.permutation(len(ordered))[:n]:
        one = ordered[i]
        found += [Drawn(one.id, turns[rng.integers(len(turns))]) for turns in (one.right, one.wrong)]
    return [found[i] for i in rng.permutation(len(found))]
