"""BabyAI's levels as minigrid makes them, without its pictures and without what it prints."""

from collections.abc import Iterator
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator
from gymnasium.error import Error

from trpg_env.suites.data import DataError


def make_level(name: str, seed: int) -> Any:
    """A level, reset.

    Args:
        name: Its id in Gymnasium's registry, such as `BabyAI-GoToRedBall-v0`.
        seed: What it is drawn from.

    Raises:
        DataError: minigrid has no such level.
    """
    # What minigrid registers is there once it is imported.
    base = import_module("minigrid.envs.babyai.core.roomgrid_level").RoomGridLevel
    try:
        spec = gym.spec(name)
    except Error:
        spec = None
    level: Any = None
    if spec is not None and isinstance(spec.entry_point, str) and spec.entry_point.startswith("minigrid."):
        level = load_env_creator(spec.entry_point)(**spec.kwargs)
    if not isinstance(level, base):
        raise DataError(
            f"minigrid has no level {name!r} of BabyAI's; they are called like BabyAI-GoToRedBall-v0"
        )
    # Each move would draw the player's view into an array, which is most of what it costs; `view` says what is seen.
    level.gen_obs = dict
    # A level that is drawn again says so on standard output, which another thread may be using.
    drawing = base._gen_grid
    names = {**drawing.__globals__, "print": _silent}
    level._gen_grid = MethodType(FunctionType(drawing.__code__, names, closure=drawing.__closure__), level)
    level.reset(seed=seed)
    return level


def _silent(*said: object) -> None:
    """Print nothing."""


def parts_done(level: Any) -> tuple[bool, ...]:
    """Which parts of the level's goal minigrid counts as done; none where it has one part."""
    return tuple(_parts(level.instrs))


def _parts(instruction: Any) -> Iterator[bool]:
    if hasattr(instruction, "a_done"):
        yield instruction.a_done == "success"
        yield instruction.b_done == "success"
        yield from _parts(instruction.instr_a)
        yield from _parts(instruction.instr_b)
