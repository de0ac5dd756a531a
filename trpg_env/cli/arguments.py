"""Numbers and files on the command line."""

import argparse
import stat
from collections.abc import Sequence
from pathlib import Path

from trpg_env.cli.terminal import WrongUse
from trpg_env.trajectory.reading import reason

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


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


def check_files(files: Sequence[str]) -> None:
    """Find out whether files of trajectories can be read; what is no regular file might never end.

    Raises:
        WrongUse: One of them cannot.
    """
    for file in files:
        mode = _mode(file)
        if mode is None:
            shown = file or repr(file)
            raise WrongUse(f"{shown}: there is no such file; name what trpg-env rollout wrote")
        if not stat.S_ISREG(mode):
            kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
            raise WrongUse(f"{file} is {kind}; name a regular file, such as trpg-env rollout writes")


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
