"""What players that know the world need of an environment: the script's world and the state of play."""

from typing import Any

import gymnasium as gym

from trpg_env.envs import AgentRefineEnv


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
