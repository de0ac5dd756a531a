"""Self-similarity: how alike thoughts and environments are, on a sample of bounded size."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import PlayerTurn, Similarity, Trajectory
from trpg_env.trajectory.sample import MAX_TEXT, Sample
from trpg_env.trajectory.similarity import overlap, trigrams


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Sandbox) -> list[Trajectory]:
    scripts = [load(name) for name in ("cool-tomato", "ship", "office-mail")]
    return list(rollout(scripts, ErringAgent(), 12, 3, sandbox=sandbox))


def measured(trajectories: list[Trajectory], seed: int = 0) -> Similarity:
    similarity = Similarity(np.random.default_rng(seed))
    for trajectory in trajectories:
        similarity.add(trajectory)
    return similarity


def thinking(trajectory: Trajectory, identity: str, thought: str) -> Trajectory:
    turns = [
        turn.model_copy(update={"thought": thought}) if isinstance(turn, PlayerTurn) else turn
        for turn in trajectory.turns
    ]
    return trajectory.model_copy(update={"id": identity, "turns": turns})


@given(st.text(), st.text())
def test_overlap_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    x, y = set(trigrams(a)), set(trigrams(b))
    assert overlap(x, y) == overlap(y, x)
    assert 0 <= overlap(x, y) <= 1
    assert overlap(x, x) == bool(x)


def test_overlap_is_the_share_of_common_trigrams() -> None:
    assert overlap(set(trigrams("I go to the hall.")), set(trigrams("i GO to the, den"))) == 2 / 4
    assert overlap(set(trigrams("Go on.")), set(trigrams("go on"))) == 1
    assert trigrams("…!") == []


def test_equal_thoughts_are_alike_and_different_ones_are_not(played: list[Trajectory]) -> None:
    ship = played[1]
    same = [thinking(ship, str(i), "I open the red door.") for i in range(3)]
    assert measured(same).thoughts().overlap == 1
    apart = [thinking(ship, str(i), f"{i}a {i}b {i}c {i}d") for i in range(3)]
    assert measured(apart).thoughts().overlap == 0
    assert (measured(same).thoughts().distinct or 1) < (measured(apart).thoughts().distinct or 0)


def test_thoughts_of_one_episode_are_not_compared(played: list[Trajectory]) -> None:
    found = measured(played[:1]).thoughts()
    assert found.texts > 5
    assert (found.pairs, found.overlap) == (0, None)


def test_environments_are_compared_script_by_script(played: list[Trajectory]) -> None:
    found = measured(played).environments()
    assert (found.texts, found.pairs) == (3, 3)
    assert measured(played[:1]).environments().overlap is None
    again = [t.model_copy(update={"script_hash": f"{i}"}) for i, t in enumerate([played[0]] * 4)]
    assert measured(again).environments().overlap == 1


def test_the_same_file_gives_the_same_numbers_in_any_order(played: list[Trajectory]) -> None:
    once = measured(played)
    assert once.as_dict() == once.as_dict() == measured([*reversed(played), *played]).as_dict()
    assert json.loads(json.dumps(once.as_dict())) == once.as_dict()


@given(st.lists(st.integers(0, 40), max_size=80), st.integers(1, 10))
def test_a_sample_is_bounded_and_hangs_on_its_different_keys_alone(keys: list[int], size: int) -> None:
    def taken(order: list[int]) -> list[tuple[str, str]]:
        sample = Sample(size, b"salt")
        for key in order:
            sample.offer(str(key), str(key), f"text {key}")
        return sample.texts()

    assert taken(keys) == taken(sorted(set(keys)))
    assert len(taken(keys)) == min(size, len(set(keys)))
    assert len(taken(keys)) == len(set(taken(keys)))


def test_a_sample_is_fair() -> None:
    times = dict.fromkeys(range(20), 0)
    for salt in range(600):
        sample = Sample(5, salt.to_bytes(2, "big"))
        for key in times:
            sample.offer(str(key), "", str(key))
        for _, text in sample.texts():
            times[int(text)] += 1
    assert all(100 < count < 200 for count in times.values())


def test_a_text_without_end_is_looked_at_in_part(played: list[Trajectory]) -> None:
    sample = Sample(1, b"")
    sample.offer("a", "a", "x " * MAX_TEXT)
    assert len(sample.texts()[0][1]) == MAX_TEXT
    assert len(trigrams("x " * MAX_TEXT)) < MAX_TEXT


def test_many_pairs_are_drawn_and_few_are_all_taken(
    played: list[Trajectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measured(played).thoughts()
    assert whole.pairs > 1_000
    monkeypatch.setattr("trpg_env.trajectory.similarity.MAX_PAIRS", 1_000)
    drawn = measured(played).thoughts()
    assert 500 < drawn.pairs <= 1_000
    assert drawn.overlap == pytest.approx(whole.overlap, abs=0.05)


def test_one_is_one_in_the_lines(played: list[Trajectory]) -> None:
    short = played[1].model_copy(update={"turns": played[1].turns[:3]})
    each = [thinking(short, name, f"I open the {name} door.") for name in ("red", "blue")]
    assert "(2 thoughts, 1 pair)" in measured(each).lines()[0]
    assert "(1 thought, no pair)" in measured(each[:1]).lines()[0]
    assert "(1 script, no pair)" in measured(each).lines()[1]


def test_where_nothing_is_compared_the_lines_say_so(played: list[Trajectory]) -> None:
    assert [line.split()[0] for line in measured([]).lines()] == ["thoughts", "scripts"]
    assert all("not measured" in line for line in measured([]).lines())
    assert all("overlap" in line for line in measured(played).lines())
