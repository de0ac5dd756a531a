"""A script's data as the text of a file: JSON, or YAML that people like to read and edit."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN_KEY = re.compile(r"[a-z_][a-z0-9_-]*")
_NOT_A_KEY = frozenset({"null", "true", "false"})
_LONGEST_KEY = 1_000
"""YAML wants a mark before a longer one."""
_LINE = 110
"""What fits on one line stands on one."""


def as_json(data: Mapping[str, Any]) -> str:
    """A script as JSON.

    Args:
        data: The script's data.
    """
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def as_yaml(data: Mapping[str, Any]) -> str:
    """A script as YAML: keys plain where they can be, all texts in quotes.

    Args:
        data: The script's data.

    Example:
        >>> print(as_yaml({"goal": "Win.", "environment": {"player": {"lit": False}}}), end="")
        goal: "Win."
        environment: {player: {lit: false}}
    """
    return "".join(f"{line}\n" for line in _lines(data, 0))


def _lines(value: Any, indent: int) -> Iterator[str]:
    blanks = " " * indent
    if isinstance(value, Mapping):
        entries = [(_head(_key(key), blanks), inner) for key, inner in value.items()]
    else:
        entries = [("-", inner) for inner in value]
    for head, inner in entries:
        flow = _flow(inner)
        if not isinstance(inner, Mapping | list) or indent + len(head) + len(flow) < _LINE:
            yield f"{blanks}{head} {flow}"
            continue
        lines = _lines(inner, indent + 2)
        # What belongs to a dash begins behind it.
        yield f"{blanks}- {next(lines).lstrip()}" if head == "-" else f"{blanks}{head}"
        yield from lines


def _head(key: str, blanks: str) -> str:
    return f"{key}:" if len(key) < _LONGEST_KEY else f"? {key}\n{blanks}:"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)}: {_flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key not in _NOT_A_KEY
    return key if plain else _flow(key)
