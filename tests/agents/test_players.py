"""The players that need no model: planner, random, callables, coroutines."""

import asyncio
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from grounded import GROUNDED

from trpg_env import rollout
from trpg_env.agents import Agent, CallableAgent, HumanAgent, PlannerAgent, RandomAgent, Turn, as_agent
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory

RISKY = ["dungeon", "ship"]
"""Here ill luck alone can end an episode."""


@pytest.fixture
def episodes(load: Callable[[Any], Script], sandbox: Any) -> Callable[..., list[Trajectory]]:
    def episodes(script: Any, agent: Any, n: int = 1, seed: int = 0, **keywords: Any) -> list[Trajectory]:
        return list(rollout(load(script), agent, n, seed, sandbox=sandbox, **keywords))

    return episodes


def actions(trajectory: Trajectory) -> list[str]:
    return [player.action for player, _ in trajectory.exchanges()]


@pytest.mark.parametrize("script", [name for name in GROUNDED if name not in RISKY])
def test_the_planner_wins_without_an_error(script: str, episodes: Callable[..., list[Trajectory]]) -> None:
    for trajectory in episodes(script, PlannerAgent(), 8):
        assert trajectory.outcome == "completed"
        assert not any(dm.error for _, dm in trajectory.exchanges())


@pytest.mark.parametrize("script", RISKY)
def test_the_planner_wins_most_episodes_where_luck_can_end_them(
    script: str, episodes: Callable[..., list[Trajectory]]
) -> None:
    outcomes = [trajectory.outcome for trajectory in episodes(script, PlannerAgent(), 20)]
    assert outcomes.count("completed") >= 15
    assert set(outcomes) <= {"completed", "failed"}


def test_the_planners_plan_is_a_shortest_one(episodes: Callable[..., list[Trajectory]]) -> None:
    lengths = {len(actions(t)) for t in episodes("cool-tomato", PlannerAgent(), 6)}
    assert lengths == {8}


