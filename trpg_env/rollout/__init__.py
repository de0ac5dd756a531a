"""Playing many episodes: scripts and an agent in, trajectories out.

The function `rollout` is the package's name too, and `import trpg_env` brings it; hence what it needs is
imported when it is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from trpg_env.agents import Agent, Function
    from trpg_env.dm import DungeonMaster
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
    dm: "str | DungeonMaster" = "rules",
    concurrency: int = 1,
    processes: int = 1,
    out: "str | os.PathLike[str] | None" = None,
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
        dm: Who answers: `"rules"`, or a DM object; each environment has a deep copy.
        concurrency: How many episodes are in flight: agents and DMs that are coroutines wait side by side. Each
            one but the first is played by a deep copy of the agent.
        processes: How many processes play, for players that compute much; agent and DM are pickled, and a program
            that does so guards its entry with `if __name__ == "__main__":`.
        out: A file to which each trajectory is appended before it is yielded. Episodes that the file has already are
            neither played nor yielded again, so a run that was interrupted goes on.
        sandbox: Where the scripts' own checks run; each of several processes has one with the same settings. Without
            one, one is started for the run.

    Yields:
        A trajectory as soon as its episode has ended. What is played is the same whatever `concurrency` and
        `processes` are; only the order in which episodes end is not.

    Raises:
        ScriptError: A script cannot be loaded.
        ValueError: A number is out of range, there is no script, the DM cannot play one, or agent or DM cannot be
            copied (with several episodes in flight) or pickled (with several processes).
        TypeError: `agent` is no agent, or a number is none.
        StoreError: `out` cannot be written, or holds another run: with the first trajectory, as is what follows.
        RunError: A process does not start.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> [t.outcome for t in rollout("cool-tomato", PlannerAgent(), n=2)]
        ['completed', 'completed']
    """
    from trpg_env.rollout.prepared import Rollout  # noqa: PLC0415

    wanted: list[Any] = list(scripts) if isinstance(scripts, list | tuple) else [scripts]
    return Rollout(
        wanted,
        agent,
        n,
        seed,
        luck=luck,
        max_turns=max_turns,
        dm=dm,
        concurrency=concurrency,
        processes=processes,
        sandbox=sandbox,
    ).trajectories(out)
