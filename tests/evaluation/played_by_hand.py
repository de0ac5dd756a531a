"""Episodes made by hand, turn by turn."""

from typing import Any

from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory

LLM = Participant(kind="llm", model="m", sampling={"temperature": 0.0, "max_tokens": 9}, prompt_hash="ab")


def dm(turn: int, error: str = ".", state: str = "s") -> DMTurn:
    """A DM's turn; `error` is `p`, `l` (place), `o` (logic), or `.` for none."""
    return DMTurn(
        turn=turn,
        thought="",
        observation="seen",
        parameter_error=error == "p",
        place_error=error == "l",
        logic_error=error == "o",
        message="",
        progress=0,
        completed=[],
        state_hash=state,
    )


def episode(*turns: tuple[str, ...], state: str = "s", **changes: Any) -> Trajectory:
    """An episode of turns `(action, error)`, with a third entry the state after it, with a fourth the raw reply."""
    played: list[DMTurn | PlayerTurn] = [dm(0, state=state)]
    for action, error, *more in turns:
        state = more[0] if more else state
        reply = more[1] if len(more) > 1 else None
        played.append(PlayerTurn(turn=len(played), thought="", action=action, reply=reply))
        played.append(dm(len(played), error, state))
    fields: dict[str, Any] = {
        "id": "x",
        "script": "s",
        "script_hash": "h",
        "family": "f",
        "seed": 0,
        "luck": 0,
        "player": Participant(kind="random"),
        "dm": Participant(kind="rules"),
        "instruction": "Win.\nYou have 9 turns.",
        "turns": played,
        "success": False,
        "progress": 0.0,
        "outcome": "truncated",
    }
    return Trajectory(**(fields | changes))


def erring(errors: str, **changes: Any) -> Trajectory:
    """An episode whose turns were erroneous as the letters say, no action twice: `erring("..p.")`."""
    return episode(*((f"do {i}", error) for i, error in enumerate(errors)), **changes)


def ended(
    item: str, seed: int, success: bool, progress: float | None = None, errors: str = ".", **changes: Any
) -> Trajectory:
    """An episode of an item that ended so."""
    luck = changes.get("luck", 0)
    fields = {
        "id": f"{item} {seed} {luck}",
        "script": item,
        "script_hash": f"hash of {item}",
        "family": f"family of {item}",
        "seed": seed,
        "success": success,
        "progress": float(success) if progress is None else progress,
        "outcome": "completed" if success else "truncated",
    }
    return erring(errors, **(fields | changes))


def broken(item: str, seed: int, kind: str = "player:timeout", **changes: Any) -> Trajectory:
    """An episode that broke."""
    error = {"outcome": "error", "error": {"kind": kind, "message": "gone"}}
    return ended(item, seed, success=False, **(error | changes))