def test_the_planner_plans_anew_where_luck_has_it_otherwise(
    episodes: Callable[..., list[Trajectory]], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["win"]["effects"] = [{"chance": 0.3, "then": ["player.won = true"]}]
    for trajectory in episodes(tiny, PlannerAgent(), 10):
        assert set(actions(trajectory)) == {"win"}
        assert trajectory.outcome == "completed"


def test_where_there_is_no_plan_the_planner_tries_valid_actions(
    episodes: Callable[..., list[Trajectory]], tiny: dict[str, Any]
) -> None:
    del tiny["available_actions"]["win"]
    (trajectory,) = episodes(tiny, PlannerAgent(), max_turns=6)
    assert trajectory.outcome == "truncated"
    assert not any(dm.parameter_error for _, dm in trajectory.exchanges())


@pytest.mark.parametrize("agent", [PlannerAgent])
def test_a_script_too_large_to_search_is_played_all_the_same(
    agent: Callable[[], Agent], episodes: Callable[..., list[Trajectory]], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["dial {a} {b} {c}"] = {"parameters": dict.fromkeys("abc", "1..100")}
    (trajectory,) = episodes(tiny, agent(), max_turns=5)
    assert trajectory.error is None


def test_one_planner_plays_different_scripts_in_turn(load: Callable[[Any], Script], sandbox: Any) -> None:
    scripts = [load(name) for name in ("cool-tomato", "office-mail", "cool-tomato")]
    outcomes = [t.outcome for t in rollout(scripts, PlannerAgent(), 9, sandbox=sandbox)]
    assert outcomes == ["completed"] * 9


def test_the_random_player_is_determined_by_its_seed(episodes: Callable[..., list[Trajectory]]) -> None:
    one, two = (episodes("ship", RandomAgent(), 3, seed=4) for _ in range(2))
    assert one == two
    assert actions(one[0]) != actions(one[1])
    assert episodes("ship", RandomAgent(), 3, seed=5) != one


def test_the_random_player_knows_the_templates(episodes: Callable[..., list[Trajectory]]) -> None:
    for trajectory in episodes("dungeon", RandomAgent(), 3):
        assert not any(dm.parameter_error for _, dm in trajectory.exchanges())


def test_a_callable_plays(episodes: Callable[..., list[Trajectory]]) -> None:
    seen: list[tuple[str, int]] = []

    def look(observation: str, info: dict[str, Any]) -> str:
        seen.append((observation, info["turn"]))
        return "go west" if info["turn"] % 2 else "go east"

    (trajectory,) = episodes("cool-tomato", look, max_turns=3)
    assert actions(trajectory) == ["go east", "go west", "go east"]
    assert [turn for _, turn in seen] == [0, 1, 2]
    assert seen[0][0] == f"{trajectory.instruction}\n\n{trajectory.turns[0].observation}"  # type: ignore[union-attr]
    assert trajectory.player.kind == "callable"


class Patient:
    """An agent whose turns are awaited; it keeps a task from one turn to the next."""

    kind = "patient"

    def __init__(self) -> None:
        self.loops: set[int] = set()

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        self.turn = 0

    async def act(self, observation: str, info: dict[str, Any]) -> Turn:
        await asyncio.sleep(0)
        self.loops.add(id(asyncio.get_running_loop()))
        return Turn("I waited.", "go west")


class PatientByHand(Patient):
    """Its `act` is no coroutine function, but gives something to be awaited."""

    def act(self, observation: str, info: dict[str, Any]) -> Any:
        return super().act(observation, info)


@pytest.mark.parametrize("agent", [Patient, PatientByHand])
def test_an_agent_may_be_awaited_and_keeps_one_loop(
    agent: Callable[[], Patient], episodes: Callable[..., list[Trajectory]]
) -> None:
    patient = agent()
    first, second = episodes("cool-tomato", patient, 2, max_turns=3)
    assert (first.outcome, second.outcome) == ("truncated", "truncated")
    assert [player.thought for player, _ in first.exchanges()] == ["I waited."] * 3
    assert len(patient.loops) == 1


def test_an_awaited_agent_plays_inside_a_running_loop(episodes: Callable[..., list[Trajectory]]) -> None:
    async def notebook() -> list[Trajectory]:
        return episodes("cool-tomato", Patient(), max_turns=2)

    assert [t.error for t in asyncio.run(notebook())] == [None]


def test_a_coroutine_function_plays(episodes: Callable[..., list[Trajectory]]) -> None:
    async def west(observation: str, info: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        return "go west"

    (trajectory,) = episodes("cool-tomato", west, max_turns=2)
    assert actions(trajectory) == ["go west", "go west"]


def test_a_callable_object_and_a_method_play(episodes: Callable[..., list[Trajectory]]) -> None:
    class West:
        def __call__(self, observation: str, info: dict[str, Any]) -> str:
            return "go west"

    for agent in (West(), West().__call__):
        assert actions(episodes("cool-tomato", agent, max_turns=1)[0]) == ["go west"]


@pytest.mark.parametrize("wrong", [None, 3, "planner", PlannerAgent, 2.5, ["go west"]], ids=repr)
def test_what_is_no_agent_is_a_type_error_at_once(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"reset\(env, seed\) and act\(observation, info\)"):
        as_agent(wrong)
    with pytest.raises(TypeError, match="an agent has"):
        rollout("cool-tomato", wrong, 1)


def test_agents_are_taken_as_they_are_and_callables_wrapped() -> None:
    planner = PlannerAgent()
    assert as_agent(planner) is planner
    assert isinstance(as_agent(lambda observation, info: "look"), CallableAgent)


def test_a_person_is_asked_for_each_action(episodes: Callable[..., list[Trajectory]]) -> None:
    answers = iter(["go west", "go east"])
    (trajectory,) = episodes("cool-tomato", HumanAgent(lambda observation, info: next(answers)), max_turns=2)
    assert actions(trajectory) == ["go west", "go east"]
    assert trajectory.player.kind == "human"


@pytest.mark.parametrize("agent", [PlannerAgent(), RandomAgent()])
def test_players_that_know_the_world_refuse_other_environments(agent: Agent) -> None:
    class Other(gym.Env[str, str]):
        pass

    with pytest.raises(TypeError, match="AgentRefine-v0"):
        agent.reset(Other(), 0)


def test_a_callable_is_told_from_another_by_its_name(
    episodes: Callable[..., list[Trajectory]],
) -> None:
    def west(observation: str, info: dict[str, Any]) -> str:
        return "go west"

    def east(observation: str, info: dict[str, Any]) -> str:
        return "go east"

    class Policy:
        def __call__(self, observation: str, info: dict[str, Any]) -> str:
            return "go east"

    played = [episodes("cool-tomato", agent, max_turns=2)[0] for agent in (west, east, Policy())]
    assert len({t.id for t in played}) == 3
    assert [str(t.player.model).rsplit(".", 1)[-1] for t in played] == ["west", "east", "Policy"]
