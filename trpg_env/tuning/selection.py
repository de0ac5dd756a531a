"""Which trajectories become records, and why the others do not."""

from collections.abc import Iterable, Iterator

from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory, error_and_refines
from trpg_env.tuning.conversation import conversation
from trpg_env.tuning.options import Options
from trpg_env.tuning.summary import Summary


def selected(trajectories: Iterable[Trajectory], summary: Summary) -> Iterator[Trajectory]:
    """The trajectories that are wanted, each episode once; what is read and what is left out is counted.

    An episode is known again by its id, which is kept in memory for each one that is wanted.
    """
    seen: set[str] = set()
    for trajectory in trajectories:
        summary.read.add(trajectory)
        if trajectory.family in summary.options.exclude:
            summary.excluded.add(trajectory.family)
        reason = why_not(trajectory, summary.options)
        if reason is None and trajectory.id in seen:
            reason = "the same episode again"
        if reason is not None:
            summary.left_out[reason] += 1
            continue
        seen.add(trajectory.id)
        yield trajectory


def why_not(trajectory: Trajectory, options: Options) -> str | None:
    """Why a trajectory is left out; None for one that is wanted."""
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
    messages = conversation(trajectory, options.ablation)
    if not messages:
        return "no correct reply"
    if not any(message.loss for message in messages):
        return "no reply counts towards the loss"  # trainers divide by the number of tokens that count
    return None


def _alternates(trajectory: Trajectory) -> bool:
    turns = trajectory.turns
    return len(turns) % 2 == 1 and all(
        isinstance(turn, PlayerTurn if i % 2 else DMTurn) for i, turn in enumerate(turns)
    )
