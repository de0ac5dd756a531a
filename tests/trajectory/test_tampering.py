"""Tampering: whatever is changed in a trajectory that was played is found, at the first turn that is bad.

What cannot be found is named in `FREE`: nothing follows from it, and it follows from nothing that is in the file.
An action may be another (`open  THE fridge`, or a word of free text) where play answers the same: that trajectory is
true, too.
"""

import copy
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from trpg_env import rollout
from trpg_env.agents import ErringAgent, RandomAgent
from trpg_env.envs import AgentRefineEnv
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Script
from trpg_env.trajectory import Trajectory, Verifier, episode_id

Record = dict[str, Any]
Verify = Callable[[Record], list[Fault]]
Path = tuple[str | int, ...]

FREE = {
    ("turns", "Player", "thought"): "what the player thinks decides nothing",
    ("turns", "Player", "reasoning"): "nor does a model's hidden channel",
    (
        "turns",
        "Player",
        "reply",
    ): "nor its raw answer, in whatever form the player gives it (a language model's are held to theirs)",
    ("usage",): "what a model cost",
    ("script",): "the hash says which script it is: null and another absolute path are a moved file",
}

SCRIPTS = ("cool-tomato", "ship", "office-mail")


class Originals(dict[str, Record]):
    """Trajectories by name, in a few words where a test that fails is shown."""

    def __repr__(self) -> str:
        return f"trajectories of {', '.join(self)}"


@pytest.fixture(scope="module")
def originals(load: Callable[[Any], Script], sandbox: Sandbox) -> Originals:
    """Rollouts with errors of every kind in them: won, and out of turns."""
    found = Originals()
    for name in SCRIPTS:
        script = load(name)
        won = next(t for t in rollout(script, ErringAgent(), 20, 5, sandbox=sandbox) if t.success)
        lost = next(rollout(script, RandomAgent(), 1, 5, max_turns=8, sandbox=sandbox))
        found |= {
            name: json.loads(won.model_dump_json()),
            f"{name}, lost": json.loads(lost.model_dump_json()),
        }
    return found


@pytest.fixture
def record(originals: Originals) -> Record:
    return copy.deepcopy(originals["cool-tomato"])


@pytest.fixture(scope="module")
def verify(load: Callable[[Any], Script], sandbox: Sandbox, originals: Originals) -> Verify:
    verifier = Verifier(sandbox)
    scripts = {load(name).hash: load(name) for name in SCRIPTS}
    only = load("cool-tomato")
    return lambda record: verifier.verify(record, scripts.get(str(record.get("script_hash")), only))


def places(faults: list[Fault]) -> list[str]:
    return [fault.place for fault in faults]


def first(record: Record, what: str) -> int:
    """The first DM's answer to a right action, or to a wrong one."""
    return next(t["turn"] for t in record["turns"][2::2] if bool(t["message"]) == (what == "wrong"))


def renumbered(record: Record) -> Record:
    for i, turn in enumerate(record["turns"]):
        turn["turn"] = i
    return record


def test_untouched_they_verify_clean(originals: Originals, verify: Verify) -> None:
    for record in originals.values():
        assert verify(record) == []


@pytest.mark.parametrize(
    ("of", "change"),
    [
        ("right", {"parameter_error": True}),
        ("right", {"place_error": True}),
        ("right", {"logic_error": True, "message": "No."}),
        ("right", {"message": "No."}),
        ("wrong", {"message": ""}),
        ("wrong", {"parameter_error": True, "place_error": True, "logic_error": True}),
        ("wrong", {"parameter_error": False, "place_error": False, "logic_error": False}),
        ("wrong", {"parameter_error": False, "place_error": False, "logic_error": False, "message": ""}),
        ("right", {"observation": "You see nothing special."}),
        ("right", {"observation": ""}),
        ("right", {"thought": "Well done."}),
        ("right", {"progress": 1.0}),
        ("right", {"progress": math.nan}),
        ("right", {"progress": -0.1}),
        ("right", {"progress": 0.3333333333333334}),
        ("right", {"completed": [0, 1]}),
        ("right", {"completed": [7]}),
        ("right", {"completed": [1, 0]}),
        ("right", {"state_hash": "0" * 32}),
        ("right", {"state_hash": ""}),
    ],
    ids=str,
)
def test_a_turn_of_the_dms_that_was_changed_is_the_one_bad_turn(
    of: str, change: Record, record: Record, verify: Verify
) -> None:
    i = first(record, of)
    record["turns"][i] |= change
    [fault] = verify(record)
    assert fault.place.startswith(f"turns[{i}].")
    assert fault.place.removeprefix(f"turns[{i}].") in change or len(change) > 1
    assert fault.message.startswith(f"episode {record['id']}: ")
    assert " stands here, play gives " in fault.message


