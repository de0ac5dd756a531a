"""Trajectories written by hand, and what the paper's rules say of any, worked out without the package."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.prompts import prompt
from trpg_env.script import Script
from trpg_env.script.instruction import instruction
from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory

Item = dict[str, Any]
Said = list[Item]

FLAGS = ("parameter_error", "place_error", "logic_error")
KINDS = {"p": "parameter_error", "l": "place_error", "o": "logic_error"}


def dm(turn: int, observation: str, error: str = ".", completed: Sequence[int] = ()) -> Item:
    """A DM's turn as a model writes it; `error` is `p`, `l`, `o`, or `.` for none."""
    flags = {flag: KINDS.get(error) == flag for flag in FLAGS}
    said = {"turn": turn, "role": "DM", "thought": f"Thought {turn}.", "observation": observation}
    return said | flags | {"completed": [*completed]}


def player(turn: int, action: str) -> Item:
    """A player's turn as a model writes it."""
    return {"turn": turn, "role": "Player", "thought": f"Thought {turn}.", "action": action}


def played(*steps: tuple[str, str, Sequence[int]]) -> Said:
    """A trajectory: action, letter of the error, conditions met by then."""
    turns = [dm(0, "You look around.")]
    for i, (action, error, completed) in enumerate(steps):
        turns += [player(2 * i + 1, action), dm(2 * i + 2, f"So it is. {i}", error, completed)]
    return turns


def in_json(turns: Any) -> str:
    """Turns in the form in which a model is asked for them."""
    return json.dumps({"turns": turns}, ensure_ascii=False)


@dataclass(frozen=True)
class Play:
    """A trajectory that keeps to the rules, and what its script says, in other words than the script's.

    Attributes:
        script: What `load_script` takes.
        conditions: How many completion conditions it has.
        actions: A pattern that all of its actions match in full, and nothing else that is used here.
        others: Texts that are actions, too.
        nonsense: Texts that are none, though near.
        turns: The trajectory.
    """

    script: Any
    conditions: int
    actions: str
    others: tuple[str, ...]
    nonsense: tuple[str, ...]
    turns: Said

    def is_action(self, text: str) -> bool:
        """Whether a text is an action."""
        return re.fullmatch(self.actions, " ".join(text.split())) is not None

    def __repr__(self) -> str:
        return f"Play({self.script if isinstance(self.script, str) else 'the example'})"


LIGHTHOUSE = Play(
    script=json.loads(prompt("trajectory_example_script")),
    conditions=2,
    actions=(
        "go to (the )?(landing|storeroom|lamp room)|take (the )?(oil|water|matches)"
        "|fill (the )?lamp with (oil|water)|light (the )?lamp"
    ),
    others=("go to the storeroom", "take water", "  fill lamp  with water ", "light the lamp"),
    nonsense=(
        "climb up",
        "go to cellar",
        "take the lamp",
        "fill lamp",
        "light",
        "lightlamp",
        "fill lamp with oil!",
    ),
    turns=json.loads(prompt("trajectory_example"))["turns"],
)

HEALER = Play(
    script="village-healer",
    conditions=3,
    actions=(
        "walk to (the )?(hut|lane|mill|riverbank|churchyard)"
        "|gather (some )?(willow bark|water mint|elder berries|nightshade berries)"
        "|ask (Anselm|the miller|the sexton) about (fever|stomach|berries|willow bark|water mint)"
        "|read (the )?recipe book|light the hearth|grind (the )?(willow bark|water mint|elder berries)"
        "|brew willow bark with (water mint|elder berries|nightshade berries)"
        "|brew elder berries with (water mint|nightshade berries)|brew nightshade berries with (water mint|elder berries)"
        "|give (the )?drink to (Anselm|the miller|the sexton)"
    ),
    others=("walk to churchyard", "gather some water mint", "ask the miller about fever", "read recipe book"),
    nonsense=(
        "walk",
        "gather",
        "brew elder berries with elder berries",
        "brew willow bark",
        "ask Anselm",
        "hum",
    ),
    turns=played(
        ("read the recipe book", ".", [0]),
        ("light the stove", "p", [0]),
        ("light the hearth", ".", [0]),
        ("gather willow bark", "l", [0]),
        ("walk to the lane", ".", [0]),
        ("walk to the riverbank", ".", [0]),
        ("gather willow bark", ".", [0]),
        ("gather some water mint", ".", [0]),
        ("walk to lane", ".", [0]),
        ("walk to hut", ".", [0]),
        ("brew willow bark with water mint", "o", [0]),
        ("brew willow bark with willow bark", "p", [0]),
        ("grind the willow bark", ".", [0]),
        ("brew willow bark with water mint", ".", [0, 1]),
        ("walk to lane", ".", [0, 1]),
        ("walk to the mill", ".", [0, 1]),
        ("give the drink to Anselm", ".", [0, 1, 2]),
    ),
)

