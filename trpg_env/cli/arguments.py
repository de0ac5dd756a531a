"""Numbers, scripts and files on the command line."""

import argparse
import stat
from collections.abc import Sequence
from pathlib import Path

from trpg_env.cli.terminal import WrongUse
from trpg_env.script import library
from trpg_env.script.load import SUFFIXES
from trpg_env.trajectory.reading import kind_of, reason


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal() or len(text) > 12:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a whole number from 0 to 999999999999")
    return int(text)


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    if not count(text):
        raise argparse.ArgumentTypeError("0 is too few; 1 or more")
    return int(text)


def share(text: str) -> float:
    """A share of families, above 0 and below 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a share above 0 and below 1, such as 0.05")
    return value


def scripts_in(named: Sequence[str]) -> list[str]:
    """Scripts by name or path; a folder stands for the scripts in it, in the order of their names.

    Raises:
        WrongUse: A folder has none, or cannot be read.
    """
    found: list[str] = []
    for name in named:
        if name in library() or not _is_folder(name):
            found.append(name)  # what it is else is for `load_script` to say
            continue
        try:
            files = (path for path in Path(name).iterdir() if path.suffix in SUFFIXES)
            inside = sorted(str(path) for path in files if not path.name.startswith("."))
        except OSError as error:
            raise WrongUse(f"{name} cannot be read: {reason(error)}") from None
        if not inside:
            raise WrongUse(
                f"{name} has no scripts in it; name a folder with {', '.join(SUFFIXES)} files, or a script"
            )
        found += inside
    return found


def _is_folder(name: str) -> bool:
    try:
        return bool(name) and Path(name).is_dir()
    except (OSError, ValueError):
        return False


def check_files(files: Sequence[str]) -> None:
    """Find out whether files of trajectories can be read; what is no regular file might never end.

    Raises:
        WrongUse: One of them cannot.
    """
    for file in files:
        mode = _mode(file)
        if mode is None:
            shown = file or repr(file)
            raise WrongUse(f"{shown}: there is no such file; name what trpg-env rollout or generate wrote")
        if not stat.S_ISREG(mode):
            inner = Path(file) / "episodes.jsonl"
            known = str(inner) if _mode(str(inner)) else "trpg-env rollout writes"
            raise WrongUse(f"{file} is {kind_of(mode)}; name a regular file, such as {known}")


def _mode(file: str) -> int | None:
    """What kind of file it is; None where there is none."""
    if not file:
        return None
    try:
        return Path(file).stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {reason(error)}") from None
