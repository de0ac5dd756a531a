"""What is shown of an exchange, and how much of it."""

import re
import sys

MAX_OBSERVATION = 100_000
"""The longest observation, in characters."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a terminal would obey, or cannot show."""


def shortened(observation: str) -> str:
    """An observation as it is told; what is too long ends in an ellipsis."""
    return observation if len(observation) <= MAX_OBSERVATION else f"{observation[: MAX_OBSERVATION - 1]}…"


def exchange(action: str, observation: str) -> str:
    """An action and what came of it; the opening, where there was no action yet."""
    return f"> {action}\n{observation}" if action else observation


def show(text: str) -> None:
    """Write a text to standard output, without what a terminal would obey."""
    encoding = sys.stdout.encoding or "utf-8"
    said = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    sys.stdout.write(f"{said.encode(encoding, 'replace').decode(encoding)}\n\n")
    sys.stdout.flush()
