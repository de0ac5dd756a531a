"""Where the places of a map are drawn, so that as many steps as lie between two are about the distance between them.

Stress majorization (Gansner, Koren and North, 2004) on the steps between places, with the exits that name a point of the
compass pulling that way. It begins with a circle and takes a fixed number of rounds, so that a map is always the same.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trpg_env.report.places import Places, Way

Floats = NDArray[np.float64]

_ROUNDS = 120
_PULL = 3.0
"""How much a way that names its direction counts beside what the steps ask for."""


def positions(places: Places) -> Floats:
    """A point for each place, in steps, to the right and downwards.

    Args:
        places: One place or more.
    """
    n = len(places.names)
    angles = 2 * np.pi * np.arange(n) / n
    points = np.stack([np.sin(angles), -np.cos(angles)], axis=1) * max(1.0, n / 4)
    if n == 1:
        return np.zeros((1, 2))
    apart = _steps(n, places.ways)
    weights = 1 / apart**2
    np.fill_diagonal(weights, 0)
    directed = [way for way in places.ways if way.towards is not None]
    laplacian = np.diag(weights.sum(axis=1)) - weights
    pull = np.zeros((n, 2))
    for way in directed:
        i, j = way.start, way.end
        laplacian[[i, j], [i, j]] += _PULL
        laplacian[[i, j], [j, i]] -= _PULL
        assert way.towards is not None
        pull[j] += _PULL * np.array(way.towards)
        pull[i] -= _PULL * np.array(way.towards)
    # The layout may be moved as a whole; holding its middle makes the system solvable.
    inverse = np.linalg.inv(laplacian + 1 / n)
    for _ in range(_ROUNDS):
        between = points[:, None] - points[None]
        far = np.maximum(np.sqrt((between**2).sum(axis=2)), 1e-6)
        ratios = weights * apart / far
        points = inverse @ (ratios.sum(axis=1)[:, None] * points - ratios @ points + pull)
        points -= points.mean(axis=0)
    return points if directed else _lying(points)


def spread(points: Floats, widths: Sequence[float], height: float, unit: tuple[float, float]) -> Floats:
    """Points in units of a drawing, moved apart until no two boxes around them overlap.

    Args:
        points: The points, in steps.
        widths: How wide each box is.
        height: How tall they are.
        unit: How long a step is across and down.
    """
    wide = np.array(widths, dtype=float)
    placed = points * np.array(unit)
    for _ in range(200):
        moved = False
        for i in range(len(placed)):
            for j in range(i):
                needed = np.array([(wide[i] + wide[j]) / 2 + 14, height + 14])
                gap = placed[i] - placed[j]
                over = needed - abs(gap)
                if (over > 0.01).all():
                    axis = int(np.argmin(over))
                    shift = over[axis] / 2 * (1 if gap[axis] >= 0 else -1)
                    placed[i, axis] += shift
                    placed[j, axis] -= shift
                    moved = True
        if not moved:
            break
    rounded: Floats = np.round(placed, 1)
    return rounded


def _steps(n: int, ways: Sequence[Way]) -> Floats:
    """How many steps lie between two places; between what is not connected, a few more than anywhere else."""
    beside: list[list[int]] = [[] for _ in range(n)]
    for way in ways:
        beside[way.start].append(way.end)
        beside[way.end].append(way.start)
    apart = np.full((n, n), -1.0)
    for i in range(n):
        apart[i, i] = 0
        waiting = deque([i])
        while waiting:
            here = waiting.popleft()
            for there in beside[here]:
                if apart[i, there] < 0:
                    apart[i, there] = apart[i, here] + 1
                    waiting.append(there)
    apart[apart < 0] = min(apart.max() + 1, 4.0)
    np.fill_diagonal(apart, 1)  # never looked at, and nothing is divided by 0
    return apart


def _lying(points: Floats) -> Floats:
    """Turned so that it is wider than tall: names are."""
    _, _, axes = np.linalg.svd(points, full_matrices=False)
    turned: Floats = points @ axes.T
    # Which way an axis points is the solver's choice, not the map's.
    signs = np.where(turned[0] > 0, -1.0, 1.0)
    return turned * signs
