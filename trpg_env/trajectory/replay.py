"""Playing a trajectory again: the script, seed, luck and actions decide every turn of the DM's.

The episode is the one that environments play, so that what is compared came about in the same way.
"""

from typing import Any

from trpg_env.dm import RulesDM
from trpg_env.envs.episode import Episode
from trpg_env.envs.perturbations.vocabulary import understood_in
from trpg_env.envs.perturbations.wording import Wording
from trpg_env.envs.react import Refused
from trpg_env.envs.reward import Reward
from trpg_env.script import Fault
from trpg_env.trajectory.model import DMTurn, Outcome, PlayerTurn, Trajectory
from trpg_env.trajectory.replies import given
from trpg_env.trajectory.rules import RULES_DM
from trpg_env.trajectory.usage import CONTEXT_TOO_LONG
from trpg_env.trajectory.wording import contrast, shown
from trpg_env.world import World

_NO_LIMIT = 10**9
_MOST_LIMITS = 32
"""For how many limits of turns an episode is kept at once."""

_DECIDED = ("parameter_error", "place_error", "logic_error", "progress", "completed", "state_hash")
_NARRATED = (*_DECIDED[:3], "message", "observation", *_DECIDED[3:], "thought")


class Replay:
    """Plays trajectories of one grounded script again.

    Args:
        world: The script's world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._episodes: dict[int, Episode] = {}

    def check(
        self, trajectory: Trajectory, limit: int | None, wording: Wording | None = None
    ) -> Fault | None:
        """Find the first turn, or else the outcome, that is not what play gives.

        Args:
            trajectory: A rollout of the script; its turns alternate.
            limit: After how many actions it was truncated; None where that is not known.
            wording: The words in which it was played; None for the script's own.
        """
        episode = self._episode(limit or _NO_LIMIT)
        turns = trajectory.turns
        error = trajectory.error if trajectory.outcome == "error" else None
        broken = error is not None and error.unjudged
        if broken and len(turns) == 1:
            return None if _says_nothing(turns[0]) else _judged_though_broken(trajectory)
        fields = _NARRATED if trajectory.dm.kind == RULES_DM else _DECIDED
        told = episode.begin(trajectory.seed, trajectory.luck, None)
        # As `reset` gives it, and the runner takes it apart.
        opening = told.observation.removeprefix(episode.instruction).removeprefix("\n\n")
        heard = (opening, told.info) if wording is None else (wording.said(opening), wording.info(told.info))
        fault = _difference(0, turns[0], *heard, episode, fields)
        if fault is not None:
            return fault
        outcome: Outcome | None = None
        for i in range(2, len(turns), 2):
            if outcome is not None:
                return Fault(f'play has ended before: "{outcome}" with turns[{i - 2}]', f"turns[{i - 1}]")
            player = turns[i - 1]
            assert isinstance(player, PlayerTurn), "turns alternate"
            action = given(trajectory, player)
            if wording is not None:
                action = wording.meant(action, understood_in(self._world, episode.state))
            observation, _, terminated, truncated, info = episode.act(action)
            if wording is not None:
                refused = action.message if isinstance(action, Refused) else None
                observation, info = wording.heard(observation, "", refused), wording.info(info, refused)
            broke, last = info["error"]["kind"], i == len(turns) - 1
            if broken and last:
                if not _changes_nothing(turns[i], turns[i - 2]):
                    return _judged_though_broken(trajectory)
                if broke is None:
                    return None  # a model, or a check that has answered this time
            elif broke is not None:
                return Fault(
                    f"cannot be played again: the check of the action before it did not answer ({broke})",
                    f"turns[{i}]",
                )
            fault = _difference(i, turns[i], observation, info, episode, fields)
            if fault is not None:
                return fault
            if broke is None and (terminated or truncated):
                outcome = "truncated" if truncated else "completed" if info["success"] else "failed"
        return _wrong_outcome(trajectory, outcome, limit)

    def _episode(self, limit: int) -> Episode:
        episode = self._episodes.get(limit)
        if episode is None:
            if len(self._episodes) >= _MOST_LIMITS:
                self._episodes.clear()
            episode = Episode(self._world, RulesDM(), Reward("sparse"), limit, admissible_actions=False)
            self._episodes[limit] = episode
        return episode


def _difference(
    i: int, turn: Any, observation: str, info: dict[str, Any], episode: Episode, fields: tuple[str, ...]
) -> Fault | None:
    """Where a DM's turn is not what play gave; most are, and are told by one comparison."""
    flags = info["assessment"]
    completed = episode.state.completed
    if (
        turn.state_hash == info["state_hash"]
        and turn.progress == info["progress"]
        and tuple(turn.completed) == completed
        and turn.parameter_error is flags["parameter_error"]
        and turn.place_error is flags["place_error"]
        and turn.logic_error is flags["logic_error"]
        and (
            fields is _DECIDED
            or (
                turn.observation == observation
                and turn.message == flags["message"]
                and turn.thought == info["thought"]
            )
        )
    ):
        return None
    # As a turn of its own, for what a file cannot hold is replaced in it.
    played = DMTurn(
        turn=i,
        thought=info["thought"],
        observation=observation,
        **flags,
        progress=info["progress"],
        completed=list(completed),
        state_hash=info["state_hash"],
    )
    differing = [name for name in fields if getattr(turn, name) != getattr(played, name)]
    if not differing:
        return None
    first, *others = differing
    stands, wanted = contrast(getattr(turn, first), getattr(played, first))
    too = f"; {', '.join(others)} too" if others else ""
    return Fault(f"{stands} stands here, play gives {wanted}{too}", f"turns[{i}].{first}")


def _says_nothing(turn: Any) -> bool:
    """Whether an opening is that of an episode of which nothing is left."""
    said = (turn.error, turn.message, turn.thought, turn.observation, turn.progress, turn.completed)
    return said == (None, "", "", "", 0, []) and not turn.state_hash


def _changes_nothing(turn: Any, before: Any) -> bool:
    """Whether a turn assesses nothing and leaves the world as it was: so it is where a check or a DM breaks."""
    return (
        turn.error is None
        and not turn.message
        and (turn.progress, turn.completed, turn.state_hash)
        == (before.progress, before.completed, before.state_hash)
    )


def _judged_though_broken(trajectory: Trajectory) -> Fault:
    assert trajectory.error is not None, "it is broken"
    return Fault(
        f"the episode broke here ({shown(trajectory.error.kind)}), yet this turn tells of a world that was played on",
        f"turns[{len(trajectory.turns) - 1}]",
    )


def _wrong_outcome(trajectory: Trajectory, played: Outcome | None, limit: int | None) -> Fault | None:
    said, turns = trajectory.outcome, len(trajectory.turns) // 2
    if played is None and said == "truncated" and (limit is None or trajectory.usage.get(CONTEXT_TOO_LONG)):
        return None
    if said == played or (said == "error" and played is None):
        return None
    gives = (
        f'play gives "{played}"'
        if played is not None
        else f"play goes on after turn {turns}{f' of {limit}' if limit else ''}"
    )
    return Fault(f"{shown(said)} stands here, {gives}", "outcome")