def test_a_changed_opening_is_found(record: Record, verify: Verify) -> None:
    for key, value in {"observation": "Dark.", "thought": "Hm.", "message": "No.", "completed": [0]}.items():
        changed = copy.deepcopy(record)
        changed["turns"][0][key] = value
        assert places(verify(changed)) == [f"turns[0].{key}"]


def test_a_changed_action_is_found_in_the_answer(record: Record, verify: Verify) -> None:
    i = first(record, "right")
    record["turns"][i - 1]["action"] = "dance"
    [fault] = verify(record)
    assert fault.place == f"turns[{i}].parameter_error"
    assert "false stands here, play gives true" in fault.message


def test_what_stands_there_and_what_play_gives_are_shown_from_where_they_part(
    record: Record, verify: Verify
) -> None:
    record["turns"][0]["observation"] += " And a bear."
    [fault] = verify(record)
    assert " And a bear." in fault.message
    assert len(fault.message) < 300


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize(
    ("tamper", "bad"),
    [
        (lambda turns: turns.__delitem__(slice(3, 5)), 4),
        (lambda turns: turns.__setitem__(slice(5, 5), copy.deepcopy(turns[3:5])), 6),
        (lambda turns: turns.__setitem__(slice(1, 5), turns[3:5] + turns[1:3]), 4),
        (lambda turns: turns.__setitem__(slice(2, 5, 2), [turns[4], turns[2]]), 2),
        (lambda turns: turns.__setitem__(slice(1, 4, 2), [turns[3], turns[1]]), 2),
    ],
    # The second action was wrong and changed nothing, so that before the first one it is what was played.
    ids=["exchange removed", "exchange doubled", "exchanges swapped", "answers swapped", "actions swapped"],
)
def test_exchanges_out_of_order_are_found(
    tamper: Callable[[list[Any]], None], bad: int, renumber: bool, record: Record, verify: Verify
) -> None:
    tamper(record["turns"])
    faults = verify(renumbered(record) if renumber else record)
    played = [place for place in places(faults) if not place.endswith(".turn")]
    assert played
    assert played[0].startswith(f"turns[{bad}]")
    if not renumber:
        assert faults[0].place in {f"turns[{i}].turn" for i in range(1, 6)}


@pytest.mark.parametrize("renumber", [False, True])
@pytest.mark.parametrize(
    ("tamper", "place"),
    [
        (lambda turns: turns.pop(0), "turns[0]"),
        (lambda turns: turns.pop(3), "turns[3]"),
        (lambda turns: turns.pop(4), "turns[4]"),
        (lambda turns: turns.pop(), "turns[{last}]"),
        (lambda turns: turns.insert(3, copy.deepcopy(turns[2])), "turns[3]"),
        (lambda turns: turns.insert(4, copy.deepcopy(turns[3])), "turns[4]"),
        (lambda turns: turns.reverse(), "turns[0].turn"),
    ],
)
def test_turns_that_do_not_alternate_are_found(
    tamper: Callable[[list[Any]], None], place: str, renumber: bool, record: Record, verify: Verify
) -> None:
    tamper(record["turns"])
    place = place.format(last=len(record["turns"]) - 1)
    if renumber and place.endswith(".turn"):
        place = "turns[0].observation"
    assert place in places(verify(renumbered(record) if renumber else record))


def test_a_wrong_number_is_found(record: Record, verify: Verify) -> None:
    record["turns"][5]["turn"] = 6
    assert places(verify(record)) == ["turns[5].turn"]


