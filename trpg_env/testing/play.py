"""Playing a script in a test: actions in, what happened at each of them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.envs import AgentRefineEnv
from trpg_env.script import ScriptLike
from trpg_env.world import World
from trpg_env.world.values import plain


@dataclass(frozen=True)
class Played:
    """What happened at one action.

    Attributes:
        action: The action's text.
        observation: What the player was told.
        error: `parameter`, `place` or `logic`; where the script's own check did not answer, why (`timeout`, say).
            None where the action was carried out.
        message: What was wrong; empty where nothing was.
        reward: The increase of progress.
        progress: The share of milestones reached so far.
        success: Whether the goal was reached.
        terminated: Whether the episode ended, with or without success.
        truncated: Whether it ran out of turns.
        state: The world after it: entity → attribute → value.
        info: All that the environment told.
    """

    action: str
    observation: str
    error: str | None
    message: str
    reward: float
    progress: float
    success: bool
    terminated: bool
    truncated: bool
    state: dict[str, dict[str, Any]]
    info: dict[str, Any]


def play(
    script: ScriptLike,
    actions: Sequence[str],
    seed: int = 0,
    *,
    luck: int = 0,
    variation: int | None = None,
    max_turns: int | None = None,
) -> list[Played]:
    """Play actions in a script's world.

    Args:
        script: A library name, a path, a mapping, or a script.
        actions: The actions' texts, in order.
        seed: The episode's seed.
        luck: Its luck.
        variation: The variation by number, instead of by the seed.
        max_turns: After how many actions the episode is truncated.

    Returns:
        What happened at each action.

    Raises:
        ScriptError: The script cannot be loaded.
        TypeError: `actions` is one text instead of a list.
        ValueError: There are actions left when the episode has ended, or the rules cannot play the script.

    Example:
        >>> step = play("cool-tomato", ["take tomato"], variation=1)[0]
        >>> step.error, step.state["tomato"]["at"]
        (None, 'player')
    """
    if isinstance(actions, str):
        raise TypeError(f"actions are a list of texts; write [{actions!r}]")
    env = AgentRefineEnv(script, max_turns=max_turns)
    played: list[Played] = []
    try:
        env.reset(seed=seed, options={"luck": luck, "variation": variation})
        for action in actions:
            if not env.episode.playing:
                last = played[-1]
                why = f": {last.message}" if last.error and last.terminated is False and last.message else ""
                raise ValueError(
                    f"the episode ended with action {len(played)} of {len(actions)}, {last.action!r}{why}"
                )
            observation, reward, terminated, truncated, info = env.step(action)
            broken = info["error"]
            assert isinstance(env.world, World), "the rules play grounded scripts"
            by_entity = env.world.layout.by_entity(env.state.values)
            played.append(
                Played(
                    action,
                    observation,
                    env.ruling.error if env.ruling else broken["kind"],
                    info["assessment"]["message"] or broken["message"] or "",
                    reward,
                    info["progress"],
                    info["success"],
                    terminated,
                    truncated,
                    {entity: {a: plain(x) for a, x in of.items()} for entity, of in by_entity.items()},
                    info,
                )
            )
    finally:
        env.close()
    return played
