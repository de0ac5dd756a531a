"""Whatever becomes of a good trajectory: it is accepted if it still keeps to the rules, else its first bad turn is named.

What the rules say is worked out apart from the package, in `turns_by_hand`.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from turns_by_hand import FLAGS, LIGHTHOUSE, PLAYS, Play, Ruled, Said, as_trajectory, dm, ruled

from trpg_env.llm.extraction import Malformed
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.synthesis.judging import Judge, Judged
from trpg_env.synthesis.reading import Turns, read_turns
from trpg_env.synthesis.wire import as_written
from trpg_env.trajectory import Verifier
from trpg_env.trajectory.matching import Matcher

Load = Callable[[Any], Script]
LEAST = 2


@dataclass
class Court:
    """Judges of all plays, made once; and the verifier that looks at what they accept."""

    load: Load
    sandbox: Sandbox
    judges: dict[int, Judge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.verifier = Verifier(self.sandbox)

    def script(self, play: Play) -> Script:
        return self.load(play.script)

    def judge(self, play: Play, reply: str) -> Judged:
        """What becomes of a reply, as the one who asks for it sees to it."""
        if id(play) not in self.judges:
            conditions = [condition.text for condition in self.script(play).program.completion]
            assert len(conditions) == play.conditions
            self.judges[id(play)] = Judge(conditions, Matcher(self.script(play), self.sandbox), LEAST)
        try:
            written = read_turns(reply)
        except Malformed as malformed:
            written = Turns([], str(malformed))
        return self.judges[id(play)].judge(written)

    def hold(self, play: Play, reply: str, wanted: Ruled) -> Judged:
        """Hold what is judged of a reply to what the rules say."""
        judged = self.judge(play, reply)
        objection = judged.objection
        found = (None, None) if objection is None else (objection.rule, objection.turn)
        assert (found, len(judged.turns)) == ((wanted.rule, wanted.turn), wanted.kept)
        written = as_written(judged.turns)
        if objection is None:
            assert (
                self.verifier.verify(as_trajectory(self.script(play), judged.turns), self.script(play)) == []
            )
            again = self.judge(play, json.dumps({"turns": written}))
            assert (again.objection, again.turns) == (None, judged.turns)
        else:
            assert 0 < len(objection.message) < 1_000
            objection.message.encode()
        return judged

    def __repr__(self) -> str:
        return "the court"


@pytest.fixture(scope="module")
def court(load: Load, sandbox: Sandbox) -> Court:
    return Court(load, sandbox)


def rules(play: Play, items: Said, *, whole: bool = True) -> Ruled:
    return ruled(items, play.conditions, play.is_action, LEAST, whole)


@pytest.mark.parametrize("play", PLAYS, ids=repr)
def test_the_good_ones_are_good(play: Play, court: Court) -> None:
    wanted = Ruled(None, None, len(play.turns))
    assert rules(play, play.turns) == wanted
    assert as_written(court.hold(play, json.dumps(play.turns), wanted).turns) == play.turns


@pytest.mark.parametrize("play", PLAYS, ids=repr)
def test_what_is_an_action_is_known_without_the_package(play: Play, court: Court) -> None:
    matcher = Matcher(court.script(play), court.sandbox)
    actions = {turn["action"] for turn in play.turns[1::2]}
    for text in {*actions, *play.others, *play.nonsense}:
        assert matcher.accepts(text) is play.is_action(text), text
    assert all(map(play.is_action, play.others))
    assert not any(map(play.is_action, play.nonsense))


VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        10**30,
        1.5,
        "",
        " ",
        "false",
        "a",
        [],
        [0],
        [0, 1],
        [1, 0],
        [7],
        ["0"],
        [True],
    ),
    *({}, {"a": 1}, "DM", "Player", "dm", "player ", "Dungeon_Master", "Narrator", "x" * 9_000),
]
SPELLINGS: list[Callable[[str], str]] = [
    str.title,
    str.upper,
    lambda key: key.replace("_", " "),
    lambda key: f"{key} ",
]

# Each changes the turns in place, or does nothing where there is nothing to change.


def delete(draw: Any, play: Play, turns: Said) -> None:
    i = draw(st.integers(0, len(turns)))
    del turns[i : i + draw(st.integers(1, 3))]


def double(draw: Any, play: Play, turns: Said) -> None:
    i = draw(st.integers(0, len(turns)))
    turns[i:i] = copy.deepcopy(turns[i : i + draw(st.integers(1, 3))])


def swap(draw: Any, play: Play, turns: Said) -> None:
    if turns:
        i, k = (draw(st.integers(0, len(turns) - 1)) for _ in range(2))
        turns[i], turns[k] = turns[k], turns[i]


def cut_short(draw: Any, play: Play, turns: Said) -> None:
    del turns[draw(st.integers(0, len(turns))) :]


def drop_a_key(draw: Any, play: Play, turns: Said) -> None:
    turn = some_turn(draw, turns)
    turn.pop(draw(st.sampled_from([*turn, "turn"])), None)


def put_another_value(draw: Any, play: Play, turns: Said) -> None:
    turn = some_turn(draw, turns)
    turn[draw(st.sampled_from([*turn, "role", "state"]))] = draw(st.sampled_from(VALUES))


def put_no_turn(draw: Any, play: Play, turns: Said) -> None:
    turns.insert(draw(st.integers(0, len(turns))), draw(st.sampled_from(VALUES)))


def flip_a_flag(draw: Any, play: Play, turns: Said) -> None:
    turn, flag = some_turn(draw, turns[::2]), draw(st.sampled_from(FLAGS))
    turn[flag] = not turn.get(flag)


def change_the_error(draw: Any, play: Play, turns: Said) -> None:
    turn, error = some_turn(draw, turns[::2]), draw(st.sampled_from([None, *FLAGS]))
    turn |= {flag: flag == error for flag in FLAGS}


def err_less(draw: Any, play: Play, turns: Said) -> None:
    for acted, answer in zip(turns[1::2], turns[2::2], strict=False):
        both = isinstance(acted, dict) and isinstance(answer, dict)
        if both and any(answer.get(flag) for flag in FLAGS) and draw(st.booleans()):
            acted["action"] = play.others[0]
            answer.update(dict.fromkeys(FLAGS, False))


def do_something_else(draw: Any, play: Play, turns: Said) -> None:
    some_turn(draw, turns[1::2])["action"] = draw(st.sampled_from([*play.others, *play.nonsense]))


def complete_something_else(draw: Any, play: Play, turns: Said) -> None:
    number = st.integers(0, play.conditions - 1)
    said: Any = st.lists(number, max_size=4) | st.sampled_from(
        [True, False, None, [play.conditions], [-1], 0, "0"]
    )
    key = draw(
        st.sampled_from(["completed", "completed", "Completed", "task_completed", "Completed Conditions"])
    )
    some_turn(draw, turns[::2])[key] = draw(said)


def spell_keys(draw: Any, play: Play, turns: Said) -> None:
    spell = draw(st.sampled_from(SPELLINGS))
    for turn in turns[draw(st.integers(0, len(turns))) :]:
        if isinstance(turn, dict):
            pairs = [*turn.items()]
            turn.clear()
            turn.update((spell(key), value) for key, value in pairs)


MUTATIONS = [
    *(
        delete,
        double,
        swap,
        cut_short,
        drop_a_key,
        put_another_value,
        put_no_turn,
        flip_a_flag,
        change_the_error,
    ),
    *(err_less, do_something_else, complete_something_else, spell_keys),
]


def some_turn(draw: Any, turns: Said) -> dict[str, Any]:
    """One of them to change; where none is left, one that nobody sees."""
    return draw(st.sampled_from([turn for turn in turns if isinstance(turn, dict)] or [{}]))


@st.composite
def mutated(draw: Any, most: int = 3) -> tuple[Play, Said]:
    play = draw(st.sampled_from(PLAYS))
    turns = copy.deepcopy(play.turns)
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=most)):
        mutation(draw, play, turns)
    return play, turns


WRAPPINGS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f'Sure, here "it" is:\n```json\n{text}\n```\nHave fun {{with}} it!',
    lambda text: f"<think>A {{lamp}}?</think>{text}",
    lambda text: f'{{"trajectory": {text}, "title": "It"}}',
    lambda text: f"[{text}]",
    lambda text: text.replace(": false", ": False").replace(": null", ": None"),
    lambda text: text.replace("]}", ",]}"),
]


def nothing_is_left(turns: Said) -> bool:
    """Whether nothing tells that these are turns."""
    keys = [{key.strip().lower() for key in turn} for turn in turns if isinstance(turn, dict)]
    return not any("role" in some and some & {"turn", "thought", "observation", "action"} for some in keys)


@settings(max_examples=600)
@given(mutated(), st.sampled_from(WRAPPINGS))
def test_a_changed_trajectory_is_accepted_if_it_keeps_to_the_rules_else_its_first_bad_turn_is_named(
    court: Court, changed: tuple[Play, Said], wrap: Callable[[str], str]
) -> None:
    play, turns = changed
    wanted = Ruled("json", 0, 0) if nothing_is_left(turns) else rules(play, turns)
    court.hold(play, wrap(json.dumps({"turns": turns})), wanted)


@settings(max_examples=200)
@given(mutated(most=1), st.data())
def test_of_a_trajectory_that_breaks_off_the_whole_turns_are_judged(
    court: Court, changed: tuple[Play, Said], data: st.DataObject
) -> None:
    play, turns = changed
    parts = [json.dumps(turn) for turn in turns]
    text = '{"turns": [' + ", ".join(parts) + "]}"
    cut = data.draw(st.integers(0, len(text)))
    end, whole = len('{"turns": ['), 0
    for part in parts:
        end += len(part)
        whole += end <= cut
        end += len(", ")
    left = turns[:whole]
    closed = cut >= len(text) - 1
    if left and nothing_is_left(left):
        objection = court.judge(play, text[:cut]).objection
        assert objection is not None
        assert (objection.rule in ("json", "keys"), objection.turn) == (True, 0)
    else:
        court.hold(play, text[:cut], rules(play, left, whole=closed and bool(parts)))


@settings(max_examples=150)
@given(st.sampled_from(PLAYS), st.data())
def test_what_is_kept_and_the_rest_of_the_good_trajectory_are_accepted(
    court: Court, play: Play, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, len(play.turns) - 1))
    turns = copy.deepcopy(play.turns)
    turn = turns[bad]
    del turn[data.draw(st.sampled_from([key for key in turn if key not in ("turn", "completed")]))]
    judged = court.hold(play, json.dumps(turns), rules(play, turns))
    assert judged.objection is not None
    assert judged.objection.turn == bad
    whole = [*as_written(judged.turns), *play.turns[bad:]]
    accepted = court.hold(play, json.dumps(whole), Ruled(None, None, len(play.turns)))
    assert as_written(accepted.turns) == play.turns


@settings(max_examples=150)
@given(st.sampled_from(PLAYS), st.data())
def test_what_is_kept_of_an_action_that_is_none_goes_on_with_the_report(
    court: Court, play: Play, data: st.DataObject
) -> None:
    turns = copy.deepcopy(play.turns)
    bad = data.draw(st.integers(1, len(turns) // 2)) * 2
    turns[bad - 1]["action"] = data.draw(st.sampled_from(play.nonsense))
    turns[bad]["parameter_error"] = False
    judged = court.hold(play, json.dumps(turns), Ruled("unreported", bad, bad))
    report = dm(bad, "There is no such action.", "p")
    whole = [*as_written(judged.turns), report, play.turns[bad - 1], *play.turns[bad:]]
    accepted = court.hold(play, json.dumps(whole), Ruled(None, None, len(play.turns) + 2))
    assert as_written(accepted.turns)[: bad - 1] == play.turns[: bad - 1]


def test_the_rules_that_are_worked_out_here_find_each_kind_of_fault() -> None:
    """What decides above is no judge that accepts everything."""
    good = LIGHTHOUSE.turns
    broken: dict[str, Said] = {
        "keys": [*good[:3], {"role": "Player"}],
        "order": [*good[:3], *good[4:]],
        "unreported": [*good[:2], good[2] | {"parameter_error": False}, *good[3:]],
        "unfinished": good[:-1],
        "refinements": [good[0], *good[11:]],
    }
    assert {rule: rules(LIGHTHOUSE, items).rule for rule, items in broken.items()} == {
        rule: rule for rule in broken
    }
    assert rules(LIGHTHOUSE, good[:5], whole=False) == Ruled("json", 5, 5)
