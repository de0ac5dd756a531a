"""The vector environment gives what as many single environments give."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

import trpg_env  # noqa: F401 - registers AgentRefine-v0
from trpg_env.dm import Narration
from trpg_env.envs import AgentRefineVectorEnv
from trpg_env.sandbox import Sandbox
from trpg_env.world import AnyWorld, Ruling, SeededFate, State

SCRIPTS = ["cool-tomato", "ship", "unix-config"]


def nth(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """One environment's `info` out of the merged one."""
    single = {}
    for key, value in infos.items():
        if key.startswith("_"):
            continue
        if isinstance(value, dict):
            if infos[f"_{key}"][i] if f"_{key}" in infos else True:
                single[key] = nth(value, i)
        elif infos[f"_{key}"][i]:
            single[key] = value[i].item() if isinstance(value[i], np.generic) else value[i]
    return single


def single_envs(scripts: list[Any], **keywords: Any) -> list[gym.Env[str, str]]:
    return [gym.make("AgentRefine-v0", script=script, **keywords) for script in scripts]


def wrap(action: str, keywords: dict[str, Any]) -> str:
    return f"Thought: so.\nAction: {action}" if keywords.get("action_format") == "react" else action


@pytest.mark.parametrize(
    ("scripts", "keywords"),
    [
        (["cool-tomato"], {}),
        (SCRIPTS, {}),
        (SCRIPTS, {"action_format": "react"}),
        (["cool-tomato", "dungeon"], {"admissible_actions": True, "reward": {"success": 1.0, "turn": -0.5}}),
    ],
    ids=str,
)
def test_make_vec_equals_single_environments_step_by_step(
    scripts: list[str], keywords: dict[str, Any]
) -> None:
    n = 4
    dealt = [scripts[i % len(scripts)] for i in range(n)]
    singles = single_envs(dealt, max_turns=5, **keywords)
    vector = gym.make_vec(
        "AgentRefine-v0",
        num_envs=n,
        script=scripts if len(scripts) > 1 else scripts[0],
        max_turns=5,
        **keywords,
    )
    assert isinstance(vector, AgentRefineVectorEnv)
    observations, infos = vector.reset(seed=[11, 12, 13, 14])
    for i, env in enumerate(singles):
        observation, info = env.reset(seed=11 + i)
        env.action_space.seed(i)
        assert observations[i] == observation
        assert nth(infos, i) == info
    over = [False] * n
    for turn in range(14):
        actions = [
            env.action_space.sample()
            if (turn + i) % 3
            else wrap(f"dance {turn}", keywords)
            if i
            else "no reply"
            for i, env in enumerate(singles)
        ]
        observations, rewards, terminations, truncations, infos = vector.step(actions)
        assert rewards.dtype == np.float64
        for i, env in enumerate(singles):
            # Autoreset on the step after the end: that step's action is not played.
            result = (*env.reset(), 0.0, False, False) if over[i] else env.step(actions[i])
            if over[i]:
                observation, info, reward, terminated, truncated = result
            else:
                observation, reward, terminated, truncated, info = result  # type: ignore[misc]
            assert observations[i] == observation
            assert (rewards[i], terminations[i], truncations[i]) == (reward, terminated, truncated)
            assert nth(infos, i) == info
            over[i] = bool(terminated or truncated)
    assert any(over) or max(infos["turn"]) < 5
    vector.close()
    for env in singles:
        env.close()


def test_autoreset_in_the_same_step_gives_the_last_observation_and_info_too(tiny: dict[str, Any]) -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=2, script=tiny, autoreset_mode=AutoresetMode.SAME_STEP)
    start, _ = vector.reset(seed=0)
    observations, rewards, terminations, _, infos = vector.step(["take ball", "win"])
    assert list(terminations) == [False, True]
    assert list(rewards) == [0.0, 1.0]
    assert observations[1] == start[1]
    assert infos["final_obs"][1] == "Done: win."
    assert infos["final_info"]["success"][1]
    vector.close()


def test_every_environment_samples_actions_of_its_own_script() -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=3, script=SCRIPTS)
    vector.action_space.seed(0)
    vector.reset(seed=0)
    for _ in range(10):
        actions = vector.action_space.sample()
        *_, infos = vector.step(actions)
        assert [name is not None for name in infos["action"]["name"]] == [True] * 3, actions
        vector.reset()
    vector.close()


def test_environments_do_not_share_what_is_mutable() -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=2, script="cool-tomato")
    vector.reset(seed=[0, 0])
    vector.step(["go west", "dance"])
    one, two = (env.unwrapped.snapshot() for env in vector.envs)  # type: ignore[attr-defined]
    assert one["state"]["world"]["player"]["at"] == "kitchen"
    assert two["state"]["world"]["player"]["at"] == "hall"
    vector.close()


