"""A map of many texts in two dimensions: neighbours in the map are texts that are alike.

Principal coordinates first (the truncated SVD of the centred TF-IDF vectors, from the matrix of their products), then t-SNE
(van der Maaten and Hinton, JMLR 2008) in its exact form, which is quick enough for some thousand texts. The start is the first
two principal coordinates with a little noise, so that equal texts part: the layout follows from the data and the
generator. What is near in a map is alike; how far apart two groups lie, and how large they are, says little.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trpg_env.diversity.vectors import Floats

PERPLEXITY = 30.0
"""About how many neighbours each text is to have."""
ITERATIONS = 500
DIMENSIONS = 50
"""How many principal coordinates the map is made from."""
NEIGHBOURS = 10
"""How many neighbours are compared to tell how true a map is."""

_EXAGGERATED = 250
"""In how many of the first iterations attraction is exaggerated, so that clusters form."""
_EXAGGERATION = 12.0
_BISECTIONS = 60
_FEW = 8
"""With fewer texts there are no neighbourhoods to keep."""

_Single = NDArray[np.float32]


class Embedding(NamedTuple):
    """A map.

    Attributes:
        points: A row of two coordinates for each text.
        perplexity: The perplexity that was used; None where t-SNE was not.
        divergence: The Kullback-Leibler divergence that is left, in nats; likewise.
    """

    points: Floats
    perplexity: float | None
    divergence: float | None


def embed(
    similarities: Floats,
    rng: np.random.Generator,
    *,
    perplexity: float = PERPLEXITY,
    iterations: int = ITERATIONS,
) -> Embedding:
    """Lay texts out in two dimensions.

    Args:
        similarities: Their cosines.
        rng: Draws the noise of the start.
        perplexity: About how many neighbours each has; at most a third of the texts are taken.
        iterations: How many steps, 1 or more.

    Example:
        >>> alike = np.kron(np.eye(3), np.full((4, 4), 0.9)) + 0.1 * np.eye(12)
        >>> embed(alike, np.random.default_rng(0), iterations=100).points.shape
        (12, 2)
    """
    coordinates = principal(similarities, DIMENSIONS)
    if len(coordinates) < _FEW:
        return Embedding(_padded(coordinates), None, None)
    perplexity = min(perplexity, (len(coordinates) - 1) / 3)
    points, divergence = tsne(coordinates, rng, perplexity=perplexity, iterations=iterations)
    return Embedding(points, perplexity, divergence)


def principal(similarities: Floats, dimensions: int) -> Floats:
    """The principal coordinates of vectors whose products are given, the largest first.

    Args:
        similarities: The product of each vector with each.
        dimensions: How many coordinates at most.

    Returns:
        A row for each vector. Of each coordinate the value farthest from 0 is positive, which makes its sign certain.
    """
    if not len(similarities):
        return np.zeros((0, 0))
    means = similarities.mean(axis=0)
    values, vectors = np.linalg.eigh(similarities - means - means[:, None] + means.mean())
    kept = [i for i in range(len(values) - 1, -1, -1) if values[i] > 1e-10][:dimensions]
    found = vectors[:, kept] * np.sqrt(values[kept])
    farthest = np.argmax(np.abs(found).round(9), axis=0)
    return np.asarray(found * np.sign(found[farthest, range(len(kept))]), dtype=np.float64)


def tsne(
    points: Floats, rng: np.random.Generator, *, perplexity: float, iterations: int
) -> tuple[Floats, float]:
    """Exact t-SNE in two dimensions.

    Args:
        points: A row of coordinates for each point; two rows or more. The start is their first two columns.
        rng: Draws the noise of the start.
        perplexity: About how many neighbours each has, from 1 to less than the number of points.
        iterations: How many steps.

    Returns:
        A row of two coordinates for each point, and the divergence that is left.
    """
    n = len(points)
    joint = affinities(points, perplexity).astype(np.float32)
    start = _padded(points)
    start *= 1e-4 / max(float(start.std(axis=0).max()), 1e-300)
    at = (start + rng.normal(0.0, 1e-5, start.shape)).astype(np.float32)
    # The steps of Belkina et al. (Nature Communications 2019): longer ones, while attraction is exaggerated, overshoot.
    rates = {True: np.float32(n / _EXAGGERATION / 4), False: np.float32(n / _EXAGGERATION)}
    slope_at = _Slope(joint)
    speed, gains = np.zeros_like(at), np.ones_like(at)
    for step in range(iterations):
        early = step < min(_EXAGGERATED, iterations // 2)
        slope = slope_at(at, _EXAGGERATION if early else 1.0)
        onwards = np.sign(slope) != np.sign(speed)
        gains = np.maximum(
            np.where(onwards, gains + np.float32(0.2), gains * np.float32(0.8)), np.float32(0.01)
        )
        speed = np.float32(0.5 if early else 0.8) * speed - rates[early] * gains * slope
        at += speed
        at -= at.mean(axis=0)
    return at.astype(np.float64), divergence(joint, at)


def affinities(points: Floats, perplexity: float) -> Floats:
    """The probabilities with which pairs of points are neighbours, which sum to 1.

    Each point's width is such that the entropy of its neighbours is that of `perplexity` equally likely ones.
    """
    distances = _distances(points)
    np.fill_diagonal(distances, np.inf)
    # Only differences matter; the nearest at 0 keeps one weight from vanishing.
    distances -= distances.min(axis=1, keepdims=True)
    finite = np.where(np.isinf(distances), 0.0, distances)
    low, high = np.zeros(len(points)), np.full(len(points), np.inf)
    sharpness = np.ones(len(points)) / max(float(finite.mean()), 1e-12)
    wanted = np.log(perplexity)
    for _ in range(_BISECTIONS):
        weights = np.exp(-distances * sharpness[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + sharpness * (finite * weights).sum(axis=1) / total
        too_wide = entropy > wanted
        low, high = np.where(too_wide, sharpness, low), np.where(too_wide, high, sharpness)
        sharpness = np.where(
            np.isinf(high), np.minimum(sharpness * 2, 1e12), (low + np.minimum(high, 1e12)) / 2
        )
    conditional = weights / total[:, None]
    joint: Floats = np.maximum((conditional + conditional.T) / (2 * len(points)), 1e-12)
    return joint


def divergence(joint: NDArray[np.floating], points: NDArray[np.floating]) -> float:
    """How much is lost in a map: the Kullback-Leibler divergence of its neighbourhoods from the true ones, in nats."""
    near = 1 / (1 + _distances(points.astype(np.float64)))
    np.fill_diagonal(near, 0.0)
    shown = np.maximum(near / near.sum(), 1e-12)
    apart = ~np.eye(len(points), dtype=bool)
    true = joint[apart].astype(np.float64)
    return float(np.sum(true * np.log(true / shown[apart])))


def neighbours_kept(similarities: Floats, points: Floats, neighbours: int = NEIGHBOURS) -> float | None:
    """How true a map is: the share of each text's nearest ones in the map that are among its most alike ones.

    Args:
        similarities: The cosines of the texts.
        points: The map.
        neighbours: How many of the nearest.

    Returns:
        From 0 to 1; None where there are no more than so many others. Texts as alike as the last of the most alike count
        as such, too.
    """
    n = len(points)
    if n <= neighbours + 1:
        return None
    alike = similarities.copy()
    np.fill_diagonal(alike, -np.inf)
    least = np.partition(alike, n - neighbours, axis=1)[:, n - neighbours]
    distances = _distances(points)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :neighbours]
    return float((np.take_along_axis(alike, nearest, axis=1) >= least[:, None] - 1e-9).mean())


class _Slope:
    """The gradient of the divergence. What it needs room for is kept: to ask for it anew at each step takes half of the time.

    There is no matrix product in it, for threads that multiply by two columns wait for one another more than they do.
    """

    def __init__(self, joint: _Single) -> None:
        self._joint = joint
        self._near, self._spare = np.empty_like(joint), np.empty_like(joint)

    def __call__(self, at: _Single, exaggeration: float) -> _Single:
        near, spare = self._near, self._spare
        x, y = at.T.copy()
        np.subtract(x[:, None], x, out=near)
        np.multiply(near, near, out=near)
        np.subtract(y[:, None], y, out=spare)
        np.multiply(spare, spare, out=spare)
        near += spare
        near += 1
        np.reciprocal(near, out=near)
        np.fill_diagonal(near, 0)
        # Attraction less repulsion, with the exaggeration taken out of both and put back at the end.
        np.multiply(near, np.float32(-1 / (exaggeration * near.sum(dtype=np.float64))), out=spare)
        spare += self._joint
        spare *= near
        total = spare.sum(axis=1)
        sides = [total * side - np.einsum("ij,j->i", spare, side) for side in (x, y)]
        return np.stack(sides, axis=1) * np.float32(4 * exaggeration)


def _distances(points: Floats) -> Floats:
    """The squared distance of each point from each."""
    squares = np.einsum("ij,ij->i", points, points)
    found: Floats = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)
    return found


def _padded(coordinates: Floats) -> Floats:
    """The first two coordinates; 0 where there are fewer."""
    found = np.zeros((len(coordinates), 2))
    found[:, : coordinates.shape[1]] = coordinates[:, :2]
    return found
