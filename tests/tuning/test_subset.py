"""`--limit N --seed S`: subsets that are part of one another."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tuning_helpers import made, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory
from trpg_env.tuning.subset import draw


class Kept:
    """Data that wait, in memory."""

    def __init__(self) -> None:
        self.data = b""

    def append(self, data: bytes) -> int:
        self.data += data
        return len(self.data) - len(data)

    def read(self, place: int, length: int) -> bytes:
        return self.data[place : place + length]


def ids(trajectories: list[Trajectory], limit: int, seed: int = 0) -> list[str]:
    return [t.id for t in draw(trajectories, limit, seed, Kept())]


@given(
    st.lists(st.text(max_size=4), unique=True, max_size=20),
    st.integers(1, 22),
    st.integers(1, 22),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80)
def test_a_smaller_subset_is_the_beginning_of_a_larger_one_in_whatever_order_they_come(
    names: list[str], one: int, other: int, seed: int, random: object
) -> None:
    all_of_them = [made(".", name) for name in names]
    small, large = ids(all_of_them, min(one, other), seed), ids(all_of_them, max(one, other), seed)
    assert small == large[: len(small)]
    assert len(set(small)) == min(one, other, len({t.id for t in all_of_them}))
    random.shuffle(all_of_them)  # type: ignore[attr-defined]
    assert ids(all_of_them, min(one, other), seed) == small


def test_another_seed_draws_another_subset() -> None:
    drawn = {tuple(sorted(ids(many(40), 10, seed))) for seed in range(10)}
    assert len(drawn) == 10


def test_every_record_is_drawn_about_equally_often() -> None:
    trajectories = many(30)
    drawn = [name for seed in range(100) for name in ids(trajectories, 10, seed)]
    often = [drawn.count(t.id) for t in trajectories]
    # Each is drawn 33 times with a deviation of 5; five deviations are not seen by chance.
    assert sum(often) == 1_000
    assert max(abs(count - 33) for count in often) < 25


def test_what_is_drawn_is_what_was_played(played: list[Trajectory]) -> None:
    by_id = {t.id: t for t in played}
    drawn = list(draw(played, 5, 0, Kept()))
    assert len(drawn) == 5
    assert all(t == by_id[t.id] for t in drawn)
    (odd,) = draw([made(".", progress=math.nan)], 1, 0, Kept())
    assert math.isnan(odd.progress)


@pytest.mark.parametrize("split", [None, 0.5])
def test_exported_subsets_are_part_of_one_another(split: float | None, tmp_path: Path) -> None:
    trajectories = many(30, [f"family {i}" for i in range(10)])
    before: list[dict[str, object]] = []
    for limit in (1, 5, 6, 20, 30, 99):
        summary = export(trajectories, "messages", tmp_path, limit=limit, seed=3, split=split)
        written = records(tmp_path)
        assert len(written) == summary.records == min(limit, 30)
        assert all(record in written for record in before)
        before = written


def test_those_not_drawn_are_counted_and_too_few_are_told(tmp_path: Path) -> None:
    summary = export([*many(8), made("p", "bad")], "messages", tmp_path, limit=3)
    assert summary.left_out == {"not among the 3 drawn": 5, "fewer than 2 error-and-refines": 1}
    assert summary.warnings() == []
    more = export(many(8), "messages", tmp_path, limit=9)
    assert more.left_out == {}
    assert more.warnings() == ["9 episodes were asked for, and there are only 8"]


def test_only_what_is_wanted_is_drawn_from(tmp_path: Path) -> None:
    bad = [made("..", f"bad {i}") for i in range(50)]
    export([*bad, *many(4), *many(4)], "messages", tmp_path, limit=4)
    assert sorted(record["id"] for record in records(tmp_path)) == ["0", "1", "2", "3"]


def test_nothing_of_the_drawing_stays_in_the_folder(tmp_path: Path) -> None:
    export(many(9), "messages", tmp_path, limit=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "data.jsonl"]
