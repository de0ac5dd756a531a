"""A DM may be a coroutine, and one that raises ends the episode as broken."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import gymnasium as gym
import pytest

from trpg_env.dm import Narration, RulesDM
from trpg_env.envs import AgentRefineEnv, Loop, directly
from trpg_env.world import AnyWorld, Ruling, SeededFate, State


class SlowDM(RulesDM):
    """Gives way to others before each answer."""

    kind = "slow"

    async def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().open(world, state, fate)

    async def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().answer(world, before, ruling)


class FailingDM(RulesDM):
    kind = "failing"

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
        raise RuntimeError("no more words")


class LateFailingDM(RulesDM):
    kind = "late"

    async def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:  # type: ignore[override]
        await asyncio.sleep(0)
        raise RuntimeError("no more words")


ACTIONS = ["go west", "open fridge", "dance", "open fridge"]


def played(env: gym.Env[str, str]) -> list[Any]:
    steps: list[Any] = [env.reset(seed=3)]
    return steps + [env.step(action) for action in ACTIONS]


def test_a_coroutine_answers_as_the_rules_do() -> None:
    slow = gym.make("AgentRefine-v0", script="cool-tomato", dm=SlowDM())
    usual = gym.make("AgentRefine-v0", script="cool-tomato")
    assert played(slow) == played(usual)
    slow.close()
    usual.close()


def test_it_works_where_a_loop_is_running_already() -> None:
    async def notebook() -> list[Any]:
        env = gym.make("AgentRefine-v0", script="cool-tomato", dm=SlowDM())
        steps = played(env)
        env.close()
        return steps

    assert asyncio.run(notebook())[1][4]["turn"] == 1


def test_in_a_loop_of_the_callers_others_go_on_meanwhile() -> None:
    async def both() -> int:
        env = AgentRefineEnv("cool-tomato", dm=SlowDM())
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await env.reset_async(seed=3)
        for action in ACTIONS:
            await env.step_async(action)
        ticking.cancel()
        env.close()
        return ticks

    assert asyncio.run(both()) >= len(ACTIONS)


def test_how_it_is_waited_for_can_be_said() -> None:
    waited = 0

    async def count(awaitable: Awaitable[Any]) -> Any:
        nonlocal waited
        waited += 1
        return await directly(awaitable)

    async def play() -> None:
        env = AgentRefineEnv("cool-tomato", dm=SlowDM())
        await env.reset_async(seed=3, wait=count)
        for action in ACTIONS:
            await env.step_async(action, wait=count)
        env.close()

    asyncio.run(play())
    assert waited == 1 + len(ACTIONS)


@pytest.mark.parametrize("dm", [FailingDM, LateFailingDM])
def test_a_dm_that_raises_ends_the_episode_as_broken(dm: Callable[[], RulesDM]) -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato", dm=dm(), admissible_actions=True)
    _, before = env.reset(seed=3)
    _, reward, terminated, truncated, info = env.step("go west")
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["error"] == {"kind": "dm", "message": "RuntimeError: no more words"}
    assert info["assessment"] == before["assessment"]
    assert info["state_hash"] == before["state_hash"]
    assert env.unwrapped.snapshot()["truncated"]  # type: ignore[attr-defined]
    with pytest.raises(gym.error.ResetNeeded):
        env.step("go west")
    assert env.reset(seed=3)[1] == before
    env.close()


def test_a_wait_that_is_interrupted_is_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    threadsafe, called_off = asyncio.run_coroutine_threadsafe, threading.Event()

    def interrupted(*arguments: Any) -> Any:
        future = threadsafe(*arguments)
        monkeypatch.setattr(future, "result", _interrupt, raising=False)
        return future

    def _interrupt() -> None:
        raise KeyboardInterrupt

    async def ask() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            called_off.set()
            raise

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with Loop() as loop:
        with pytest.raises(KeyboardInterrupt):
            loop.run(ask())
        assert called_off.wait(10)
