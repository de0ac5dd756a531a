"""What players need of an environment beside its texts: its actions, and for those that know the world, the world."""

from typing import Any

import gymnasium as gym

from trpg_env.envs import AgentRefineEnv
from trpg_env.envs.text import TextEnv
from trpg_env.world import World


def text_env(env: gym.Env[Any, Any]) -> TextEnv:
    """The environment with what ours offer beside Gymnasium's methods, under wrappers that do not offer it.

    Raises:
        TypeError: It is none of ours, so nothing but its texts can be known.
    """
    inner: Any = env
    while not isinstance(inner, TextEnv):
        if not isinstance(inner, gym.Wrapper):
            raise TypeError(
                f"this player needs AgentRefine-v0 or a suite of trpg_env, not {type(inner).__name__}: it asks for actions"
            )
        inner = inner.env
    return inner


def environment_of(env: gym.Env[Any, Any]) -> AgentRefineEnv:
    """The environment under its wrappers.

    Raises:
        TypeError: It is not one of ours, so nothing but its texts can be known.
    """
    inner = env.unwrapped
    if not isinstance(inner, AgentRefineEnv):
        raise TypeError(
            f"this player needs AgentRefine-v0, not {type(inner).__name__}: it looks into the world"
        )
    return inner


def world_of(env: AgentRefineEnv) -> World:
    """The world that the engine plays.

    Raises:
        TypeError: The script is a narrative one, in whose world nothing can be planned.
    """
    if not isinstance(env.world, World):
        raise TypeError(
            f"this player plans, and {env.script.name!r} is a narrative script, which says in words alone what an action "
            "does: let a language model, a person or the random player play it"
        )
    return env.world