def cut(record: Record, exchanges: int) -> Record:
    """The first exchanges, with what stands at the top put right as far as anybody can."""
    record["turns"] = record["turns"][: 2 * exchanges + 1]
    return record | {"progress": record["turns"][-1]["progress"], "success": False, "outcome": "truncated"}


def test_an_episode_that_was_cut_short_is_found(record: Record, verify: Verify) -> None:
    [fault] = verify(cut(record, 3))
    assert fault.place == "outcome"
    assert "play goes on after turn 3 of 30" in fault.message


def test_turns_after_the_end_are_found(record: Record, verify: Verify) -> None:
    last = len(record["turns"]) - 1
    record["turns"] += copy.deepcopy(record["turns"][-2:])
    assert places(verify(renumbered(record))) == [f"turns[{last + 1}]"]


def test_turns_after_the_limit_are_found(originals: Originals, verify: Verify) -> None:
    record = copy.deepcopy(originals["cool-tomato, lost"])
    record["turns"] += copy.deepcopy(record["turns"][-2:])
    assert places(verify(renumbered(record))) == ["turns[17]"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"success": False}, "success"),
        ({"success": False, "outcome": "failed"}, "outcome"),
        ({"success": False, "outcome": "truncated"}, "outcome"),
        ({"outcome": "truncated"}, "success"),
        ({"outcome": "error"}, "error"),
        ({"error": {"kind": "timeout", "message": ""}}, "error"),
        ({"success": False, "outcome": "error", "error": {"kind": "player", "message": ""}}, "outcome"),
        ({"progress": 0.5}, "progress"),
        ({"progress": math.nan}, "progress"),
        ({"family": "garden"}, "family"),
        ({"script": "ship"}, "script"),
        ({"script": "cool-tomato.yaml"}, "script"),
        ({"seed": 1}, "id"),
        ({"luck": 1}, "id"),
        ({"id": "0" * 16}, "id"),
        ({"source": "synthesis"}, "source"),
        ({"player": {"kind": "planner"}}, "id"),
        ({"dm": {"kind": "rules", "model": "gpt"}}, "id"),
        ({"instruction": "Do as you like."}, "instruction"),
        ({"instruction": ""}, "instruction"),
        ({"parent": {"id": "x", "turn": 1_000}}, "parent.turn"),
        ({"parent": {"id": "x", "turn": 0}}, "id"),
        ({"parent": {"id": "x", "turn": 0}, "id": "whatever", "luck": 5}, "id"),
    ],
    ids=str,
)
def test_what_stands_at_the_top_is_held_against_play(
    change: Record, place: str, record: Record, verify: Verify
) -> None:
    assert place in places(verify(record | change))