def test_the_actions_may_come_as_a_tuple_a_list_or_an_array() -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=2, script="cool-tomato")
    for actions in (("go west", "dance"), ["go west", "dance"], np.array(["go west", "dance"], dtype=object)):
        vector.reset(seed=0)
        assert list(vector.step(actions)[4]["assessment"]["parameter_error"]) == [False, True]
    vector.close()


@pytest.mark.parametrize("actions", [["go west"], ["go west"] * 3, []], ids=len)
def test_a_wrong_number_of_actions_is_refused(actions: list[str]) -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=2, script="cool-tomato")
    vector.reset(seed=0)
    with pytest.raises(ValueError, match=r"zip|actions"):
        vector.step(actions)
    vector.close()


def test_an_action_that_is_no_text_is_an_invalid_action() -> None:
    for action_format in ("plain", "react"):
        vector = gym.make_vec("AgentRefine-v0", num_envs=2, script="cool-tomato", action_format=action_format)
        vector.reset(seed=0)
        with pytest.raises(gym.error.InvalidAction):
            vector.step([3, 4])
        vector.close()


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({}, "name a script"),
        ({"script": []}, "empty"),
        ({"script": "cool-tomato", "num_envs": 0}, "1 or more"),
        ({"script": "cool-tomato", "num_envs": -1}, "1 or more"),
        ({"script": "cool-tomato", "action_format": "xml"}, "react"),
        ({"script": "cool-tomato", "max_turns": 0}, "from 1 to 1,000,000"),
        ({"script": ["cool-tomato", "unix-admin"]}, "llm"),
        ({"script": ["cool-tomato", "nowhere.yaml"]}, "nowhere.yaml"),
    ],
    ids=str,
)
def test_bad_keywords_are_value_errors(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        gym.make_vec("AgentRefine-v0", **{"num_envs": 2, **keywords})


def make_tomato() -> gym.Env[str, str]:
    return gym.make("AgentRefine-v0", script="cool-tomato")


@pytest.mark.parametrize(
    "make_vector",
    [SyncVectorEnv, lambda makers: AsyncVectorEnv(makers, shared_memory=False)],
    ids=["sync", "async without shared memory"],
)
# Other tests' threads are no concern of a forked worker that only plays.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_gymnasiums_own_vector_environments_work(make_vector: Callable[..., Any]) -> None:
    vector = make_vector([make_tomato, make_tomato])
    single = make_tomato()
    observations, infos = vector.reset(seed=[5, 6])
    expected = [single.reset(seed=5), single.reset(seed=6)]
    assert list(observations) == [observation for observation, _ in expected]
    assert list(infos["state_hash"]) == [info["state_hash"] for _, info in expected]
    observations, _, _, _, infos = vector.step(("go west", "茶"))
    single.reset(seed=5)
    assert observations[0] == single.step("go west")[0]
    assert observations[1].startswith('There is no such action: "茶"')
    assert infos["action"]["name"][0] == "go {direction}"
    assert infos["action"]["name"][1] is None
    vector.close()
    single.close()


def test_closing_ends_the_shared_worker() -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=3, script=["cool-tomato", "ship"])
    vector.reset(seed=0)
    vector.step(["put tomato in fridge", "dance", "dance"])
    vector.close()
    assert vector._shared._worker is None  # type: ignore[attr-defined]


def test_a_sandbox_that_is_given_is_used_and_stays_open(tiny: dict[str, Any]) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"]["wait"] = {"verification_code": hang}
    with Sandbox(deadline=0.35) as sandbox:
        vector = gym.make_vec("AgentRefine-v0", num_envs=2, script=tiny, sandbox=sandbox)
        assert all(env.unwrapped.world.sandbox is sandbox for env in vector.envs)  # type: ignore[attr-defined]
        vector.reset(seed=0)
        *_, infos = vector.step(["wait", "win"])
        assert "did not answer within 0.35 s" in infos["error"]["message"][0]
        worker = sandbox._worker
        vector.close()
        assert sandbox._worker is worker is not None


class CountingDM:
    """Says how often it has answered."""

    kind = "counting"

    def __init__(self) -> None:
        self.answers = 0

    def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration:
        self.answers = 0
        return Narration("", "Begin.")

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
        self.answers += 1
        return Narration("", str(self.answers))

    def snapshot(self) -> int:
        return self.answers

    def restore(self, snapshot: int) -> None:
        self.answers = snapshot


def test_each_environment_has_a_dungeon_master_of_its_own() -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=3, script="cool-tomato", dm=CountingDM())
    vector.reset(seed=0)
    assert vector.step(["dance"] * 3)[0] == ("1", "1", "1")
    vector.close()