TOMATO = Play(
    script="cool-tomato",
    conditions=2,
    actions=(
        "go (east|west)|open (the )?(fridge|microwave)|close (the )?(fridge|microwave)|take tomato"
        r"|put tomato in (fridge|microwave)|ask Ines about .+"
    ),
    others=("go west", "close microwave", "open the fridge", "ask Ines about the tomato"),
    nonsense=(
        "go up",
        "open",
        "take the tomato",
        "put fridge in microwave",
        "ask Bob about cold",
        "eat tomato",
    ),
    turns=played(
        ("go east", ".", []),
        ("open fridge", "l", []),
        ("take tomato", ".", []),
        ("go west", ".", []),
        ("put tomato in fridge", "o", []),
        ("open the fridge", ".", []),
        ("put tomato in the fridge", "p", []),
        ("put tomato in fridge", ".", []),
        ("close fridge", ".", [0]),
        ("open fridge", ".", [0]),
        ("take tomato", ".", [0]),
        ("put tomato in microwave", ".", [0, 1]),
    ),
)

PLAYS = [LIGHTHOUSE, HEALER, TOMATO]


@dataclass(frozen=True)
class Ruled:
    """What the paper's rules say of a trajectory.

    Attributes:
        rule: The rule that it breaks; None where it keeps to them.
        turn: The first bad turn; None where it keeps to them, or it is the trajectory as a whole.
        kept: How many turns are kept; of a trajectory that keeps to the rules, up to its end.
    """

    rule: str | None
    turn: int | None
    kept: int


def ruled(
    items: Sequence[Any],
    conditions: int,
    is_action: Callable[[str], bool],
    least: int = 2,
    whole: bool = True,
) -> Ruled:
    """The paper's rules, turn by turn.

    Args:
        items: What stands in the list of turns.
        conditions: How many completion conditions the script has.
        is_action: Whether a text is one of its actions.
        least: How many error-and-refines there have to be.
        whole: Whether the list comes to its end.
    """
    met: set[int] = set()
    errors = ""
    action = ""
    for i, item in enumerate(items):
        by_key = (
            {re.sub("[_ ]+", "_", key.strip().lower()): value for key, value in item.items()}
            if isinstance(item, dict)
            else {}
        )
        role = by_key.get("role")
        if not isinstance(role, str):
            return Ruled("keys", i, i)
        expected = ["dm", "dungeon master"] if i % 2 == 0 else ["player"]
        if role.replace("_", " ").strip().lower() not in expected:
            return Ruled("order", i, i)
        if not _is_text(by_key, "thought") or not _is_text(
            by_key, "action" if i % 2 else "observation", told=True
        ):
            return Ruled("keys", i, i)
        if i % 2:
            action = by_key["action"]
            continue
        flags = [by_key.get(flag) for flag in FLAGS]
        if not all(isinstance(flag, bool) for flag in flags):
            return Ruled("keys", i, i)
        completed = _completed(by_key, conditions)
        if completed is None:
            return Ruled("keys", i, i)
        if i == 0:
            if any(flags):
                return Ruled("order", 0, 0)
            continue
        if not is_action(action) and not flags[0]:
            return Ruled("unreported", i, i)
        errors += "x" if any(flags) else "."
        if not any(flags):
            met |= completed
        if len(met) == conditions:
            refines = len(re.findall(r"x\.", errors))
            return Ruled(None, None, i + 1) if refines >= least else Ruled("refinements", None, i + 1)
    return Ruled("unfinished" if whole else "json", len(items), len(items))


def _is_text(item: Mapping[str, Any], key: str, *, told: bool = False) -> bool:
    value = item.get(key)
    return isinstance(value, str) and len(value) <= 8_000 and (not told or bool(value.strip()))


def _completed(item: Mapping[str, Any], conditions: int) -> set[int] | None:
    said = [item[key] for key in ("completed", "completed_conditions", "task_completed") if key in item]
    if not said or said[0] is None or said[0] is False:
        return set()
    if said[0] is True:
        return set(range(conditions))
    if not isinstance(said[0], list) or not all(type(number) is int for number in said[0]):
        return None
    return set(said[0]) if all(0 <= number < conditions for number in said[0]) else None


def as_trajectory(script: Script, turns: Sequence[DMTurn | PlayerTurn]) -> Trajectory:
    """What is written to a file of turns that were accepted."""
    model = Participant(
        kind="llm", model="m", sampling={"temperature": 1.0, "max_tokens": 9}, prompt_hash="0"
    )
    return Trajectory(
        id="0",
        script=script.origin,
        script_hash=script.hash,
        family=script.family,
        seed=0,
        luck=0,
        source="synthesis",
        player=model,
        dm=model,
        instruction=instruction(script),
        turns=[*turns],
        success=True,
        progress=1.0,
        outcome="completed",
    )
