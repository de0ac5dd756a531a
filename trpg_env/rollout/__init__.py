"""Playing many episodes: scripts and an agent in, trajectories out.

The function `rollout` is the package's name too, and `import trpg_env` brings it; hence what it needs is
imported when it is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trpg_env.agents import Agent, Function
    from trpg_env.sandbox import Sandbox
    from trpg_env.script import ScriptLike
    from trpg_env.trajectory import Trajectory

__all__ = ["rollout"]


def rollout(
    scripts: "ScriptLike | Sequence[ScriptLike]",
    agent: "Agent | Function",
    n: int,
    seed: int = 0,
    *,
    luck: int = 0,
    max_turns: int | None = None,
    sandbox: "Sandbox | None" = None,
) -> "Iterator[Trajectory]":
    """Play episodes.

    Args:
        scripts: One script or several; episodes are dealt out to them in turn.
        agent: Who plays: an agent, or a callable from observation and info to an action.
        n: How many episodes in all, 0 or more.
        seed: The run's seed; each episode's seed follows from it and the episode's number.
        luck: The luck of every episode.
        max_turns: After how many actions an episode is truncated; each script's own number where left out.
        sandbox: Where the scripts' own checks run; without one, one is started for the run.

    Yields:
        A trajectory as soon as its episode has ended.

    Raises:
        ScriptError: A script cannot be loaded.
        ValueError: `n` is negative, there is no script, or a script cannot be played by the rules.
        TypeError: `agent` is no agent.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> [t.outcome for t in rollout("cool-tomato", PlannerAgent(), n=2)]
        ['completed', 'completed']
    """
    from trpg_env.agents import as_agent  # noqa: PLC0415
    from trpg_env.rollout.runner import play_all  # noqa: PLC0415

    wanted: list[Any] = list(scripts) if isinstance(scripts, list | tuple) else [scripts]
    if n < 0 or not wanted:
        raise ValueError("a rollout wants at least one script and a number of episodes, 0 or more")
    return play_all(wanted, as_agent(agent), n, seed, luck, max_turns, sandbox)
