"""Models that write scripts and trajectories, as `ModelServer` plays them: good ones, and ones that err in just one way."""

import copy
import json
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

from model_server import Outcome

from trpg_env import load_script
from trpg_env.llm import Calls, Limits, Model
from trpg_env.synthesis import Outcome as Decided
from trpg_env.synthesis import Sampling, generate_scripts, generate_trajectories
from trpg_env.trajectory import episode_seed

HASTE = Limits(timeout=10, retries=1, backoff=0.001)

Said = dict[str, Any]


# Scripts.


def draft(title: str = "A bell at dusk", **changes: Any) -> Said:
    """A sound narrative script in the form in which it is asked for."""
    actions = [
        {
            "name": "go to {place}",
            "description": "Walk somewhere.",
            "verification_code": "^go to (?:the )?(?P<place>.+)$",
            "parameters": [{"name": "place", "values": ["gate", "tower"]}],
        },
        {
            "name": "ring the bell",
            "description": "Ring it.",
            "verification_code": "^ring (?:the )?bell$",
            "parameters": [],
        },
    ]
    return {
        "title": title,
        "environment": [
            {
                "name": "places",
                "text": "Two places.",
                "entries": [
                    {"name": "gate", "details": "It leads to the tower."},
                    {"name": "tower", "details": "The bell hangs here."},
                ],
            },
            {"name": "player", "text": "At the gate.", "entries": []},
        ],
        "goal": "Ring the bell before dark.",
        "completion_conditions": ["The player is in the tower.", "The bell has rung."],
        "available_actions": copy.deepcopy(actions),
        "max_turns": 12,
        **changes,
    }


def in_the_papers_form(**changes: Any) -> Said:
    """The same as the paper's figure writes it."""
    return {
        "Environment": {"places": {"gate": "It leads to the tower.", "tower": "The bell hangs here."}},
        "Goal": "Ring the bell before dark.",
        "Completion Conditions": ["The player is in the tower.", "The bell has rung."],
        "Available Actions": {
            "go to {place}": {
                "verification code": r"^\s*go to (?:the )?(.*?)\s*$",
                "parameters": {"place": ["gate", "tower"]},
            },
            "ring the bell": {"verification code": r"^ring (?:the )?bell$"},
        },
        **changes,
    }


def grounded(title: str = "A cool tomato", **changes: Any) -> Said:
    """A sound grounded script with variations, which a plan solves: one of the library's, under another title."""
    data: Said = copy.deepcopy(dict(load_script("cool-tomato").source.data))
    return {**{key: data[key] for key in data if key not in _OF_A_FILE}, "title": title, **changes}


_OF_A_FILE = {"schema_version", "name", "family", "provenance", "persona"}


# Trajectories.

DM = {"parameter": "parameter_error", "place": "place_error", "logic": "logic_error"}
FALSE = dict.fromkeys(DM.values(), False)


def dm(turn: int, observation: str, error: str | None = None, completed: Sequence[int] = ()) -> Said:
    """A DM's turn as a model writes it."""
    flags = FALSE | ({DM[error]: True} if error else {})
    return {
        "turn": turn,
        "role": "DM",
        "thought": f"What stands in turn {turn}.",
        "observation": observation,
        **flags,
        "completed": list(completed),
    }


def player(turn: int, action: str) -> Said:
    """A player's turn as a model writes it."""
    return {"turn": turn, "role": "Player", "thought": f"Why in turn {turn}.", "action": action}


def turns(refinements: int = 2, valid: str = "ring the bell", conditions: int = 2) -> list[Said]:
    """A trajectory with so many error-and-refines, and a condition met in each of its last exchanges.

    Args:
        refinements: How many there are.
        valid: An action of the script's; the player does nothing else that is right.
        conditions: How many completion conditions the script has.
    """
    written = [dm(0, "You are at the gate.")]

    def exchange(action: str, error: str | None = None, completed: Sequence[int] = ()) -> None:
        seen = f"What came of turn {len(written)}."
        written.extend([player(len(written), action), dm(len(written) + 1, seen, error, completed)])

    for i in range(refinements):
        kind = ["parameter", "place", "logic"][i % 3]
        exchange("fly away" if kind == "parameter" else valid, kind)
        exchange(valid)
    for i in range(conditions):
        exchange(valid, completed=range(i + 1))
    return written


def sent(turns: Iterable[Any]) -> str:
    """Turns as a model sends them."""
    return json.dumps({"turns": list(turns)})


# Who is asked what.


def whose(role: str, seed: int, n: int, calls: int = 8) -> dict[int, tuple[int, int]]:
    """The item of a run, and the number of its call, by the seed that is sent along."""
    found: dict[int, tuple[int, int]] = {}
    counting = Calls(Model("m", base_url="http://127.0.0.1:1/v1"), role, 1.0, 1)
    for item in range(n):
        counting.begin(episode_seed(seed, item), 0)
        found |= {counting._sampling(number): (item, number) for number in range(calls)}
    return found


Say = Callable[[int, int], Outcome]
"""What a model says, by item and number of the call."""


def by_item(say: Say, role: str, seed: int = 0, n: int = 1_000) -> Callable[[dict[str, Any]], Outcome]:
    """A server's reply that goes by the item and the number of the call."""
    places = whose(role, seed, n)
    return lambda request: say(*places[request["seed"]])


def sampling(url: str, **changes: Any) -> Sampling:
    """How the scripted model is asked."""
    return Sampling(**{"model": "m", "base_url": url, "limits": HASTE, **changes})


# Both kinds of runs alike.

KINDS = {"scripts": "script", "trajectories": "trajectory"}
"""What is made, and who asks."""
GOOD = {"scripts": json.dumps(draft()), "trajectories": sent(turns())}


def outcomes_of(
    kind: str, folder: Path, n: int, asked: Sampling, *, concurrency: int = 1, seed: int = 0
) -> Generator[Decided]:
    """A run of either kind, into `s` or `x.jsonl`; of the script that is there, or `bell.json`."""
    if kind == "scripts":
        return generate_scripts(folder / "s", n, asked, concurrency=concurrency, seed=seed)  # type: ignore[return-value]
    script = folder / "bell.json"
    if not script.exists():
        script.write_text(json.dumps({**in_the_papers_form(), "name": "bell"}))
    return generate_trajectories(script, folder / "x.jsonl", n, asked, concurrency=concurrency, seed=seed)  # type: ignore[return-value]


def own(kind: str, folder: Path) -> Path:
    """The folder of the run's own."""
    return folder / ("s/.synthesis" if kind == "scripts" else "x.jsonl.synthesis")


def made(kind: str, folder: Path) -> list[bytes]:
    """What such a run has made: files with their names, or lines, in an order that does not hang on time."""
    if kind == "scripts":
        return [
            file.name.encode() + b"\n" + file.read_bytes()
            for file in sorted((folder / "s").glob("*"))
            if file.is_file()
        ]
    return sorted((folder / "x.jsonl").read_bytes().splitlines())
