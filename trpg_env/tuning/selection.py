"""Which trajectories become records, and why the others do not."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory, error_and_refines
from trpg_env.tuning.conversation import Message, conversation
from trpg_env.tuning.formats import Episode
from trpg_env.tuning.options import Options
from trpg_env.tuning.summary import Summary

AGAIN = "the same episode again"
ANOTHER = "another episode of the same id: give players that differ another kind, model or sampling"


def selected(
    trajectories: Iterable[Trajectory], summary: Summary, system: str | None = None
) -> Iterator[Episode]:
    """The episodes that are wanted, each once; what is read and what is left out is counted.

    An episode is known again by its id, which is kept in memory for each one that is wanted, with a few bytes by
    which its turns are known again: players that call themselves alike give their episodes the same ids.

    Args:
        trajectories: What was played.
        summary: What counts them, and holds the options.
        system: A system message for each conversation to begin with.
    """
    seen: dict[str, bytes] = {}
    for trajectory in trajectories:
        summary.read.add(trajectory)
        if trajectory.family in summary.options.exclude:
            summary.excluded.add(trajectory.family)
        messages: list[Message] = []
        reason = why_not(trajectory, summary.options)
        if reason is None:
            messages = conversation(trajectory, summary.options.ablation, system)
            reason = _untrainable(messages)
        if reason is None:
            turns = _digest(trajectory)
            if trajectory.id in seen:
                reason = AGAIN if seen[trajectory.id] == turns else ANOTHER
            else:
                seen[trajectory.id] = turns
        if reason is not None:
            summary.left_out[reason] += 1
            continue
        yield Episode(trajectory, messages)


def why_not(trajectory: Trajectory, options: Options) -> str | None:
    """Why a trajectory is left out, whatever conversation it is; None for one that is wanted."""
    if trajectory.outcome == "error":
        return "the episode broke"
    if not _alternates(trajectory):
        return "its turns are not the DM's and the player's in turn"
    if trajectory.family in options.exclude:
        return "the family is excluded"
    if options.success_only and not trajectory.success:
        return "the goal was not reached"
    if error_and_refines(trajectory) < options.min_refinements:
        return f"fewer than {options.min_refinements} error-and-refines"
    return None


def _untrainable(messages: Sequence[Message]) -> str | None:
    """Why nothing is to be learnt from a conversation; None where there is something."""
    if not messages:
        return "no correct reply"
    if not any(message.loss for message in messages):
        return "no reply counts towards the loss"  # trainers divide by the number of tokens that count
    return None


def _digest(trajectory: Trajectory) -> bytes:
    told = "\0".join(
        f"{turn.thought}\0{turn.observation}\0{turn.error}\0{turn.state_hash}"
        if isinstance(turn, DMTurn)
        else f"{turn.thought}\0{turn.action}\0{turn.reply}"
        for turn in trajectory.turns
    )
    return hashlib.blake2b(told.encode(errors="surrogatepass"), digest_size=12).digest()


def _alternates(trajectory: Trajectory) -> bool:
    turns = trajectory.turns
    return len(turns) % 2 == 1 and all(
        isinstance(turn, PlayerTurn if i % 2 else DMTurn) for i, turn in enumerate(turns)
    )