def test_another_script_is_found_and_nothing_is_said_of_turns_it_never_had(
    record: Record, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    [fault] = Verifier(sandbox).verify(record, load("ship"))
    assert fault.place == "script_hash"
    assert load("ship").hash in fault.message


def test_a_changed_line_of_the_instruction_is_shown(record: Record, verify: Verify) -> None:
    record["instruction"] = record["instruction"].replace("microwave", "bin", 1)
    [fault] = verify(record)
    assert fault.place == "instruction"
    assert "in the bin" in fault.message
    assert "in the microwave" in fault.message


@pytest.mark.parametrize("limit", ["31", "030", "0", "٣٠", "1" * 30])
def test_a_changed_limit_is_found(limit: str, record: Record, verify: Verify) -> None:
    record["instruction"] = record["instruction"].replace("You have 30 turns.", f"You have {limit} turns.")
    assert set(places(verify(record))) & {"id", "instruction"}


def test_a_new_id_does_not_hide_another_seed_or_luck(
    originals: Originals, verify: Verify, load: Callable[[Any], Script]
) -> None:
    record = copy.deepcopy(originals["ship"])
    trajectory = Trajectory.model_validate(record)
    found = set()
    for seed in range(8):
        of = (trajectory.script_hash, seed, 0, load("ship").max_turns, trajectory.player, trajectory.dm)
        found |= {place[:5] for place in places(verify(record | {"seed": seed, "id": episode_id(*of)}))}
    assert found == {"turns"}


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a record, containers before what is in them."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def kind(record: Record, path: Path) -> Path:
    """A place without the number of its turn: with whose turn it is instead."""
    if path[0] == "turns" and len(path) > 1:
        return ("turns", record["turns"][path[1]]["role"], *path[2:3])
    return path


SCALARS = st.none() | st.booleans() | st.integers(-3, 40) | st.floats() | st.text(max_size=20)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
CHANGES = ("replace", "alter", "alter", "delete", "double", "swap", "add")


@dataclass
class Change:
    """One change of a record: what it is, where (numbers that choose a kind of place, and one of that kind), and with what."""

    how: str
    kind: int
    place: int
    value: Any
    character: str

    def make(self, record: Record) -> Path:
        """Make it, and tell where."""
        by_kind: dict[Path, list[Path]] = {}
        for path in paths(record):
            by_kind.setdefault(kind(record, path), []).append(path)
        places = by_kind[sorted(by_kind, key=str)[self.kind % len(by_kind)]]
        path = places[self.place % len(places)]
        holder: Any = record
        for key in path[:-1]:
            holder = holder[key]
        key, value = path[-1], holder[path[-1]]
        if self.how == "alter" and isinstance(value, str):
            at = self.place % (len(value) + 1)
            holder[key] = value[:at] + self.character + value[at + self.kind % 2 :]
        elif self.how == "alter" and isinstance(value, bool):
            holder[key] = not value
        elif self.how == "alter" and isinstance(value, int | float):
            holder[key] = value + (-1, 1, 1e-9, -1e-9)[self.place % 4]
        elif self.how == "delete":
            del holder[key]
        elif self.how == "double" and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(value))
        elif self.how == "swap" and isinstance(holder, list) and len(holder) > key + 1:
            holder[key], holder[key + 1] = holder[key + 1], holder[key]
        elif self.how == "add" and isinstance(value, dict):
            value[self.character] = self.value
        else:
            holder[key] = self.value
        return path


NUMBERS = st.integers(0, 2**20)


def answers(record: Record, script: Script, sandbox: Sandbox) -> list[Any]:
    """What the environment answers to a record's actions, how it understood them left aside."""
    env = AgentRefineEnv(script, max_turns=len(record["turns"]) // 2, sandbox=sandbox)
    env.reset(seed=record["seed"], options={"luck": record["luck"]})
    told = [env.step(turn["action"]) for turn in record["turns"][1::2]]
    return [(*step, {**info, "action": None}) for *step, info in told]


def is_free(original: Record, record: Record, path: Path) -> bool:
    if kind(original, path) == ("script",):
        return record.get("script") is None or str(record["script"]).startswith("/")
    return any(kind(original, path)[: len(free)] == free for free in FREE if free != ("script",))


@settings(max_examples=600)
@given(
    name=st.sampled_from([f"{script}{lost}" for script in SCRIPTS for lost in ("", ", lost")]),
    change=st.builds(Change, st.sampled_from(CHANGES), NUMBERS, NUMBERS, VALUES, st.characters()),
)
def test_any_one_change_is_found(
    name: str,
    change: Change,
    originals: Originals,
    verify: Verify,
    load: Callable[[Any], Script],
    sandbox: Sandbox,
) -> None:
    original = originals[name]
    record = copy.deepcopy(original)
    path = change.make(record)
    note(f"{path}")
    record = json.loads(json.dumps(record))
    try:
        changed = Trajectory.model_validate(record) != Trajectory.model_validate(original)
    except ValidationError:
        changed = True
    if not changed or is_free(original, record, path) or verify(record):
        return
    assert kind(original, path) == ("turns", "Player", "action")
    script = load(original["script"])
    assert answers(record, script, sandbox) == answers(original, script, sandbox)


@settings(max_examples=50)
@given(texts=st.tuples(st.text(), st.text(), st.text(), st.text()), number=NUMBERS)
def test_what_is_free_is_free(
    texts: tuple[str, str, str, str], number: int, originals: Originals, verify: Verify
) -> None:
    record = copy.deepcopy(originals["ship"])
    players = record["turns"][1::2]
    players[number % len(players)] |= dict(zip(("thought", "reasoning", "reply"), texts, strict=False))
    record["usage"] = {texts[3]: number}
    for script in (None, "/elsewhere/ship.yaml"):
        assert verify(record | {"script": script}) == []
