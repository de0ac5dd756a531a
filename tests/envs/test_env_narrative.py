"""Narrative scripts in play: what a DM that judges says, and what the environment makes of it."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from judging import JudgingDM, Unwell

from trpg_env.dm import Judgement, Narration, RulesDM
from trpg_env.envs import AgentRefineEnv
from trpg_env.llm.errors import ContextTooLong

PLACE, LOGIC, PARAMETER = (
    Judgement(place_error=True),
    Judgement(logic_error=True),
    Judgement(parameter_error=True),
)


def met(*completed: int) -> Judgement:
    return Judgement(completed=completed)


@pytest.fixture
def healer() -> Iterator[Callable[..., Any]]:
    made: list[gym.Env[str, str]] = []

    def make(*judgements: Any, script: str = "village-healer", **keywords: Any) -> Any:
        delay = keywords.pop("delay", None)
        dm = keywords.pop("dm", None) or JudgingDM(*judgements, delay=delay)
        env = gym.make("AgentRefine-v0", script=script, dm=dm, **keywords)
        made.append(env)
        return env

    yield make
    for env in made:
        env.close()


def flags(info: dict[str, Any]) -> list[str]:
    return [name for name, value in info["assessment"].items() if value is True]


def test_an_episode_from_the_opening_to_success(healer: Callable[..., Any]) -> None:
    env = healer(met(0), PLACE, met(0, 1), met(2))
    observation, info = env.reset(seed=5, options={"luck": 2})
    assert observation.startswith("Your goal: Brew a fever drink")
    assert observation.endswith("\n\nEpisode 5.2 begins.")
    assert info["thought"] == "They begin."
    steps = [
        env.step(a) for a in ("read recipe book", "gather water mint", "light the hearth", "light the hearth")
    ]
    assert [round(reward, 3) for _, reward, *_ in steps] == [0.333, 0.0, 0.333, 0.333]
    assert [info["progress"] for *_, info in steps] == [1 / 3, 1 / 3, 2 / 3, 1.0]
    assert [(terminated, info["success"]) for _, _, terminated, _, info in steps[-2:]] == [
        (False, False),
        (True, True),
    ]
    assert steps[1][4]["assessment"] == {
        "parameter_error": False,
        "place_error": True,
        "logic_error": False,
        "message": "You did it: gather water mint.",
    }
    assert steps[1][4]["state_hash"] == steps[0][4]["state_hash"] != steps[2][4]["state_hash"]
    with pytest.raises(ResetNeeded):
        env.step("light the hearth")


def test_verification_code_has_the_last_word_on_parameter_errors(healer: Callable[..., Any]) -> None:
    env = healer(met(0, 1, 2), PARAMETER, Judgement(True, True, True, (0,)))
    env.reset(seed=0)
    *_, info = env.step("fly to the moon")
    assert (flags(info), info["progress"]) == (["parameter_error"], 0.0)
    *_, info = env.step("read recipe book")
    assert flags(info) == []
    *_, info = env.step("read recipe book")
    assert flags(info) == ["place_error"]
    assert info["progress"] == 0.0


def test_there_is_no_audit_where_the_judgement_decides(healer: Callable[..., Any]) -> None:
    env = healer(LOGIC)
    assert "audit" not in env.reset(seed=0)[1]
    assert "audit" not in env.step("light the hearth")[4]


def test_in_a_grounded_script_the_engine_decides_and_the_judgement_is_an_audit(
    healer: Callable[..., Any],
) -> None:
    env = healer(Judgement(False, True, False, (0, 1)), None, script="cool-tomato")
    _, info = env.reset(seed=3)
    nothing = {"parameter_error": False, "place_error": False, "logic_error": False, "completed": []}
    assert info["audit"] == nothing
    *_, info = env.step("dance")
    assert flags(info) == ["parameter_error"]
    assert info["audit"] == {**nothing, "place_error": True, "completed": [0, 1]}
    assert env.step("dance")[4]["audit"] == nothing
    usual = gym.make("AgentRefine-v0", script="cool-tomato", dm=RulesDM())
    assert "audit" not in usual.reset(seed=3)[1]
    usual.close()


def test_a_dm_that_does_not_judge_is_refused(healer: Callable[..., Any]) -> None:
    class Silent(JudgingDM):
        judges = False

    with pytest.raises(ValueError, match='dm="judging" cannot play; it takes dm="llm"'):
        healer(dm=Silent())


def test_a_judgement_that_is_missing_or_impossible_breaks_the_episode_and_not_the_run(
    healer: Callable[..., Any],
) -> None:
    for judged in (None, met(7)):
        env = healer(judged)
        env.reset(seed=0)
        _, reward, terminated, truncated, info = env.step("light the hearth")
        assert (reward, terminated, truncated, flags(info)) == (0.0, False, True, [])
        assert info["error"]["kind"] == "dm"


def test_a_model_that_fails_is_told_by_kind(healer: Callable[..., Any]) -> None:
    env = healer(Unwell("no answer within 3 s"))
    env.reset(seed=0)
    _, reward, _, truncated, info = env.step("light the hearth")
    assert (reward, truncated, flags(info)) == (0.0, True, [])
    assert info["error"] == {"kind": "dm:timeout", "message": "no answer within 3 s"}
    assert not env.unwrapped.episode.cut_short


def test_a_context_that_is_full_truncates_and_is_no_error(healer: Callable[..., Any]) -> None:
    env = healer(met(0), ContextTooLong("9,000 tokens of 8,192"))
    env.reset(seed=0)
    *_, before = env.step("light the hearth")
    observation, reward, terminated, truncated, info = env.step("read recipe book")
    assert observation == "The episode ends here: the dungeon master's context is full."
    assert (reward, terminated, truncated, flags(info)) == (0.0, False, True, [])
    assert info["error"] == {"kind": None, "message": None}
    assert env.unwrapped.episode.cut_short
    for name in ("progress", "turn", "state_hash"):
        assert info[name] == before[name]
    again = copy.deepcopy(env)
    assert again.unwrapped.episode.cut_short
    again.close()
    env.reset(seed=0)
    assert not env.unwrapped.episode.cut_short


def test_admissible_actions_are_nobodys_to_list(healer: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="for its DM to judge"):
        healer(admissible_actions=True)


def test_a_snapshot_goes_on_as_the_episode_did(healer: Callable[..., Any]) -> None:
    env = healer(met(0), LOGIC, met(1), met(2))
    env.reset(seed=1)
    env.step("read recipe book")
    snapshot = json.loads(json.dumps(env.unwrapped.snapshot()))
    actions = ["light the hearth", "dance", "grind willow bark", "give the drink to Anselm"]
    first = [env.step(action) for action in actions[:3]]
    other = healer(met(0), LOGIC, met(1), met(2))
    other.reset(options={"snapshot": snapshot})
    assert [other.step(action) for action in actions[:3]] == first
    copied = pickle.loads(pickle.dumps(other.unwrapped))
    assert copied.step(actions[3]) == env.step(actions[3])
    copied.close()


@pytest.mark.parametrize(
    "spoil", [{"state": {}}, {"state": {"turn": 1, "hash": "0" * 32, "completed": [9]}}], ids=str
)
def test_what_is_no_snapshot_is_refused(healer: Callable[..., Any], spoil: dict[str, Any]) -> None:
    env = healer(met(0))
    env.reset(seed=1)
    with pytest.raises(ValueError, match="not a snapshot"):
        env.unwrapped.restore(env.unwrapped.snapshot() | spoil)


def test_it_passes_gymnasiums_own_check(healer: Callable[..., Any]) -> None:
    check_env(healer(met(0)).unwrapped, skip_render_check=True)


def test_a_dm_that_waits_gives_the_same(healer: Callable[..., Any]) -> None:
    def played(env: Any) -> list[Any]:
        return [env.reset(seed=2), *(env.step(a) for a in ("light the hearth", "dance", "read recipe book"))]

    assert played(healer(LOGIC, met(), met(0), delay=0.0)) == played(healer(LOGIC, met(), met(0)))


def test_code_that_reads_the_state_gets_an_empty_one() -> None:
    script = {
        "Goal": "Count.",
        "Environment": {"places": {"hall": {}}},
        "Available Actions": {
            "count": {
                "verification code": "def validate(a, p, state):\n    return len(state) == 0",
                "parameters": {},
            }
        },
    }
    env = AgentRefineEnv(script, dm=JudgingDM(met(0)))
    env.reset(seed=0)
    *_, info = env.step("count")
    assert info["success"], "the goal is the condition where none is written"
    env.close()


def test_a_narration_is_two_texts(healer: Callable[..., Any]) -> None:
    class Odd(JudgingDM):
        def answer(self, world: Any, before: Any, ruling: Any) -> Any:
            return Narration("", None, met())  # type: ignore[arg-type]

    env = healer(dm=Odd())
    env.reset(seed=0)
    assert env.step("light the hearth")[4]["error"]["kind"] == "dm"


def test_a_third_text_is_no_judgement(healer: Callable[..., Any]) -> None:
    class Odd(JudgingDM):
        def answer(self, world: Any, before: Any, ruling: Any) -> Any:
            return Narration("", "Yes.", "true")  # type: ignore[arg-type]

    env = healer(dm=Odd(), script="cool-tomato")
    env.reset(seed=0)
    assert env.step("dance")[4]["error"]["kind"] == "dm"
