"""A game behind the one environment that benchmarks are played through."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from lamp_game import Lamp, environment, tasks

from trpg_env.agents import ErringAgent, ExpertAgent, PlannerAgent, RandomAgent
from trpg_env.envs.game import MAX_ACTION, GameEnv
from trpg_env.envs.showing import MAX_OBSERVATION
from trpg_env.envs.text import TextEnv
from trpg_env.rollout.environments import TaskMaker
from trpg_env.rollout.episode import participant
from trpg_env.rollout.prepared import Ready
from trpg_env.rollout.run import Run
from trpg_env.trajectory import Participant, Trajectory


def test_it_keeps_gymnasiums_manners() -> None:
    check_env(environment(), skip_render_check=True)


def test_it_is_an_environment_of_texts() -> None:
    assert isinstance(environment(), TextEnv)


def test_the_instruction_comes_first_and_then_the_opening() -> None:
    env = environment()
    observation, info = env.reset(seed=1)
    assert observation == "Light the lantern.\n\nIt is dark."
    assert (info["turn"], info["progress"], info["success"]) == (0, 0.0, False)


def test_reset_chooses_the_task_by_name() -> None:
    env = environment()
    assert env.reset(options={"task": "candle"})[0].startswith("Light the candle.")
    assert env.reset()[0].startswith("Light the lantern.")


@pytest.mark.parametrize(
    ("options", "named"),
    [({"task": "sun"}, "no task 'sun'"), ({"luk": 1}, "'luk' is no option"), ({"luck": "x"}, "luck='x'")],
)
def test_an_option_that_there_is_not_is_refused(options: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        environment().reset(options=options)


def test_progress_is_the_best_so_far_and_its_increase_is_the_reward() -> None:
    env = environment()
    env.reset(seed=1)
    rewards = [env.step(action)[1] for action in ("go", "go", "go", "light")]
    assert rewards == [0.5, 0.0, 0.0, 0.5]


def test_success_ends_the_episode_and_so_does_defeat() -> None:
    env = environment()
    env.reset(seed=1)
    env.step("go")
    *_, terminated, truncated, info = env.step("light")
    assert (terminated, truncated, info["success"]) == (True, False, True)
    env.reset(seed=1)
    *_, terminated, truncated, info = env.step("smash")
    assert (terminated, truncated, info["success"]) == (True, False, False)


def test_the_tasks_limit_of_turns_truncates_unless_another_is_given() -> None:
    env = environment()
    env.reset(seed=1)
    assert [env.step("what")[3] for _ in range(5)] == [False] * 4 + [True]
    short = GameEnv(Lamp(), tasks(), max_turns=1)
    short.reset(seed=1)
    assert short.step("go")[3]


def test_errors_are_told_in_the_assessment_and_change_nothing() -> None:
    env = environment()
    env.reset(seed=1)
    before = env.step("go")[4]["state_hash"]
    env.reset(seed=1)
    place, parameter = env.step("light")[4], env.step("dance")[4]
    assert place["assessment"]["place_error"]
    assert parameter["assessment"] == {
        "parameter_error": True,
        "place_error": False,
        "logic_error": False,
        "message": "What?",
    }
    assert place["state_hash"] == parameter["state_hash"] != before


def test_an_action_that_is_too_long_never_reaches_the_game() -> None:
    env = environment()
    env.reset(seed=1)
    info = env.step("go" * MAX_ACTION)[4]
    assert info["assessment"]["parameter_error"]
    assert "at most" in info["assessment"]["message"]


def test_what_is_told_is_bounded() -> None:
    env = environment()
    env.reset(seed=1)
    assert len(env.step("look")[0]) == MAX_OBSERVATION


@given(st.text())
def test_no_text_makes_it_raise(action: str) -> None:
    env = environment()
    env.reset(seed=1)
    observation, *_, info = env.step(action)
    assert observation in env.observation_space
    assert info.keys() == env.reset(seed=1)[1].keys()


def test_what_is_no_text_and_what_comes_too_late_is_refused() -> None:
    env = environment()
    with pytest.raises(ResetNeeded):
        env.step("go")
    env.reset(seed=1)
    with pytest.raises(InvalidAction):
        env.step(7)  # type: ignore[arg-type]
    env.step("smash")
    with pytest.raises(ResetNeeded):
        env.step("go")


def test_admissible_actions_are_listed_where_they_are_asked_for() -> None:
    env = GameEnv(Lamp(), tasks(), admissible_actions=True)
    assert env.reset(seed=1)[1]["admissible_actions"] == ["go"]
    assert env.step("go")[4]["admissible_actions"] == ["go", "light"]


def test_samples_are_actions_that_the_game_understands() -> None:
    env = environment()
    env.reset(seed=1)
    env.action_space.seed(3)
    assert {env.action_space.sample() for _ in range(30)} == {"go", "light"}


def test_an_exchange_is_rendered() -> None:
    env = GameEnv(Lamp(), tasks(), render_mode="ansi")
    with pytest.raises(ResetNeeded):
        env.render()
    env.reset(seed=1)
    assert env.render() == "Light the lantern.\n\nIt is dark."
    env.step("go")
    assert env.render() == "> go\nYou walk."


def played(agent: object, n: int = 4, **keywords: int) -> list[Trajectory]:
    run = Run(tuple(tasks().values()), participant(agent), Participant(kind="lamp"), n, 5)
    with Ready(run, agent, TaskMaker(environment), **keywords) as ready:  # type: ignore[arg-type]
        return sorted((done.trajectory for done in ready.play()), key=lambda one: one.id)


def test_the_runner_plays_it_and_keeps_trajectories() -> None:
    first = played(ExpertAgent())[0]
    assert (first.outcome, first.success, first.progress) == ("completed", True, 1.0)
    assert (first.dm.kind, first.source, first.family) == ("lamp", "rollout", "lamps")
    assert first.instruction.startswith("Light the ")
    assert first.turns[0].observation == "It is dark."  # type: ignore[union-attr]
    assert {one.script for one in played(ExpertAgent())} == {"lamp/lantern", "lamp/candle"}


def test_neither_processes_nor_concurrency_make_a_difference() -> None:
    alone = played(RandomAgent(), 12)
    assert alone == played(RandomAgent(), 12, concurrency=3) == played(RandomAgent(), 12, processes=2)
    assert len({tuple(one.action for one, _ in t.exchanges()) for t in alone}) > 1


def test_the_games_are_closed_with_the_run() -> None:
    games: list[GameEnv] = []

    def make() -> GameEnv:
        games.append(environment())
        return games[-1]

    run = Run(tuple(tasks().values()), Participant(kind="expert"), Participant(kind="lamp"), 4, 5)
    with Ready(run, ExpertAgent(), TaskMaker(make)) as ready:
        assert len(list(ready.play())) == 4
    assert [env.game.closed for env in games] == [1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("agent", [PlannerAgent(), ErringAgent()])
def test_players_that_plan_in_scripts_worlds_break_no_run(agent: object) -> None:
    one = played(agent, 1)[0]
    assert one.outcome == "error"
    assert one.error is not None
    assert "AgentRefine-v0" in one.error.message


def test_an_expert_under_a_wrapper_finds_its_game() -> None:
    env = gym.wrappers.TimeLimit(environment(), 10)
    env.reset(seed=1)
    agent = ExpertAgent()
    agent.reset(env, 1)
    assert [env.step(agent.act("", {}).action)[4]["success"] for _ in range(2)] == [False, True]


def test_a_random_player_draws_from_the_seed_alone() -> None:
    env = environment()
    env.reset(seed=1)

    def drawn(seed: int) -> list[str]:
        agent = RandomAgent()
        agent.reset(env, seed)
        return [agent.act("", {}).action for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert np.unique(drawn(1)).size == 2


def test_a_vector_environment_samples_actions_of_the_game_that_it_plays() -> None:
    envs = gym.vector.SyncVectorEnv([environment, environment])
    envs.reset(seed=1)
    envs.action_space.seed(3)
    assert {action for _ in range(20) for action in envs.action_space.sample()} == {"go", "light"}
    envs.close()


def test_a_copy_of_an_environment_samples_in_its_own_game() -> None:
    env = environment()
    env.reset(seed=1)
    other = copy.deepcopy(env)
    env.close()
    assert other.action_space._env is other  # type: ignore[attr-defined]
    assert other.action_space.sample() in ("go", "light")
