"""Many environments asked at once, for callers that ask one after another.

Gymnasium's vector environment steps its environments in a row. Where a dungeon master waits for a model, all of them
are asked together before, and each then gives what has come of it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from trpg_env.envs.environment import AgentRefineEnv


class Ahead(gym.Wrapper[str, str, str, str]):
    """An environment whose next results may have come already.

    Args:
        env: The environment.
    """

    def __init__(self, env: AgentRefineEnv) -> None:
        super().__init__(env)
        self._inner = env
        self._results: deque[Any] = deque()

    def forget(self) -> None:
        """Drop what has come and was not asked for."""
        self._results.clear()

    async def reset_ahead(self, seed: int | None, options: dict[str, Any] | None) -> None:
        """Reset now; the next `reset` gives what came of it."""
        try:
            self._results.append(await self._inner.reset_async(seed=seed, options=options))
        except Exception as error:
            self._results.append(error)

    async def step_ahead(self, action: str, *, reset_after: bool) -> None:
        """Step now; the next `step` gives what came of it.

        Args:
            action: The action.
            reset_after: Whether an episode that ends is followed by the next at once.
        """
        try:
            step = await self._inner.step_async(action)
        except Exception as error:
            self._results.append(error)
            return
        self._results.append(step)
        if reset_after and (step[2] or step[3]):
            await self.reset_ahead(None, None)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """What `reset_ahead` gave, or else a reset."""
        return self._next() if self._results else self._inner.reset(seed=seed, options=options)

    def step(self, action: str) -> Any:
        """What `step_ahead` gave, or else a step."""
        return self._next() if self._results else self._inner.step(action)

    def _next(self) -> Any:
        result = self._results.popleft()
        if isinstance(result, Exception):
            raise result
        return result


async def together(asked: Sequence[Any]) -> None:
    """Wait for all of some coroutines."""
    await asyncio.gather(*asked)
