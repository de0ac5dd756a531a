"""What goes to the terminal: results on standard output, all else on standard error, no control characters."""

import re
import sys
from typing import TextIO

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_LONGEST = 800
"""The longest complaint, in characters: file names and values may be of any length."""


class WrongUse(Exception):
    """The command was called wrongly; the text is the one line that says what to write instead."""


def clean(text: str) -> str:
    """A text from a script or a file without what a terminal would obey or cannot show."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def show(text: str) -> None:
    """Write a result to standard output."""
    _write(sys.stdout, text)


def tell(text: str) -> None:
    """Write to standard error what is no result."""
    _write(sys.stderr, text)


def complain(text: str) -> None:
    """Say in one line on standard error what is wrong."""
    line = " ".join(clean(text).split())
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"
    tell(f"trpg-env: {line}")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # the process was started with it closed
        return
    encoding = stream.encoding or "utf-8"
    print(clean(text).encode(encoding, "replace").decode(encoding), file=stream, flush=True)
