"""The map: principal coordinates and t-SNE against the plain formulas, and that what is apart stays apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.diversity import embedding
from trpg_env.diversity.embedding import affinities, divergence, embed, neighbours_kept, principal, tsne
from trpg_env.diversity.vectors import Floats


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def clusters(each: int = 20, groups: int = 4, spread: float = 0.3) -> tuple[Floats, Floats]:
    """Points around corners of a simplex in ten dimensions, and to which group each belongs."""
    labels = np.repeat(np.arange(groups), each)
    points = 4 * np.eye(10)[labels] + spread * rng(1).normal(size=(len(labels), 10))
    return points, labels.astype(float)


def purity(points: Floats, labels: Floats, neighbours: int = 5) -> float:
    distances = ((points[:, None] - points) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :neighbours]
    return float((labels[nearest] == labels[:, None]).mean())


def test_principal_coordinates_are_those_of_the_singular_value_decomposition() -> None:
    points = rng().normal(size=(12, 7))
    found = principal(points @ points.T, 3)
    left, values, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(left[:, :3] * values[:3]), atol=1e-9)
    assert (found[np.argmax(np.abs(found), axis=0), range(3)] > 0).all()


def test_principal_coordinates_of_equal_texts_are_none() -> None:
    assert principal(np.ones((4, 4)), 5).shape == (4, 0)
    assert principal(np.zeros((0, 0)), 5).shape == (0, 0)


def test_every_point_has_as_many_neighbours_as_are_asked_for() -> None:
    points, _ = clusters(each=12)
    joint = affinities(points, 7.0)
    assert joint.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(joint, joint.T)
    # The conditional probabilities, point by point, by a search of its own.
    distances = ((points[:, None] - points) ** 2).sum(axis=2)
    rows = np.zeros_like(distances)
    for i, row in enumerate(distances):
        low, high = 1e-9, 1e9
        for _ in range(200):
            sharpness = (low * high) ** 0.5
            weights = np.exp(-np.delete(row - np.partition(row, 1)[1], i) * sharpness)
            shares = weights / weights.sum()
            entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
            low, high = (sharpness, high) if entropy > np.log(7.0) else (low, sharpness)
        rows[i] = np.insert(shares, i, 0)
    np.testing.assert_allclose(joint, (rows + rows.T) / (2 * len(points)), atol=1e-6)


def test_the_slope_is_that_of_the_divergence() -> None:
    points, _ = clusters(each=4)
    joint = affinities(points, 4.0)
    at = rng(3).normal(size=(len(points), 2))
    slope = embedding._Slope(joint.astype(np.float32))(at.astype(np.float32), 1.0)
    for i, k in [(0, 0), (5, 1), (15, 0)]:
        step = np.zeros_like(at)
        step[i, k] = 1e-4
        numeric = (divergence(joint, at + step) - divergence(joint, at - step)) / 2e-4
        assert slope[i, k] == pytest.approx(numeric, rel=2e-3, abs=1e-5)


def test_the_divergence_falls() -> None:
    points, _ = clusters()
    left = [tsne(points, rng(), perplexity=10.0, iterations=n)[1] for n in (1, 60, 400)]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.3 * left[0]


def test_what_is_apart_stays_apart() -> None:
    points, labels = clusters()
    found, _ = tsne(points, rng(), perplexity=10.0, iterations=400)
    assert purity(found, labels) == 1
    centres = np.array([found[labels == g].mean(axis=0) for g in range(4)])
    widest = max(np.linalg.norm(found[labels == g] - centres[g], axis=1).max() for g in range(4))
    nearest = min(np.linalg.norm(centres[a] - centres[b]) for a in range(4) for b in range(a))
    assert nearest > 2 * widest


def test_the_map_keeps_neighbours_that_two_coordinates_lose() -> None:
    points, labels = clusters(groups=8, each=15)
    alike = points @ points.T
    alike /= np.sqrt(np.outer(alike.diagonal(), alike.diagonal()))
    found = embed(alike, rng(), iterations=300)
    flat = principal(alike, 2)
    assert purity(found.points, labels) == 1
    assert purity(flat, labels) < 0.95
    kept, lost = neighbours_kept(alike, found.points), neighbours_kept(alike, flat)
    assert kept is not None
    assert lost is not None
    assert kept > lost


def test_the_same_seed_gives_the_same_map() -> None:
    points, _ = clusters(each=5)
    alike = np.corrcoef(points)
    maps = [embed(alike, rng(seed), iterations=80).points for seed in (0, 0, 1)]
    assert (maps[0] == maps[1]).all()
    assert not (maps[0] == maps[2]).all()


def test_neighbours_kept_worked_by_hand() -> None:
    line = np.arange(6.0)
    alike = -np.abs(line[:, None] - line)
    straight = np.stack([line, 0 * line], axis=1)
    assert neighbours_kept(alike, straight, neighbours=2) == 1
    # The ends change places: their neighbours are wrong now, those of the four between them are right.
    turned = np.stack([[5.4, 1, 2, 3, 4, -0.4], 0 * line], axis=1)
    assert neighbours_kept(alike, turned, neighbours=1) == pytest.approx(4 / 6)
    assert neighbours_kept(alike, straight, neighbours=5) is None


@given(st.integers(0, 14), st.sampled_from(["same", "apart", "any"]))
def test_however_few_and_however_alike_there_is_a_map(n: int, kind: str) -> None:
    some = {"same": np.ones((n, n)), "apart": np.eye(n), "any": np.eye(n)}[kind]
    if kind == "any" and n:
        vectors = np.abs(rng(n).normal(size=(n, 3)))
        some = vectors @ vectors.T
    found = embed(some, rng(), iterations=20)
    assert found.points.shape == (n, 2)
    assert np.isfinite(found.points).all()
    assert (found.perplexity is None) == (n < 8)


def test_equal_texts_part_a_little() -> None:
    found = embed(np.kron(np.eye(2), np.ones((6, 6))), rng(), iterations=300)
    assert len({tuple(point) for point in found.points.tolist()}) == 12
