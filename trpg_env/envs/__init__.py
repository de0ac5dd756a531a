"""Gymnasium's face of a script: the environment, its vector form, spaces and wrappers."""

from typing import Any

import gymnasium as gym

from trpg_env.envs.environment import AgentRefineEnv
from trpg_env.envs.react import ReAct, Reply, format_reply, parse_reply
from trpg_env.envs.vector import AgentRefineVectorEnv
from trpg_env.envs.waiting import Loop, Wait, directly
from trpg_env.script import ScriptLike

__all__ = [
    "AgentRefineEnv",
    "AgentRefineVectorEnv",
    "Loop",
    "ReAct",
    "Reply",
    "Wait",
    "directly",
    "format_reply",
    "make",
    "make_vector",
    "parse_reply",
]


def make(
    script: ScriptLike | None = None, *, action_format: str = "plain", **keywords: Any
) -> gym.Env[str, str]:
    """What `gym.make("AgentRefine-v0", …)` calls.

    Args:
        script: A library name, a path, a mapping, or a script.
        action_format: `"plain"` (an action's text) or `"react"` (a whole `Thought: … Action: …` reply).
        **keywords: Keywords of `AgentRefineEnv`, such as `sandbox`: where the script's own checks run.

    Raises:
        ValueError: No script, or an unknown format.
    """
    _check(script, action_format)
    assert script is not None
    env = AgentRefineEnv(script, **keywords)
    return ReAct(env) if action_format == "react" else env


def make_vector(
    num_envs: int = 1, script: Any = None, *, action_format: str = "plain", **keywords: Any
) -> AgentRefineVectorEnv:
    """What `gym.make_vec("AgentRefine-v0", …)` calls.

    Args:
        num_envs: How many environments.
        script: One script for all, or a list that is dealt out in turn.
        action_format: `"plain"` or `"react"`.
        **keywords: Keywords of `AgentRefineEnv`, such as `sandbox`, which all environments share; and `autoreset_mode`.

    Raises:
        ValueError: No script, or an unknown format.
    """
    _check(script, action_format)
    return AgentRefineVectorEnv(num_envs, script=script, action_format=action_format, **keywords)


def _check(script: object, action_format: str) -> None:
    if script is None:
        raise ValueError('name a script: gym.make("AgentRefine-v0", script="cool-tomato")')
    if action_format not in ("plain", "react"):
        raise ValueError(f'action_format={action_format!r} is not "plain" or "react"')
