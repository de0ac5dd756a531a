"""The erring player: real errors, noticed and corrected."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.envs import AgentRefineEnv
from trpg_env.script import Script, library
from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory, error_and_refines

GROUNDED = [name for name in library() if name not in ("unix-admin", "village-healer")]

Episodes = Callable[..., list[Trajectory]]


@pytest.fixture
def episodes(load: Callable[[Any], Script], sandbox: Any) -> Episodes:
    def episodes(
        script: Any, n: int = 6, seed: int = 0, agent: Any = None, **keywords: Any
    ) -> list[Trajectory]:
        return list(rollout(load(script), agent or ErringAgent(), n, seed, sandbox=sandbox, **keywords))

    return episodes


@pytest.mark.parametrize("script", GROUNDED)
def test_every_error_is_real_and_of_the_kind_that_the_trajectory_says(
    script: str, episodes: Episodes, load: Callable[[Any], Script], sandbox: Any
) -> None:
    env = AgentRefineEnv(load(script), sandbox=sandbox)
    for trajectory in episodes(script):
        env.reset(seed=trajectory.seed, options={"luck": trajectory.luck})
        for player, dm in trajectory.exchanges():
            before = env.snapshot()["state"]
            observation, *_, info = env.step(player.action)
            assert {k: v for k, v in info["assessment"].items() if k != "message"} == {
                "parameter_error": dm.error == "parameter",
                "place_error": dm.error == "place",
                "logic_error": dm.error == "logic",
            }
            assert (observation, info["assessment"]["message"]) == (dm.observation, dm.message)
            if dm.error:
                assert env.snapshot()["state"] == {**before, "turn": before["turn"] + 1}
    env.close()


@pytest.mark.parametrize("script", GROUNDED)
def test_it_recovers_and_mostly_wins(script: str, episodes: Episodes) -> None:
    outcomes = Counter(t.outcome for t in episodes(script, 10))
    assert outcomes["completed"] >= 8
    assert outcomes["error"] == 0


@pytest.mark.parametrize("script", GROUNDED)
def test_most_episodes_of_some_length_have_two_error_and_refines(script: str, episodes: Episodes) -> None:
    long = [t for t in episodes(script, 12) if len(t.exchanges()) >= 8]
    assert sum(error_and_refines(t) >= 2 for t in long) >= 0.7 * len(long) > 0


def test_all_kinds_of_error_are_made(episodes: Episodes) -> None:
    kinds = Counter(dm.error for t in episodes("dungeon", 12) for _, dm in t.exchanges())
    assert all(kinds[kind] >= 5 for kind in ("parameter", "place", "logic"))


def test_the_same_seed_is_the_same_episode(episodes: Episodes) -> None:
    assert episodes("ship", 4, seed=3) == episodes("ship", 4, seed=3)
    assert episodes("ship", 4, seed=3) != episodes("ship", 4, seed=4)


def test_an_episode_does_not_hang_on_those_played_before(episodes: Episodes) -> None:
    agent = ErringAgent()
    episodes("dungeon", 3, seed=9, agent=agent)
    assert episodes("ship", 2, seed=3, agent=agent) == episodes("ship", 2, seed=3)


@pytest.mark.parametrize("script", ["cool-tomato", "laboratory", "unix-config"])
def test_what_was_wrong_is_said_in_the_next_thought(script: str, episodes: Episodes) -> None:
    noticed = 0
    for trajectory in episodes(script):
        turns = trajectory.turns
        for dm, player in pairwise(turns[2:]):
            if isinstance(dm, DMTurn) and isinstance(player, PlayerTurn) and dm.error:
                assert dm.message in player.thought
                noticed += 1
    assert noticed > 5


def test_an_error_is_never_announced_in_the_thought_before_it(episodes: Episodes) -> None:
    for trajectory in episodes("museum-heist", 3):
        for (_, before), (player, dm) in pairwise(trajectory.exchanges()):
            if dm.error and not before.error:
                assert "error" not in player.thought.lower()
                assert "wrong" not in player.thought.lower()


@pytest.mark.parametrize("turns", [8, 9, 12])
def test_errors_are_bounded_by_the_turns_that_the_plan_needs(turns: int, episodes: Episodes) -> None:
    agent = ErringAgent({"parameter": 0.4, "place": 0.3, "logic": 0.3}, chain=1.0)
    for trajectory in episodes("cool-tomato", 10, agent=agent, max_turns=turns):
        assert trajectory.outcome == "completed"
        assert sum(dm.error is not None for _, dm in trajectory.exchanges()) <= turns - 8


def test_without_rates_it_is_a_planner(episodes: Episodes) -> None:
    agent = ErringAgent({"parameter": 0.0, "place": 0.0, "logic": 0.0})
    for trajectory in episodes("office-mail", 3, agent=agent):
        assert [dm.error for _, dm in trajectory.exchanges()] == [None] * 9


@pytest.mark.parametrize("kind", ["parameter", "place", "logic"])
def test_one_kind_of_error_can_be_asked_for(kind: Any, episodes: Episodes) -> None:
    kinds = {
        dm.error for t in episodes("laboratory", 4, agent=ErringAgent({kind: 0.5})) for _, dm in t.exchanges()
    }
    assert kinds == {None, kind}


def test_the_same_mistake_is_not_made_twice_in_one_place(episodes: Episodes) -> None:
    for trajectory in episodes("laboratory", 6, agent=ErringAgent(chain=0.8)):
        made = [(dm.state_hash, player.action) for player, dm in trajectory.exchanges() if dm.error]
        assert len(made) == len(set(made))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rates": {"parameter": 1.5}},
        {"rates": {"place": -0.1}},
        {"rates": {"speed": 0.1}},
        {"rates": {"parameter": 0.5, "place": 0.4, "logic": 0.3}},
        {"chain": 2.0},
        {"chain": float("nan")},
    ],
    ids=str,
)
def test_rates_that_are_no_probabilities_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        ErringAgent(**wrong)


def test_a_script_without_free_places_or_order_is_played_too(episodes: Episodes) -> None:
    script = {
        "goal": "Win.",
        "environment": {"player": {}},
        "completion_conditions": [{"text": "Won.", "when": "player.tries >= 4"}],
        "available_actions": {"x": {"effects": ["player.tries += 1"]}},
    }
    for trajectory in episodes(script, 5):
        assert trajectory.outcome == "completed"
        assert {dm.error for _, dm in trajectory.exchanges()} <= {None, "parameter"}
