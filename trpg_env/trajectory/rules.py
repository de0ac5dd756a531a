"""What every trajectory keeps to, whatever was played: the order of its turns, what a DM's turn may say, how it may end.

Nothing is played here. Each check names the first bad turn only: what follows a bad turn is no evidence.
"""

from collections.abc import Iterator
from itertools import pairwise

from trpg_env.script import Fault
from trpg_env.trajectory.model import DMTurn, Trajectory
from trpg_env.trajectory.usage import CONTEXT_TOO_LONG
from trpg_env.trajectory.wording import shown

RULES_DM = "rules"
"""The kind of the DM that narrates from the script's own texts."""


def dm_turns(trajectory: Trajectory) -> list[tuple[int, DMTurn]]:
    """The DM's turns, each with its place among all turns."""
    return [(i, turn) for i, turn in enumerate(trajectory.turns) if isinstance(turn, DMTurn)]


def misplaced(trajectory: Trajectory) -> Fault | None:
    """The first turn that is the DM's where the player's belongs, or the other way round; or a last one of the player's."""
    role = "Player"
    for i, turn in enumerate(trajectory.turns):
        if turn.role == role:
            what = f"two turns in a row are the {role}'s" if i else "the first turn is the Player's"
            return Fault(f"{what}; DM and player take turns, the DM first", f"turns[{i}]")
        role = turn.role
    if role == "Player":
        return Fault("the last turn is the Player's; the DM's answer is missing", f"turns[{i}]")
    return None


def misnumbered(trajectory: Trajectory) -> Fault | None:
    """The first turn whose number is not its place."""
    for i, turn in enumerate(trajectory.turns):
        if turn.turn != i:
            return Fault(f"{shown(turn.turn)} stands here; turns are numbered from 0", f"turns[{i}].turn")
    return None


def check_turns(trajectory: Trajectory, conditions: int | None) -> Iterator[Fault]:
    """Find what no DM's turn may say.

    Args:
        trajectory: The trajectory; its turns alternate.
        conditions: How many completion conditions the script has; None where it is not known.
    """
    turns = dm_turns(trajectory)
    for find in (_flags, _message, _progress):
        fault = next(find(turns), None)
        if fault is not None:
            yield fault
    fault = next(_completed(turns, conditions), None)
    if fault is not None:
        yield fault
    elif trajectory.success and conditions is not None:
        # With a parameter error nothing else is judged.
        reached = {i for _, turn in turns if not turn.parameter_error for i in turn.completed}
        if len(reached) < conditions:
            missing = min(set(range(conditions)) - reached)
            yield Fault(f"true stands here, but condition {missing} is never completed", "success")


def _flags(turns: list[tuple[int, DMTurn]]) -> Iterator[Fault]:
    for i, turn in turns:
        if i == 0 and turn.error is not None:
            yield Fault("the opening assesses nothing, and has no flag", f"turns[0].{turn.error}_error")
        if turn.parameter_error and (turn.place_error or turn.logic_error):
            yield Fault("with a parameter error the other flags are false", f"turns[{i}]")


def _message(turns: list[tuple[int, DMTurn]]) -> Iterator[Fault]:
    for i, turn in turns:
        if turn.message and turn.error is None:
            yield Fault(f"{shown(turn.message)} stands here without a flag", f"turns[{i}].message")


def _progress(turns: list[tuple[int, DMTurn]]) -> Iterator[Fault]:
    before = 0.0
    for i, turn in turns:
        place = f"turns[{i}].progress"
        if not 0 <= turn.progress <= 1:
            yield Fault(f"{shown(turn.progress)} is not between 0 and 1", place)
        elif turn.progress < before:
            yield Fault(f"falls from {shown(before)} to {shown(turn.progress)}; what is reached stays", place)
        before = turn.progress


