"""Judged episodes made by hand: what a model says beside what the engine rules."""

from typing import Any

from trpg_env.evaluation.judging import Judged, JudgedTurn, Said
from trpg_env.trajectory import Participant

JUDGE = Participant(kind="llm", model="m", sampling={"temperature": 0.0, "max_tokens": 9}, prompt_hash="ab")
KINDS = {".": None, "p": "parameter", "l": "place", "o": "logic"}


def said(kind: str, completed: tuple[int, ...] = ()) -> Said:
    """What a model says: `p`, `l` (place), `o` (logic), several of them, or `.` for no error."""
    return Said(
        thought="",
        observation="It answers.",
        parameter_error="p" in kind,
        place_error="l" in kind,
        logic_error="o" in kind,
        completed=list(completed),
    )


def turns(*pairs: str, met: tuple[int, ...] = (), completed: tuple[int, ...] = ()) -> list[JudgedTurn]:
    """Turns as pairs of letters, what is said and then what is ruled: `"lo"` says place where logic is right."""
    return [
        JudgedTurn(
            turn=2 * i + 2,
            ruled=KINDS[pair[1]],  # type: ignore[arg-type]
            met=list(met),
            said=said(pair[0], completed),
        )
        for i, pair in enumerate(pairs)
    ]


def judged(script: str, *pairs: str, **changes: Any) -> Judged:
    """A judged episode of a script."""
    fields: dict[str, Any] = {
        "id": f"{script} {changes.get('seed', 0)}",
        "script": script,
        "script_hash": f"hash of {script}",
        "family": f"family of {script}",
        "seed": 0,
        "luck": 0,
        "conditions": 2,
        "player": Participant(kind="random"),
        "judge": JUDGE,
        "turns": turns(*pairs),
        "usage": {"calls": len(pairs)},
    }
    return Judged(**(fields | changes))
