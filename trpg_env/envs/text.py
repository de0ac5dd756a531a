"""What every environment of texts offers beside Gymnasium's own methods, whatever its episodes are made of.

Players, the runner and perturbations need no more than this, so a benchmark that offers it is played, kept and
measured as the scripts are.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from trpg_env.envs.waiting import Wait, directly

Step = tuple[str, float, bool, bool, dict[str, Any]]
"""What Gymnasium's `step` gives: observation, reward, terminated, truncated, info."""


@runtime_checkable
class TextEnv(Protocol):
    """A Gymnasium environment whose observations and actions are texts, with the contract's `info`."""

    @property
    def instruction(self) -> str:
        """What the player was told before the opening scene, by which every observation of `reset` begins."""
        ...

    @property
    def completed(self) -> Sequence[int]:
        """The completion conditions that hold now, by index; none where an episode has no such list."""
        ...

    @property
    def luck(self) -> int:
        """Which of several episodes with the same start this is, from 0 on."""
        ...

    @property
    def cut_short(self) -> bool:
        """Whether the episode ended because the conversation no longer fitted into the DM's context."""
        ...

    @property
    def answerer(self) -> object:
        """Who answers; what it has cost is its `usage`, where it has one."""
        ...

    async def reset_async(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, wait: Wait = directly
    ) -> tuple[str, dict[str, Any]]:
        """`reset`, where what must be waited for is waited for as `wait` says."""
        ...

    async def step_async(self, action: str, *, wait: Wait = directly) -> Step:
        """`step`, likewise."""
        ...

    def sample_action(self, rng: np.random.Generator) -> str:
        """A random action that can be understood, as the player writes it."""
        ...

    def worded(self, action: str) -> str:
        """An action in the environment's own words, as the player is to write it: another text where it is perturbed."""
        ...
