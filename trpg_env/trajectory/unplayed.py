"""Verifying what cannot be played again: no script is at hand, so that only what needs none is looked at."""

from trpg_env.script import Fault
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.rules import check_ending, check_turns, misnumbered, misplaced


def verify_unplayed(trajectory: Trajectory) -> list[Fault]:
    """Find what is wrong with a trajectory, whatever was played: its turns, flags and ending.

    Args:
        trajectory: Such as one that others have kept, or one of a benchmark.

    Example:
        >>> from trpg_env.chats import conversation_of, imported_trajectory
        >>> said = [{"role": "user", "content": "A door."}, {"role": "assistant", "content": "Action: open door"}]
        >>> verify_unplayed(imported_trajectory(conversation_of(said), "rooms"))
        []
    """
    out_of_place = misplaced(trajectory)
    found = [fault for fault in (misnumbered(trajectory), out_of_place) if fault is not None]
    found += check_ending(trajectory, whole=False)
    return found if out_of_place is not None else [*found, *check_turns(trajectory, None)]
