"""What a trajectory says of the script and the episode it comes from: hash, name, family, instruction, id."""

import re
from collections.abc import Iterator
from pathlib import Path

from trpg_env.script import Fault, Script
from trpg_env.trajectory.identity import episode_id
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.wording import contrast, shown

_LIMIT = re.compile(r"You have ([1-9][0-9]{0,8}) turns\.")


def limit_of(trajectory: Trajectory) -> int | None:
    """After how many actions the episode is truncated, by the last line of its instruction; None where it does not say."""
    match = _LIMIT.fullmatch(trajectory.instruction.rpartition("\n")[2])
    return int(match[1]) if match else None


def names_of(script: Script) -> set[str]:
    """What a script may be called without a path: its own name, and that of its file."""
    names = {script.name}
    if script.origin is not None:
        names |= {script.origin, Path(script.origin).stem}
    return names


def check_script_played(trajectory: Trajectory, script: Script) -> Fault | None:
    """Find whether another script was played."""
    if trajectory.script_hash == script.hash:
        return None
    return Fault(
        f"{shown(trajectory.script_hash)} stands here, the script {shown(script.name)} has {shown(script.hash)}: "
        "it is not the one that was played",
        "script_hash",
    )


def check_origin(trajectory: Trajectory, script: Script, instruction: str | None) -> Iterator[Fault]:
    """Find what does not fit the script that was played.

    Args:
        trajectory: The trajectory.
        script: The script that was played: its hash is the trajectory's.
        instruction: The script's instruction with the trajectory's limit of turns; None where it has none.
    """
    name = trajectory.script
    # A file may have been moved since, a name may not: the hash says that it is the same script.
    if name is not None and name not in names_of(script) and not Path(name).is_absolute():
        yield Fault(f"{shown(name)} stands here, the script played is {shown(script.name)}", "script")
    if trajectory.family != script.family:
        yield Fault(
            f"{shown(trajectory.family)} stands here, the script's is {shown(script.family)}", "family"
        )
    if instruction is None:
        yield Fault('the last line is not "You have … turns."', "instruction")
    elif trajectory.instruction != instruction:
        stands, wanted = contrast(trajectory.instruction, instruction)
        yield Fault(f"{stands} stands here, the script gives {wanted}", "instruction")


def check_id(trajectory: Trajectory, limit: int) -> Fault | None:
    """Find whether an episode has another id than its script, seed, luck, limit of turns, player and DM give."""
    wanted = episode_id(
        trajectory.script_hash, trajectory.seed, trajectory.luck, limit, trajectory.player, trajectory.dm
    )
    if trajectory.id == wanted:
        return None
    return Fault(
        f'{shown(trajectory.id)} stands here; script, seed, luck, limit of turns, player and DM give "{wanted}"',
        "id",
    )
