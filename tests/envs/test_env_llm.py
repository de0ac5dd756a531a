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
from gymnasium.utils.env_checker import check_env
from model_server import ModelServer, Status

from trpg_env.envs import AgentRefineEnv
from trpg_env.llm import ModelError

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
        check_env(env.unwrapped, skip_render_check=True)
        env.close()
        asked = len(server.requests)
    env = gym.make("AgentRefine-v0", **HEALER, replay=tmp_path / "r.sqlite")
    assert steps(env) == steps(env) == recorded
    check_env(env.unwrapped, skip_render_check=True)
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
    with pytest.raises(ModelError, match="seed 6"):
        env.reset(seed=6)
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


def test_a_reset_that_gets_no_answer_raises_what_became_of_it() -> None:
    with ModelServer(lambda request: Status(401, "no")) as server:
        env = gym.make("AgentRefine-v0", **HEALER, base_url=server.url)
        with pytest.raises(ModelError, match="OPENAI_API_KEY"):
            env.reset(seed=0)
        env.close()


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
