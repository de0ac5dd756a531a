"""Vector environments whose DM waits for a model: the results of single ones, all of them asked at once."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.vector import AutoresetMode
from judging import JudgingDM, Unwell

from trpg_env.dm import Judgement

ACTIONS = ["go west", "dance", "open fridge", "take tomato", "go east"]


def vector(number: int = 3, **keywords: Any) -> Any:
    keywords = {"script": "cool-tomato", "dm": JudgingDM(delay=0.0)} | keywords
    return gym.make_vec("AgentRefine-v0", num_envs=number, **keywords)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(x) for key, x in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(x) for x in value]
    return [plain(x) for x in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("action_format", ["plain", "react"])
def test_what_is_asked_together_comes_out_as_one_after_another(
    mode: AutoresetMode, action_format: str
) -> None:
    def played(dm: JudgingDM) -> list[Any]:
        envs = vector(dm=dm, max_turns=3, autoreset_mode=mode, action_format=action_format)
        said = (lambda a: f"Thought: so.\nAction: {a}") if action_format == "react" else str
        given = [envs.reset(seed=4)]
        for i in range(8):
            given.append(envs.step([said(ACTIONS[(i + k) % len(ACTIONS)]) for k in range(3)]))
        envs.close()
        return plain(given)  # type: ignore[no-any-return]

    assert played(JudgingDM(delay=0.0)) == played(JudgingDM())


class CountingDM(JudgingDM):
    """Counts how many wait at once, over all copies."""

    waiting = most = 0

    def answer(self, world: Any, before: Any, ruling: Any) -> Any:
        return self._counted(super().answer(world, before, ruling))

    async def _counted(self, answer: Any) -> Any:
        cls = type(self)
        cls.waiting += 1
        cls.most = max(cls.most, cls.waiting)
        answered = await answer
        cls.waiting -= 1
        return answered


def test_they_wait_side_by_side() -> None:
    envs = vector(20, dm=CountingDM(delay=0.05))
    envs.reset(seed=0)
    envs.step(["go west"] * 20)
    envs.close()
    assert CountingDM.most == 20


def test_a_part_of_them_can_be_reset() -> None:
    envs = vector(autoreset_mode=AutoresetMode.DISABLED, max_turns=2)
    envs.reset(seed=0)
    envs.step(["dance"] * 3)
    envs.step(["dance"] * 3)
    observations, infos = envs.reset(seed=[7, 8, 9], options={"reset_mask": np.array([True, False, True])})
    assert observations[0].endswith("Episode 7.0 begins.")
    assert observations[2].endswith("Episode 9.0 begins.")
    assert "_turn" in infos
    assert list(infos["_turn"]) == [True, False, True]
    envs.close()


def test_options_reach_every_one() -> None:
    envs = vector()
    observations, _ = envs.reset(seed=[1, 2, 3], options={"luck": 5})
    assert [o.rpartition("\n")[2] for o in observations] == [f"Episode {i}.5 begins." for i in (1, 2, 3)]
    envs.close()


def test_one_that_breaks_leaves_the_others_alone() -> None:
    class Weak(JudgingDM):
        def answer(self, world: Any, before: Any, ruling: Any) -> Any:
            if ruling.text == "dance":
                raise Unwell("gone")
            return super().answer(world, before, ruling)

    envs = vector(dm=Weak(delay=0.0))
    envs.reset(seed=0)
    _, _, _, truncated, infos = envs.step(["go west", "dance", "go west"])
    assert list(truncated) == [False, True, False]
    assert list(infos["error"]["kind"]) == [None, "dm:timeout", None]
    envs.close()


def test_what_is_no_action_is_refused_and_nothing_stale_is_given_afterwards() -> None:
    envs = vector()
    envs.reset(seed=0)
    with pytest.raises(InvalidAction):
        envs.step(["go west", 3, "go west"])
    with pytest.raises(ValueError, match="length"):
        envs.reset(seed=[1])
    observations, _ = envs.reset(seed=20)
    assert [o.rpartition("\n")[2] for o in observations] == [f"Episode {i}.0 begins." for i in (20, 21, 22)]
    assert envs.step(["go west"] * 3)[4]["turn"].tolist() == [1, 1, 1]
    envs.close()


def test_narrative_and_grounded_scripts_can_be_mixed() -> None:
    envs = vector(
        2, script=["village-healer", "night-train"], dm=JudgingDM(Judgement(completed=(0,)), delay=0.0)
    )
    envs.reset(seed=0)
    *_, infos = envs.step(["light the hearth", "listen"])
    assert infos["progress"].tolist() == [1 / 3, 1 / 5]
    envs.close()
