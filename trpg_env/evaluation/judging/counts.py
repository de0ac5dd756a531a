"""What is counted of judged episodes, and the figures that are made of the counts.

Precision is the share of what was said to be so that is so, recall the share of what is so that was said to be, F1
their harmonic mean; kappa is Cohen's. All follow from sums over episodes, so that intervals can be drawn for them.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from trpg_env.evaluation.intervals import Floats
from trpg_env.evaluation.judging.record import Judged
from trpg_env.trajectory import Comparison
from trpg_env.trajectory.agreement import KINDS, Agreement, kappa

NAMES: Final = tuple(kind or "none" for kind in KINDS)
"""What a turn may be, by name."""

_SIZE: Final = len(KINDS) ** 2


def opinions(judged: Judged, *, in_play: bool) -> Comparison:
    """What model and engine say of an episode's turns, as far as there are two opinions.

    Args:
        judged: The episode.
        in_play: Only what the model decides in play: its say on place and logic, of what verification code accepts.
    """
    both = (turn.opinions_in_play if in_play else turn.opinions for turn in judged.turns)
    return Comparison([opinions for opinions in both if opinions is not None])


def conditions(judged: Judged) -> tuple[int, int, int]:
    """Completion conditions said to be met: those that are, those that are not, and those that are and were not said.

    Of turns alone that both hold for right: with an error nothing is to be reported.
    """
    hit = false = missed = 0
    for turn in judged.turns:
        if turn.said is not None and turn.ruled is None and turn.said.own is None:
            said, met = set(turn.said.completed), set(turn.met)
            hit, false, missed = hit + len(said & met), false + len(said - met), missed + len(met - said)
    return hit, false, missed


def count(judged: Judged) -> Floats:
    """All counts of an episode in a row: the matrix of own opinions, that of those in play, the conditions."""
    matrices = []
    for in_play in (False, True):
        agreement = Agreement()
        agreement.add(opinions(judged, in_play=in_play))
        matrices.append(agreement.counts.ravel())
    return np.concatenate([*matrices, conditions(judged)]).astype(np.float64)


def figures_of(counts: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Each figure of rows of counts, with what it is a share of.

    Args:
        counts: Rows as `count` gives them, or sums of such rows.
    """
    found: dict[str, tuple[Floats, Floats]] = {}
    for part, columns in (("own", counts[:, :_SIZE]), ("in_play", counts[:, _SIZE : 2 * _SIZE])):
        matrix = columns.reshape(-1, len(KINDS), len(KINDS))
        found |= {f"{part}.{name}": figure for name, figure in _of_matrix(matrix).items()}
    hit, false, missed = counts[:, 2 * _SIZE :].T
    return found | {
        f"completed.{name}": figure for name, figure in _shares(hit, hit + false, hit + missed).items()
    }


def _of_matrix(matrix: Floats) -> Mapping[str, tuple[Floats, Floats]]:
    said, ruled, total = matrix.sum(axis=2), matrix.sum(axis=1), matrix.sum(axis=(1, 2))
    # Right or wrong, whatever the kind of error.
    plain = np.stack([matrix[:, 0, 0], matrix[:, 0, 1:].sum(axis=1)], axis=1)
    wrong = np.stack([matrix[:, 1:, 0].sum(axis=1), matrix[:, 1:, 1:].sum(axis=(1, 2))], axis=1)
    two = np.stack([plain, wrong], axis=1)
    agreed = np.trace(matrix, axis1=1, axis2=2)
    found = {
        "agreement": (_ratio(agreed, total), total),
        "kappa": (kappa(matrix), total),
        "error.agreement": (_ratio(np.trace(two, axis1=1, axis2=2), total), total),
        "error.kappa": (kappa(two), total),
    }
    of_errors = _shares(two[:, 1, 1], two[:, 1].sum(axis=1), two[:, :, 1].sum(axis=1))
    found |= {f"error.{name}": figure for name, figure in of_errors.items()}
    for i, kind in enumerate(NAMES):
        of_kind = _shares(matrix[:, i, i], said[:, i], ruled[:, i])
        found |= {f"{kind}.{name}": figure for name, figure in of_kind.items()}
    return found


def _shares(both: Floats, said: Floats, ruled: Floats) -> dict[str, tuple[Floats, Floats]]:
    return {
        "precision": (_ratio(both, said), said),
        "recall": (_ratio(both, ruled), ruled),
        "f1": (_ratio(2 * both, said + ruled), said + ruled),
    }


def _ratio(above: Floats, below: Floats) -> Floats:
    found: Floats = np.full(above.shape, np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found
