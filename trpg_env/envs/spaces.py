"""Spaces of text that contain any Unicode text up to their length."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Text

from trpg_env.script.program import Action
from trpg_env.world.sampling import sample_action


class AnyText(Text):
    """Every text of at most `max_length` characters.

    Example:
        >>> "naïve 茶" in AnyText(10), "too long" in AnyText(3)
        (True, False)
    """

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(max_length, min_length=0, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def is_np_flattenable(self) -> bool:
        """Any Unicode text: there is no alphabet to flatten over."""
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.max_length})"


class ActionText(AnyText):
    """Any text; samples are valid actions of a script in the environment's action format.

    Args:
        max_length: The longest text, in characters.
        actions: The script's actions.
        wrap: From an action to the text that the environment takes.
        seed: The seed for sampling.
    """

    def __init__(
        self,
        max_length: int,
        actions: Sequence[Action],
        wrap: Callable[[str], str] = str,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        super().__init__(max_length, seed)
        self.actions = tuple(actions)
        self._wrap = wrap

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A random valid action.

        Raises:
            ValueError: A mask was given; masks are over alphabets, and there is none.
        """
        if mask is not None or probability is not None:
            raise ValueError("actions are sampled from the script's templates; masks do not apply")
        return self._wrap(sample_action(self.actions, self.np_random))

    def __deepcopy__(self, memo: dict[int, Any]) -> "ActionText":
        copied = ActionText(self.max_length, self.actions, self._wrap)
        if self._np_random is not None:
            copied._np_random = np.random.Generator(type(self._np_random.bit_generator)())
            copied._np_random.bit_generator.state = self._np_random.bit_generator.state
        return copied
