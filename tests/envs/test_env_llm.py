"""`dm="llm"` as an environment's keyword: recorded, replayed, copied, many at once."""

import asyncio
import copy
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from model_server import ModelServer, Status, scripted

from trpg_env.envs import AgentRefineEnv

HEALER = {"script": "village-healer", "dm": "llm", "model": "m"}
ACTIONS = ["light the hearth", "fly", "read recipe book", "grind willow bark"]


def answering(request: Mapping[str, Any]) -> str:
    """A DM that meets a condition every other turn, and tells how long the conversation is."""
    turn = len(request["messages"]) // 2
    verdict = {"thought": "So be it.", "observation": f"Message {turn}.", "place_error": turn == 2}
    return json.dumps(verdict | {"parameter_error": False, "logic_error": False, "completed": [turn % 3]})


def steps(env: Any, actions: list[str] = ACTIONS) -> list[Any]:
    return [env.reset(seed=5), *(env.step(action) for action in actions)]


def test_a_replayed_environment_needs_no_server_and_is_deterministic(tmp_path: Path) -> None:
    with ModelServer(answering) as server:
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url, record=tmp_path / "r.sqlite")
        recorded = steps(env)
        env.close()
        asked = len(server.requests)
    env = gym.make("AgentRefine-v0", **HEALER, replay=tmp_path / "r.sqlite")
    assert steps(env) == steps(env) == recorded
    env.close()
    assert len(server.requests) == asked


def test_what_was_not_recorded_ends_the_episode_and_is_named(tmp_path: Path) -> None:
    with ModelServer(answering) as server:
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url, record=tmp_path / "r.sqlite")
        steps(env)
        env.close()
    env = gym.make("AgentRefine-v0", **HEALER, replay=tmp_path / "r.sqlite")
    env.reset(seed=5)
    _, reward, terminated, truncated, info = env.step("walk to lane")
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["error"]["kind"] == "dm:replay"
    assert "walk to lane" in info["error"]["message"]
    *_, info = env.reset(seed=6)
    assert info["error"]["kind"] == "dm:replay"
    assert "seed 6" in info["error"]["message"]
    env.close()


def test_a_snapshot_carries_the_transcript(tmp_path: Path) -> None:
    with ModelServer(answering) as server:
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url)
        steps(env, ACTIONS[:2])
        snapshot = json.loads(json.dumps(env.unwrapped.snapshot()))
        went_on = [env.step(action) for action in ACTIONS[2:]]
        messages = [request["messages"] for request in server.requests[-2:]]
        again = gym.make("AgentRefine-v0", **HEALER, base_url=server.url)
        again.reset(options={"snapshot": snapshot})
        assert [again.step(action) for action in ACTIONS[2:]] == went_on
        assert [request["messages"] for request in server.requests[-2:]] == messages
        env.close()
        again.close()


def test_copies_and_pickles_go_on_where_the_original_stood() -> None:
    with ModelServer(answering) as server:
        env = AgentRefineEnv("village-healer", dm="llm", model="m", base_url=server.url)
        steps(env, ACTIONS[:2])
        others = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
        after = env.step(ACTIONS[2])
        assert [other.step(ACTIONS[2]) for other in others] == [after, after]
        for one in (env, *others):
            one.close()


async def _slowly(request: Mapping[str, Any]) -> str:
    await asyncio.sleep(0.05)
    return answering(request)


def test_many_are_asked_together_and_answer_as_single_ones() -> None:
    with ModelServer(_slowly) as server:
        envs = gym.make_vec("AgentRefine-v0", num_envs=6, **HEALER, base_url=server.url)
        observations, _ = envs.reset(seed=[5] * 6)
        played = [envs.step([action] * 6) for action in ACTIONS]
        envs.close()
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url)
        first, *alone = steps(env)
        env.close()
    assert set(observations) == {first[0]}
    for one, many in zip(alone, played, strict=True):
        assert set(many[0]) == {one[0]}
        assert many[4]["progress"].tolist() == [one[4]["progress"]] * 6
    assert server.most_in_flight == 6


def test_an_episode_that_gets_no_opening_ends_with_its_first_step() -> None:
    with ModelServer(scripted([answering({"messages": []}), Status(401, "no")])) as server:
        env: Any = AgentRefineEnv("village-healer", dm="llm", model="m", base_url=server.url)
        env.reset(seed=0)
        observation, info = env.reset(seed=1)
        assert observation.endswith("Here it ends: the dungeon master did not answer.")
        assert info["error"]["kind"] == "dm:request"
        assert "OPENAI_API_KEY" in info["error"]["message"]
        others = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
        for one in (env, *others):
            _, reward, terminated, truncated, told = one.step("light the hearth")
            assert (reward, terminated, truncated) == (0.0, False, True)
            assert told["error"] == info["error"]
            assert not any(told["assessment"].values())
            with pytest.raises(ResetNeeded):
                one.step("light the hearth")
            one.close()


def test_one_opening_that_fails_leaves_the_other_environments_alone() -> None:
    def failing(request: Mapping[str, Any]) -> Any:
        opening = len(request["messages"]) == 2
        return Status(401, "no") if opening and server.opened() == 3 else answering(request)

    class Counting(ModelServer):
        def opened(self) -> int:
            return sum(len(request["messages"]) == 2 for request in self.requests)

    with Counting(failing) as server:
        envs = gym.make_vec("AgentRefine-v0", num_envs=2, **HEALER, base_url=server.url, max_turns=1)
        envs.reset(seed=0)
        envs.step(["light the hearth"] * 2)
        *_, infos = envs.step(["light the hearth"] * 2)  # both begin anew
        kinds = list(infos["error"]["kind"])
        assert sorted(kinds, key=str) == [None, "dm:request"]
        _, _, _, truncated, infos = envs.step(["light the hearth"] * 2)
        assert truncated.tolist() == [True, True]
        assert list(infos["error"]["kind"]) == kinds
        envs.close()


def test_a_recorded_environment_that_is_never_given_a_seed_can_be_replayed(tmp_path: Path) -> None:
    with ModelServer(answering) as server:
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url, record=tmp_path / "r.sqlite")
        check_env(env.unwrapped)
        env.close()
    env = gym.make("AgentRefine-v0", **HEALER, replay=tmp_path / "r.sqlite")
    check_env(env.unwrapped)
    _, info = env.reset()
    assert info["error"]["kind"] is None
    env.close()
    envs = [
        gym.make_vec("AgentRefine-v0", num_envs=2, **HEALER, replay=tmp_path / "r.sqlite") for _ in range(2)
    ]
    assert envs[0].reset()[0] == envs[1].reset()[0]
    for one in envs:
        one.close()


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"dm": "llm"}, "wants a model"),
        ({"dm": "llm", "model": ""}, "no model's name"),
        ({"dm": "llm", "model": "m", "base_url": "ftp://x"}, "http"),
        (
            {"dm": "llm", "model": "m", "base_url": "http://x/v1", "record": "a", "replay": "b"},
            "exclude each other",
        ),
        ({"dm": "llm", "model": "m", "replay": "none.sqlite"}, "none.sqlite"),
        ({"dm": "rules", "model": "m"}, 'model=… is for dm="llm"'),
        ({"record": "a.sqlite"}, 'record=… is for dm="llm"'),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_keywords_that_do_not_fit_are_refused(
    make: Any, keywords: dict[str, Any], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=named):
        make("AgentRefine-v0", script="cool-tomato", **keywords)
    assert list(tmp_path.iterdir()) == []
