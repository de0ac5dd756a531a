"""One episode as the page's reader has it: what was said turn by turn, which errors there were and what corrected them.

Plain JSON-like data. What is empty or unknown is left out, so that pages stay small.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from trpg_env.chats import is_imported
from trpg_env.evaluation.measures import kinds_of
from trpg_env.report.kinds import corrections
from trpg_env.report.texts import line, visible
from trpg_env.report.titles import goal, title
from trpg_env.trajectory import DMTurn, Trajectory

MOST_CHARACTERS = 10_000
"""How much of a text is shown."""
MOST_TURNS = 300
"""How many of an episode's turns are shown."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def slug_of(id: str, taken: set[str]) -> str:
    """What an episode is called in the page's address: its id, where that is plain, else a number made of it.

    Args:
        id: The trajectory's.
        taken: The slugs of others; this one is added.
    """
    first = id if _PLAIN.fullmatch(id) else hashlib.sha256(id.encode()).hexdigest()[:16]
    slug, number = first, 1
    while slug in taken:
        number += 1
        slug = f"{first}-{number}"
    taken.add(slug)
    return slug


def transcript(trajectory: Trajectory, places: Sequence[int | None] = ()) -> dict[str, Any]:
    """An episode as data for the reader.

    Args:
        trajectory: The episode.
        places: The player's place at the start and after each turn, by index in the script's map.
    """
    t = trajectory
    kinds = kinds_of(t)
    corrected = corrections(kinds)
    errors_of: dict[int, list[int]] = {}
    for i, by in enumerate(corrected):
        if by is not None:
            errors_of.setdefault(by, []).append(i + 1)
    where = [*places, *[None] * (len(kinds) + 1 - len(places))]
    turns: list[dict[str, Any]] = []
    for i, (player, dm) in enumerate(t.exchanges()[:MOST_TURNS]):
        turn = {
            "thought": shortened(player.thought),
            "action": shortened(player.action),
            "reasoning": shortened(player.reasoning or ""),
            "reply": shortened(player.reply or ""),
            "kind": kinds[i],
            "corrected": None if (by := corrected[i]) is None else by + 1,
            "corrects": errors_of.get(i),
            **_answer(dm),
            "place": where[i + 1],
        }
        turns.append(_known(turn))
    first = t.turns[0]
    opening = _answer(first) if isinstance(first, DMTurn) else {}
    return _known(
        {
            "id": line(t.id, 80),
            "script": title(t),
            "goal": goal(t),
            "family": line(t.family, 80),
            "seed": t.seed,
            "luck": t.luck,
            "player": line(t.player.model or t.player.kind, 80),
            "dm": line(t.dm.model or t.dm.kind, 80),
            "source": t.source,
            "outcome": "untold" if (imported := is_imported(t)) and t.outcome == "truncated" else t.outcome,
            # Nobody ruled on these turns, so that one without a flag cannot be called correct.
            "unjudged": imported or None,
            "error": None if t.error is None else f"{line(t.error.kind, 80)}: {shortened(t.error.message)}",
            "progress": round(t.progress, 4),
            "turns": turns,
            "played": len(kinds),
            "opening": _known({**opening, "place": where[0]}),
        }
    )


def shortened(text: str) -> str:
    """A text as it is shown, cut where it is very long; how much is left out is told."""
    left_out = len(text) - MOST_CHARACTERS
    if left_out <= 0:
        return visible(text)
    return f"{visible(text[:MOST_CHARACTERS])}… ({left_out:,} more characters are in the file)"


def _answer(dm: DMTurn) -> dict[str, Any]:
    return {
        "dm": shortened(dm.thought),
        "observation": shortened(dm.observation),
        "message": shortened(dm.message) if dm.message and dm.message not in dm.observation else "",
        "progress": round(dm.progress, 4),
    }


def _known(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "")}
