"""What a trajectory says of the script and the episode it comes from: hash, name, family, instruction, id."""

import re
from collections.abc import Iterator
from pathlib import Path

from trpg_env.script import Fault, Script, library
from trpg_env.script.names import fold
from trpg_env.trajectory.identity import episode_id
from trpg_env.trajectory.model import Trajectory, writable
from trpg_env.trajectory.wording import contrast, shown

_LIMIT = re.compile(r"You have ([1-9][0-9]{0,8}) turns?\.")


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


def family_of(script: Script, played: str | None) -> str:
    """The family that a script had when it was played.

    Where the data names neither family nor script, its file did, and that may be called otherwise since.

    Args:
        script: The script.
        played: What the trajectory calls it: a library name, a path, or None for a mapping.
    """
    if _says(script, "family") or _says(script, "name"):
        return writable(script.family)
    return "script" if played is None else Path(played).stem


def _says(script: Script, key: str) -> bool:
    return any(fold(name) == key and bool(value) for name, value in script.source.data.items())


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
    if name is not None and not _may_be_called(script, name):
        yield Fault(f"{shown(name)} stands here, the script played is {shown(script.name)}", "script")
    family = family_of(script, name)
    if trajectory.family != family:
        yield Fault(f"{shown(trajectory.family)} stands here, the script's is {shown(family)}", "family")
    if instruction is None:
        yield Fault('the last line is not "You have … turns."', "instruction")
    elif trajectory.instruction != instruction:
        stands, wanted = contrast(trajectory.instruction, instruction)
        yield Fault(f"{stands} stands here, the script gives {wanted}", "instruction")


def _may_be_called(script: Script, name: str) -> bool:
    # A file may have been moved since, the hash says that it is the same script; a name of its own it keeps.
    if Path(name).is_absolute() or name in names_of(script):
        return True
    return name in library() and script.origin not in library() and not _says(script, "name")


def check_id(trajectory: Trajectory, limit: int) -> Fault | None:
    """Find whether an episode has another id than all gives that determines it."""
    t = trajectory
    wanted = episode_id(t.script_hash, t.seed, t.luck, limit, t.player, t.dm, t.parent)
    if trajectory.id == wanted:
        return None
    return Fault(
        f'{shown(trajectory.id)} stands here; script, seed, luck, limit of turns, player, DM and parent give "{wanted}"',
        "id",
    )
