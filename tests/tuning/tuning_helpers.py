"""Trajectories made by hand, and what ought to come of them, worked out without the package."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory

ABLATIONS = [None, "train_errors", "mask_refinements", "drop_refinements"]
KINDS = {"p": "parameter", "l": "place", "o": "logic"}


def dm(turn: int, observation: str, error: str = ".", thought: str = "t") -> DMTurn:
    """A DM's turn; `error` is `p`, `l`, `o`, or `.` for none."""
    return DMTurn(
        turn=turn,
        thought=thought,
        observation=observation,
        parameter_error=error == "p",
        place_error=error == "l",
        logic_error=error == "o",
        message="",
        progress=0,
        completed=[],
        state_hash="",
    )


def made(errors: str, id: str = "x", family: str = "f", **changes: Any) -> Trajectory:
    """An episode whose turns were erroneous as the letters say: `made("..p.")`. Texts name their turns."""
    turns: list[DMTurn | PlayerTurn] = [dm(0, "scene")]
    for i, error in enumerate(errors, start=1):
        turns.append(PlayerTurn(turn=2 * i - 1, thought=f"why {i}", action=f"do {i}"))
        turns.append(dm(2 * i, f"seen {i}", error))
    fields = {
        "id": id,
        "script": "s",
        "script_hash": "h",
        "family": family,
        "seed": 0,
        "luck": 0,
        "player": Participant(kind="erring"),
        "dm": Participant(kind="rules"),
        "instruction": "rules of play",
        "turns": turns,
        "success": True,
        "progress": 1,
        "outcome": "completed",
    }
    return Trajectory(**(fields | changes))


def records(folder: Path, name: str = "*.jsonl") -> list[dict[str, Any]]:
    """Every record of the JSON Lines files below a folder."""
    return [
        json.loads(line)
        for file in sorted(folder.rglob(name))
        for line in file.read_text(encoding="utf-8").split("\n")[:-1]
    ]


def flags(trajectory: Trajectory) -> str:
    """Which of the player's turns were erroneous (`x`), read off the DM's flags alone."""
    data = trajectory.model_dump()["turns"][2::2]
    return "".join(
        "x" if turn["parameter_error"] or turn["place_error"] or turn["logic_error"] else "." for turn in data
    )


def runs(errors: str) -> int:
    """Error-and-refines, counted in another way than the package does."""
    return len(re.findall(r"x+\.", errors))


def expected(errors: str, ablation: str | None) -> list[tuple[int, bool, bool]]:
    """For each reply that is written: which of the player's turns it is, its loss, and whether it was an error."""
    written = errors.rstrip("x")
    refining = {match.end() - 1 for match in re.finditer(r"x+\.", written)}
    replies = []
    for i, letter in enumerate(written):
        if letter == "x":
            if ablation != "drop_refinements":
                replies.append((i, ablation == "train_errors", True))
        else:
            masked = ablation in ("mask_refinements", "drop_refinements") and i in refining
            replies.append((i, not masked, False))
    return replies


def asked(ablation: str | None) -> dict[str, bool]:
    """The keyword of an ablation."""
    return {} if ablation is None else {ablation: True}


def published(script: str | None) -> str | None:
    """What a record calls a script, worked out without the package."""
    return script if script is None else re.split(r"[\\/]", script.rstrip("\\/"))[-1]


def said(thought: str, action: str) -> str:
    """The reply with a thought and an action, whatever the thought looks like."""
    words = f"Thought: {thought}"
    while match := re.search(r"\n\s*(action|observation)[ \t]*:", words, re.IGNORECASE):
        words = f"{words[: match.start()]} {words[match.start() + 1 :]}"
    words = re.sub(r"(?<=\s)(Action|Observation):", r"\1 :", words)
    return f"{words}\nAction: {' '.join(action.split())}"


some_errors = st.text(alphabet="...plo", max_size=12)
texts = st.text(max_size=20) | st.sampled_from(
    ["", " ", "Action: x", "a\nb", '"\\', "\u2028", "\x00", "🧙", "\ud800"]
)


@st.composite
def trajectories(draw: st.DrawFn, errors: st.SearchStrategy[str] = some_errors, id: str = "x") -> Trajectory:
    """Any episode that ended well, with any texts."""
    turns: list[DMTurn | PlayerTurn] = [dm(0, draw(texts), thought=draw(texts))]
    for error in draw(errors):
        turns.append(PlayerTurn(turn=len(turns), thought=draw(texts), action=draw(texts)))
        turns.append(dm(len(turns), draw(texts), error, draw(texts)))
    family = draw(texts)
    script = draw(st.none() | texts | st.sampled_from(["/home/ada/ship.yaml", "C:\\Users\\ada\\x.json"]))
    return made("", id, family, turns=turns, instruction=draw(texts), script=script)


def many(n: int, families: Sequence[str] = ("f",)) -> list[Trajectory]:
    """Good episodes, with ids from 0, of the families in turn."""
    return [made(".p.o.", f"{i}", families[i % len(families)]) for i in range(n)]
