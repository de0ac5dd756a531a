"""Trajectories whose players think what a test wants."""

from collections.abc import Sequence
from typing import Any

from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory


def thinking(identity: str, thoughts: Sequence[str], told: str = "A hall.", **changes: Any) -> Trajectory:
    """An episode with these thoughts, in which every observation is the same."""
    turns: list[DMTurn | PlayerTurn] = [_dm(0, told)]
    for thought in thoughts:
        turns.append(PlayerTurn(turn=len(turns), thought=thought, action="wait"))
        turns.append(_dm(len(turns), told))
    fields: dict[str, Any] = {
        "id": identity,
        "script": None,
        "script_hash": told,
        "family": "f",
        "seed": 0,
        "luck": 0,
        "player": Participant(kind="random"),
        "dm": Participant(kind="rules"),
        "instruction": "",
        "turns": turns,
        "success": False,
        "progress": 0.0,
        "outcome": "truncated",
    }
    return Trajectory(**(fields | changes))


def _dm(turn: int, told: str) -> DMTurn:
    return DMTurn(
        turn=turn,
        thought="",
        observation=told,
        parameter_error=False,
        place_error=False,
        logic_error=False,
        message="",
        progress=0.0,
        completed=[],
        state_hash="",
    )


TOPICS = {
    "sea": "the waves roll under the ship and the sails fill with salty wind near harbour",
    "kitchen": "chop onions stir soup taste broth add pepper then bake bread in oven",
    "office": "send mail print report ask boss sign letter archive folder close drawer",
}


def topical(episodes: int = 6, each: int = 5) -> list[tuple[str, Trajectory]]:
    """Three sources whose thoughts have no word in common, drawn from a fixed sequence."""
    found = []
    for topic, text in TOPICS.items():
        words = text.split()
        for e in range(episodes):
            thoughts = [
                " ".join(words[(e * 5 + t * 3 + k * (t + 1)) % len(words)] for k in range(6))
                for t in range(each)
            ]
            found.append((topic, thinking(f"{topic}{e}", thoughts, f"{topic} place {e} {text}")))
    return found