def _completed(turns: list[tuple[int, DMTurn]], conditions: int | None) -> Iterator[Fault]:
    for i, turn in turns:
        place = f"turns[{i}].completed"
        for index in turn.completed:
            if index < 0 or (conditions is not None and index >= conditions):
                of = "" if conditions is None else f"; the script has {conditions}, numbered from 0"
                yield Fault(f"there is no condition {shown(index)}{of}", place)
        if any(a >= b for a, b in pairwise(turn.completed)):
            yield Fault(f"{shown(turn.completed)} is not in ascending order", place)


def check_judged(trajectory: Trajectory, conditions: int) -> Fault | None:
    """Find what no rollout of a narrative script tells of, whatever its DM judged.

    Conditions that are met stay met and make up the progress; an erroneous action changes nothing.

    Args:
        trajectory: The trajectory; its turns alternate.
        conditions: How many completion conditions the script has.
    """
    turns = dm_turns(trajectory)
    before = turns[0][1]
    for i, turn in turns:
        if turn.error is not None:
            for name in ("completed", "progress", "state_hash"):
                stands, stood = getattr(turn, name), getattr(before, name)
                if stands != stood:
                    return Fault(
                        f"{shown(stands)} stands here, {shown(stood)} before; an erroneous action changes nothing",
                        f"turns[{i}].{name}",
                    )
        lost = set(before.completed) - set(turn.completed)
        if lost:
            return Fault(
                f"condition {min(lost)} was completed before and is missing; what is met stays met",
                f"turns[{i}].completed",
            )
        if turn.progress != len(turn.completed) / conditions:
            return Fault(
                f"{shown(turn.progress)} stands here, with {len(turn.completed)} of {conditions} conditions completed",
                f"turns[{i}].progress",
            )
        before = turn
    return None


def check_ending(trajectory: Trajectory, *, whole: bool = True) -> Iterator[Fault]:
    """Find where success, progress, outcome, error, parent and source contradict the turns or one another.

    Args:
        trajectory: The trajectory.
        whole: Whether success makes progress 1, as in scripts; benchmarks have other rules.
    """
    success, outcome, last = trajectory.success, trajectory.outcome, trajectory.turns[-1]
    if success != (outcome == "completed"):
        yield Fault(f'{shown(success)} stands here, with the outcome "{outcome}"', "success")
    if isinstance(last, DMTurn) and trajectory.progress != last.progress:
        yield Fault(
            f"{shown(trajectory.progress)} stands here, {shown(last.progress)} in the last turn", "progress"
        )
    elif whole and success and trajectory.progress != 1:
        yield Fault(f"{shown(trajectory.progress)} stands here; success makes progress 1", "progress")
    if outcome == "error" and trajectory.error is None:
        yield Fault('null stands here, with the outcome "error"', "error")
    if outcome != "error" and trajectory.error is not None:
        yield Fault(
            f'an error of the kind {shown(trajectory.error.kind)}, with the outcome "{outcome}"', "error"
        )
    if trajectory.parent is not None and not 0 <= trajectory.parent.turn < len(trajectory.turns):
        yield Fault(
            f"the episode has no turn {shown(trajectory.parent.turn)} to have begun at", "parent.turn"
        )
    if trajectory.source == "synthesis" and trajectory.dm.kind == RULES_DM:
        yield Fault('"synthesis" stands here, but the rules DM answers in play only', "source")


def check_limit(trajectory: Trajectory, limit: int) -> Iterator[Fault]:
    """Find turns beyond the limit of a rollout, and one that is truncated though turns and a model's context were left."""
    taken = len(trajectory.turns) // 2
    if taken > limit:
        yield Fault(f"the player has {limit} turns, and takes one more", f"turns[{2 * limit + 1}]")
    elif trajectory.outcome == "truncated" and taken < limit and not trajectory.usage.get(CONTEXT_TOO_LONG):
        yield Fault(f'"truncated" stands here after {taken} of {limit} turns', "outcome")
