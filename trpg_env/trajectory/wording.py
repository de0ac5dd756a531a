"""How faults of trajectories quote values: as JSON, in short, from where two texts part."""

import json
from typing import Any

_LONGEST = 80
_BEFORE = 20
"""How much of what two texts share is shown before they part."""


def shown(value: Any) -> str:
    """A value as JSON, at most some eighty characters of it.

    Example:
        >>> shown(True), shown("a" * 100)[-4:]
        ('true', 'aa…"')
    """
    if isinstance(value, str):
        return json.dumps(_cut(value), ensure_ascii=False)
    return _cut(json.dumps(value, ensure_ascii=False))


def contrast(stands: Any, wanted: Any) -> tuple[str, str]:
    """Two values that differ, as they are shown beside one another: long texts from shortly before they part.

    Example:
        >>> contrast("a" * 100 + "b", "a" * 100 + "c")
        ('"…aaaaaaaaaaaaaaaaaaaab"', '"…aaaaaaaaaaaaaaaaaaaac"')
    """
    if isinstance(stands, str) and isinstance(wanted, str) and max(len(stands), len(wanted)) > _LONGEST:
        shared = next(
            (i for i, (a, b) in enumerate(zip(stands, wanted, strict=False)) if a != b),
            min(len(stands), len(wanted)),
        )
        start = shared - _BEFORE
        if start > 0:
            stands, wanted = f"…{stands[start:]}", f"…{wanted[start:]}"
    return shown(stands), shown(wanted)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
