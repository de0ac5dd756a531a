"""The verifier of trajectories that a model wrote: each of the paper's rules, the first bad turn, and what is kept before it."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from turns_by_hand import LIGHTHOUSE, TOMATO, Said, as_trajectory, dm, player

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.synthesis.judging import RULES, Judge, Judged
from trpg_env.synthesis.reading import Turns, read_turns
from trpg_env.synthesis.wire import DMSaid, PlayerSaid, as_written, turns_schema
from trpg_env.trajectory import DMTurn, Verifier
from trpg_env.trajectory.matching import Matcher
from trpg_env.world import VerificationFailed

Load = Callable[[Any], Script]
Verdict = Callable[..., Judged]

LAST = len(LIGHTHOUSE.turns) - 1
CONDITIONS = ["The lamp is filled with oil.", "The lamp is burning."]


@pytest.fixture(scope="module")
def judge(load: Load, sandbox: Sandbox) -> Verdict:
    """Judge turns of the example's script."""
    matcher = Matcher(load(LIGHTHOUSE.script), sandbox)
    return lambda items, fault=None, least=2: Judge(CONDITIONS, matcher, least).judge(Turns(items, fault))


@pytest.fixture
def turns() -> Said:
    """The example, to be changed at will: 2 is a parameter error, 6 a logic error, 10 a place error."""
    return copy.deepcopy(LIGHTHOUSE.turns)


def accepted(judged: Judged) -> Said:
    assert judged.objection is None
    return as_written(judged.turns)


def refused(judged: Judged, rule: str, turn: int | None, kept: Said) -> str:
    """What is said of a trajectory that is refused in a certain turn, after those that are kept."""
    assert judged.objection is not None
    assert (judged.objection.rule, judged.objection.turn) == (rule, turn)
    assert as_written(judged.turns) == kept
    assert len(judged.objection.message) < 600
    return judged.objection.message


def test_a_trajectory_that_keeps_to_the_rules_is_accepted_as_it_is(judge: Verdict, turns: Said) -> None:
    assert accepted(judge(turns)) == turns


def test_what_is_accepted_is_made_up_to_a_trajectory_in_which_verify_finds_nothing(
    judge: Verdict, turns: Said, load: Load, sandbox: Sandbox
) -> None:
    found = judge(turns).turns
    assert [(t.turn, t.message, t.progress) for t in found if isinstance(t, DMTurn) and t.error] == [
        (i, turns[i]["observation"], 0.0) for i in (2, 6, 10)
    ]
    assert [t.progress for t in found if isinstance(t, DMTurn)][-3:] == [0.0, 0.5, 1.0]
    script = load(LIGHTHOUSE.script)
    assert Verifier(sandbox).verify(as_trajectory(script, found), script) == []


# One trajectory for each rule, which breaks just that one.


def breaks_json(turns: Said) -> tuple[Any, int | None, Said]:
    return Turns(turns[:9], "The JSON breaks off before its end."), 9, turns[:9]


def breaks_keys(turns: Said) -> tuple[Any, int | None, Said]:
    del turns[8]["observation"]
    return turns, 8, turns[:8]


def breaks_order(turns: Said) -> tuple[Any, int | None, Said]:
    return turns[:7] + turns[8:], 7, turns[:7]


def breaks_unreported(turns: Said) -> tuple[Any, int | None, Said]:
    turns[2]["parameter_error"] = False
    return turns, 2, turns[:2]


def breaks_unfinished(turns: Said) -> tuple[Any, int | None, Said]:
    turns[-1]["completed"] = [0]
    return turns, LAST + 1, turns


def breaks_refinements(turns: Said) -> tuple[Any, int | None, Said]:
    kept = [{**turn, "turn": i} for i, turn in enumerate(turns[:1] + turns[11:])]
    kept[8]["logic_error"] = True
    return kept, None, kept


TOLD = {
    "json": "turn 9: The JSON breaks off before its end.",
    "keys": 'turn 8, the DM\'s: The field "observation" is missing.',
    "order": "turn 7 is the Player's, not \"DM\"'s; DM and player take turns, the DM first",
    "unreported": "turn 2: the player's text \"climb to the lamp room\" in turn 1 matches no action's verification code "
    "and parameters, which this turn has to report: parameter_error is true",
    "unfinished": 'The last turn is reached, and the task is not completed: condition 1 ("The lamp is burning.") is not '
    "among those completed.",
    "refinements": "The task is completed, but with 1 error-and-refines (one or more erroneous turns in a row, then a "
    "correct one); there have to be 2 at least.",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_trajectory_that_breaks_just_one_rule_is_refused_for_it(
    rule: str, judge: Verdict, turns: Said
) -> None:
    broken, turn, kept = globals()[f"breaks_{rule}"](turns)
    written = broken if isinstance(broken, Turns) else Turns(broken)
    assert refused(judge(written.items, written.fault), rule, turn, kept) == TOLD[rule]


def test_a_reply_without_turns_is_refused_before_the_first(judge: Verdict) -> None:
    assert (
        refused(judge([], "There is no list of turns."), "json", 0, [])
        == "turn 0: There is no list of turns."
    )
    refused(judge([]), "unfinished", 0, [])


# Keys.

WRONG: dict[str, list[Any]] = {
    "text": [None, 5, True, ["a"], {"a": "b"}, "x" * 8_001],
    "told": [None, 5, True, ["a"], {"a": "b"}, "", " \n", "\u202e\x07", "x" * 8_001],
    "flag": [None, 0, 1, "false", "", [], {}],
    "role": [None, 5, True, ["DM"], {"DM": 1}],
    "completed": [5, "0", [0.5], ["0"], [True], [None], [[0]], {"0": True}, [0, 2], [-1], [10**300]],
}
KEYS = {
    8: {"role": "role", "thought": "text", "observation": "told", "completed": "completed"}
    | dict.fromkeys(("parameter_error", "place_error", "logic_error"), "flag"),
    7: {"role": "role", "thought": "text", "action": "told"},
}


@pytest.mark.parametrize(("turn", "key"), [(turn, key) for turn, keys in KEYS.items() for key in keys])
def test_a_key_of_another_type_is_refused(turn: int, key: str, judge: Verdict, turns: Said) -> None:
    for wrong in WRONG[KEYS[turn][key]]:
        turns[turn][key] = wrong
        message = refused(judge(turns), "keys", turn, LIGHTHOUSE.turns[:turn])
        assert key in message or key == "completed"
        assert message.startswith(f"turn {turn}")


@pytest.mark.parametrize(
    ("turn", "key"), [(turn, key) for turn, keys in KEYS.items() for key in keys if key != "completed"]
)
def test_a_key_that_is_missing_is_refused(turn: int, key: str, judge: Verdict, turns: Said) -> None:
    del turns[turn][key]
    assert f'"{key}"' in refused(judge(turns), "keys", turn, LIGHTHOUSE.turns[:turn])


@pytest.mark.parametrize(
    "item", [None, 5, "and so on", "\ud800", [], ["DM"], [{"role": "Player"}], True, {}, 1e300]
)
def test_what_is_no_turn_is_refused(item: Any, judge: Verdict, turns: Said) -> None:
    for turn in (0, 7, 8):
        message = refused(judge([*turns[:turn], item, *turns[turn:]]), "keys", turn, turns[:turn])
        assert message.startswith(f"turn {turn} ")
        message.encode()


def test_what_nests_as_deeply_as_can_be_read_is_refused(judge: Verdict, turns: Said) -> None:
    before = ", ".join(json.dumps(turn) for turn in turns[:7])
    for depth in range(900, 1_000):
        deep = "[" * depth + "]" * depth
        for written in (f"[{before}, {deep}]", f'[{before}, {{"role": "Player", "thought": {deep}}}]'):
            judged = judge(*vars_of(read_turns(written)))
            assert judged.objection is not None
            assert judged.objection.rule in ("keys", "json")
            assert len(judged.turns) == 7


def vars_of(written: Turns) -> tuple[list[Any], str | None]:
    return written.items, written.fault


def test_a_turn_needs_no_number_and_a_wrong_one_is_put_right(judge: Verdict, turns: Said) -> None:
    for number in (None, 7, "first", -1, [1]):
        for turn in turns:
            turn["turn"] = number
        assert accepted(judge(turns)) == LIGHTHOUSE.turns
    for turn in turns:
        del turn["turn"]
    assert accepted(judge(turns)) == LIGHTHOUSE.turns


def test_other_keys_are_nobodys_business(judge: Verdict, turns: Said) -> None:
    for turn in turns:
        turn |= {"state": [1, {"a": None}], "observation ": turn.get("observation", 5), "": ""}
    turns[5] |= {f"key {i}": {"i": [i]} for i in range(5_000)}
    assert accepted(judge(turns)) == LIGHTHOUSE.turns


def test_texts_are_cleaned_of_what_no_terminal_takes(judge: Verdict, turns: Said) -> None:
    turns[1]["action"] = " climb\x1b to \u202ethe lamp room\r\n"
    turns[2]["observation"] = "No.\r\nSuch \ud800action."
    turns[3]["thought"] = "\x00"
    found = accepted(judge(turns))
    assert found[1]["action"] == "climb to the lamp room"
    assert found[2]["observation"] == "No.\nSuch \ufffdaction."
    assert found[3]["thought"] == ""
    assert accepted(judge(found)) == found


@pytest.mark.parametrize(
    "spell", [str.title, str.upper, lambda key: key.replace("_", " "), lambda key: f" {key}"]
)
def test_keys_are_taken_in_any_spelling(spell: Callable[[str], str], judge: Verdict, turns: Said) -> None:
    spelled = [{spell(key): value for key, value in turn.items()} for turn in turns]
    assert accepted(judge(spelled)) == turns


def test_of_a_key_in_two_spellings_the_last_is_judged_and_kept(judge: Verdict, turns: Said) -> None:
    turns[3] = {**player(3, "dance"), "Action": "go to lamp room", "THOUGHT": "So."}
    assert accepted(judge(turns))[3] == player(3, "go to lamp room") | {"thought": "So."}
    turns[3] = {**player(3, "go to lamp room"), "Action": "dance"}
    refused(judge(turns), "unreported", 4, [*turns[:3], player(3, "dance")])


# Order.


@pytest.mark.parametrize(
    "dm_is", ["DM", "dm", "Dm", " DM ", "Dungeon Master", "dungeon_master", "DUNGEON  MASTER"]
)
@pytest.mark.parametrize("player_is", ["Player", "player", "PLAYER", "player\n"])
def test_roles_are_taken_in_any_spelling(dm_is: str, player_is: str, judge: Verdict, turns: Said) -> None:
    for turn in turns:
        turn["role"] = dm_is if turn["role"] == "DM" else player_is
    assert accepted(judge(turns)) == LIGHTHOUSE.turns


@pytest.mark.parametrize(
    "role", ["", "Narrator", "DM/Player", "D M", "The Player", "\ud800", "\u0300\u0323" * 100_000]
)
def test_other_roles_are_refused(role: str, judge: Verdict, turns: Said) -> None:
    began = time.process_time()
    for turn in (0, 3, 4):
        turns[turn]["role"] = role
        refused(judge(turns), "order", turn, LIGHTHOUSE.turns[:turn]).encode()
        turns[turn]["role"] = "Player" if turn % 2 else "DM"
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("tamper", "turn"),
    [
        (lambda turns: turns.pop(0), 0),
        (lambda turns: turns.pop(3), 3),
        (lambda turns: turns.pop(4), 4),
        (lambda turns: turns.insert(3, turns[2]), 3),
        (lambda turns: turns.insert(4, turns[3]), 4),
        (lambda turns: turns.insert(0, turns[1]), 0),
        (lambda turns: turns[3:5].reverse() or turns.__setitem__(slice(3, 5), turns[4:2:-1]), 3),
    ],
)
def test_turns_that_do_not_alternate_are_refused(
    tamper: Callable[[Said], Any], turn: int, judge: Verdict, turns: Said
) -> None:
    tamper(turns)
    refused(judge(turns), "order", turn, LIGHTHOUSE.turns[:turn])


@pytest.mark.parametrize("flag", ["parameter_error", "place_error", "logic_error"])
def test_an_opening_with_a_flag_is_refused(flag: str, judge: Verdict, turns: Said) -> None:
    turns[0][flag] = True
    assert "the opening assesses nothing" in refused(judge(turns), "order", 0, [])


@pytest.mark.parametrize("completed", [[0], [0, 1], True])
def test_an_opening_completes_nothing(completed: Any, judge: Verdict, turns: Said) -> None:
    turns[0]["completed"] = completed
    assert accepted(judge(turns)) == LIGHTHOUSE.turns


# Parameter errors.


@pytest.mark.parametrize("kind", [None, "place_error", "logic_error"])
@pytest.mark.parametrize("text", LIGHTHOUSE.nonsense)
def test_an_action_that_is_none_has_to_be_reported(
    text: str, kind: str | None, judge: Verdict, turns: Said
) -> None:
    turns[13]["action"] = text
    if kind is not None:
        turns[14][kind] = True
    assert json.dumps(text) in refused(judge(turns), "unreported", 14, turns[:14])
    turns[14]["parameter_error"] = True
    judge(turns)
    assert judge(turns).objection is None


def test_an_action_in_the_last_turn_has_to_be_reported_too(judge: Verdict, turns: Said) -> None:
    turns[-2]["action"] = "dance"
    refused(judge(turns), "unreported", LAST, turns[:-1])


def test_a_last_action_that_nobody_answers_is_no_unreported_one(judge: Verdict, turns: Said) -> None:
    refused(judge([*turns[:3], player(3, "dance")]), "unfinished", 4, [*turns[:3], player(3, "dance")])


def test_the_first_bad_turn_counts_whatever_is_bad_in_it(judge: Verdict, turns: Said) -> None:
    turns[13]["action"] = "dance"
    del turns[16]["observation"]
    refused(judge(turns), "unreported", 14, turns[:14])
    del turns[14]["observation"]
    refused(judge(turns), "keys", 14, turns[:14])
    turns[2]["parameter_error"] = False
    refused(judge(turns), "unreported", 2, turns[:2])


def test_an_action_that_is_one_may_be_reported_as_an_error_of_any_kind(judge: Verdict, turns: Said) -> None:
    for kind in ("parameter_error", "place_error", "logic_error"):
        turns[14][kind] = True
        assert accepted(judge(turns)) == turns
        turns[14][kind] = False


@pytest.mark.parametrize(
    ("flags", "counts"),
    [
        ({"parameter_error", "place_error", "logic_error"}, "parameter_error"),
        ({"parameter_error", "logic_error"}, "parameter_error"),
        ({"place_error", "logic_error"}, "place_error"),
    ],
)
def test_of_several_flags_the_first_counts(flags: set[str], counts: str, judge: Verdict, turns: Said) -> None:
    turns[6] |= dict.fromkeys(flags, True)
    found = accepted(judge(turns))
    assert [key for key, value in found[6].items() if value is True] == [counts]
    assert accepted(judge(found)) == found


# Completion.


@pytest.mark.parametrize(
    ("at_filling", "at_lighting"),
    [
        ([0], [0, 1]),
        ([0, 0], [1, 0, 1, 0]),
        ([0], [1]),
        ([0], True),
        ([], True),
        (None, [0, 1]),
        (False, [0, 1]),
        ({}, [0, 1]),
    ],
    ids=str,
)
def test_conditions_that_are_met_are_taken_as_models_report_them(
    at_filling: Any, at_lighting: Any, judge: Verdict, turns: Said
) -> None:
    turns[22]["completed"], turns[24]["completed"] = at_filling, at_lighting
    if at_filling == {}:
        del turns[22]["completed"]
    found = accepted(judge(turns))
    assert found[22]["completed"] == ([0] if at_filling in ([0], [0, 0]) else [])
    assert found[24]["completed"] == [0, 1]
    assert accepted(judge(found)) == found


@pytest.mark.parametrize(
    "key", ["completed", "Completed", "completed_conditions", "Completed Conditions", "task completed"]
)
def test_completion_is_found_under_any_of_its_names(key: str, judge: Verdict, turns: Said) -> None:
    for turn in turns[::2]:
        turn[key] = turn.pop("completed")
    assert accepted(judge(turns)) == LIGHTHOUSE.turns


def test_what_is_met_stays_met(judge: Verdict, turns: Said) -> None:
    turns[14]["completed"] = [1]
    found = accepted(judge(turns))
    assert [turn["completed"] for turn in found[14::2]] == [[1], [1], [1], [1], [0, 1]]
    assert len(found) == 23


def test_an_erroneous_action_meets_no_condition(judge: Verdict, turns: Said) -> None:
    for completed in ([0], [0, 1], True):
        turns[6]["completed"] = completed
        assert accepted(judge(turns)) == LIGHTHOUSE.turns
    turns[-1]["logic_error"] = True
    refused(
        judge(turns),
        "unfinished",
        LAST + 1,
        [*turns[:-1], turns[-1] | {"completed": [0]}][:6]
        + LIGHTHOUSE.turns[6:-1]
        + [turns[-1] | {"completed": [0]}],
    )


def test_numbers_of_no_condition_are_refused_even_where_they_meet_none(judge: Verdict, turns: Said) -> None:
    for turn in (0, 2, 8, 24):
        for number in (2, -1, 10**300):
            changed = copy.deepcopy(turns)
            changed[turn]["completed"] = [0, number]
            message = refused(judge(changed), "keys", turn, turns[:turn])
            assert "the script has 2, numbered from 0" in message


def test_when_all_is_completed_the_rest_is_not_looked_at(judge: Verdict, turns: Said) -> None:
    for rest in ([None], [{"role": "DM"}], [player(25, "dance"), dm(26, "You dance.")], turns):
        assert accepted(judge([*turns, *rest])) == turns
        assert accepted(judge([*turns, *rest], "The JSON breaks off before its end.")) == turns
    early = [*turns[:14], turns[14] | {"completed": True}, *turns[15:]]
    assert accepted(judge(early)) == [*turns[:14], turns[14] | {"completed": [0, 1]}]


def test_what_is_missing_is_named(judge: Verdict, turns: Said) -> None:
    turns[-1]["completed"] = turns[-3]["completed"] = [1]
    message = refused(judge(turns), "unfinished", LAST + 1, turns)
    assert 'condition 0 ("The lamp is filled with oil.")' in message


# Error-and-refines.


@pytest.mark.parametrize(
    ("erroneous", "count"),
    [
        ([], 0),
        ([2], 1),
        ([4], 1),
        ([4, 6, 8], 1),
        ([4, 8], 2),
        ([2, 6, 10], 3),
        ([2, 4, 8, 10, 14, 18, 20], 4),
    ],
)
def test_error_and_refines_are_counted_over_runs_of_errors(
    erroneous: list[int], count: int, judge: Verdict, turns: Said
) -> None:
    turns[1]["action"] = "go to landing"
    for i, turn in enumerate(turns[::2]):
        turn |= {"parameter_error": False, "place_error": 2 * i in erroneous, "logic_error": False}
    for least in range(count + 1):
        assert accepted(judge(turns, least=least)) == turns
    message = refused(judge(turns, least=count + 1), "refinements", None, turns)
    assert f"with {count} error-and-refines" in message


def test_none_are_asked_for_where_none_are_wanted(judge: Verdict) -> None:
    turns = [dm(0, "Here."), player(1, "light lamp"), dm(2, "It burns.", completed=[0, 1])]
    assert accepted(judge(turns, least=0)) == turns


# Verification code.

BY_STATE = {
    "open {thing}": {
        "verification_code": "def validate(action, params, state):\n    return not state[params['thing']]['open']\n",
        "parameters": {"thing": ["box"]},
        "effects": ["thing.open = true"],
    }
}


@pytest.fixture
def by_state(tiny: dict[str, Any], load: Load, sandbox: Sandbox) -> Verdict:
    """Judge turns of a grounded script whose code reads the state."""
    tiny["available_actions"] |= BY_STATE
    matcher = Matcher(load(tiny), sandbox)
    return lambda items, least=0: Judge(["You have won."], matcher, least).judge(Turns(items))


def test_what_hangs_on_a_state_that_nobody_knows_may_be_reported_or_not(by_state: Verdict) -> None:
    for error in (".", "p"):
        turns = [dm(0, "."), player(1, "open box"), dm(2, ".", error), player(3, "win"), dm(4, ".", ".", [0])]
        assert accepted(by_state(turns)) == turns


@pytest.mark.parametrize("text", ["dance", "dan\x07ce", "  dance ", "take\u2028 box \x1b!"])
def test_what_hangs_on_no_state_is_held_to_the_rule_there_too(text: str, by_state: Verdict) -> None:
    turns = [dm(0, "."), player(1, text), dm(2, "."), player(3, "win"), dm(4, ".", ".", [0])]
    judged = by_state(turns)
    assert judged.objection is not None
    assert (judged.objection.rule, judged.objection.turn) == ("unreported", 2)


@pytest.fixture
def hanging(tiny: dict[str, Any], load: Load) -> Iterator[Verdict]:
    """Judge turns of a script whose code hangs on one word."""
    code = "def validate(action, params, state):\n    while params['what'] == 'loop':\n        pass\n    return True\n"
    tiny["available_actions"]["say {what}"] = {"verification_code": code, "effects": []}
    with Sandbox() as sandbox:
        judge = Judge(["You have won."], Matcher(load(tiny), sandbox), 0)
        yield lambda items: judge.judge(Turns(items))


def test_code_that_does_not_answer_is_no_fault_of_the_trajectory(hanging: Verdict) -> None:
    with pytest.raises(VerificationFailed):
        hanging([dm(0, "."), player(1, "say loop"), dm(2, "."), player(3, "win"), dm(4, ".", ".", [0])])


def test_code_is_asked_only_what_has_to_be_known(hanging: Verdict) -> None:
    loop = [player(5, "say loop"), dm(6, "Loop.")]
    turns = [dm(0, "."), player(1, "dance"), dm(2, ".", "p"), player(3, "win"), dm(4, ".", ".", [0])]
    began = time.monotonic()
    assert accepted(hanging([*turns, *loop])) == turns
    refused(
        hanging([*turns[:3], player(3, "hum"), dm(4, "Hm."), *loop]),
        "unreported",
        4,
        [*turns[:3], player(3, "hum")],
    )
    assert time.monotonic() - began < 5


def test_code_is_asked_of_what_is_reported_too_since_verify_does(hanging: Verdict) -> None:
    reported = [dm(0, "."), player(1, "say loop"), dm(2, ".", "p"), player(3, "win"), dm(4, ".", ".", [0])]
    with pytest.raises(VerificationFailed):
        hanging(reported)


# The form.


def test_the_schema_asks_for_what_is_read() -> None:
    schema = turns_schema(2, 20)["properties"]["turns"]
    assert schema["maxItems"] == 41
    dms, players = schema["items"]["anyOf"]
    assert [*dms["properties"]] == [*DMSaid.model_fields] == [*LIGHTHOUSE.turns[0]] == dms["required"]
    assert (
        [*players["properties"]]
        == [*PlayerSaid.model_fields]
        == [*LIGHTHOUSE.turns[1]]
        == players["required"]
    )
    assert dms["properties"]["completed"]["items"]["enum"] == [0, 1]
    assert turns_schema(1, 100)["properties"]["turns"]["maxItems"] == 121
    assert turns_schema(2, 20, (7, 9))["properties"]["turns"]["items"]["anyOf"][0]["properties"][
        "thought"
    ] == {
        "maxLength": 7,
        "type": "string",
    }


def test_a_grounded_script_is_judged_by_its_texts_too(load: Load, sandbox: Sandbox) -> None:
    judge = Judge(
        ["The tomato is cool.", "It is in the microwave."], Matcher(load("cool-tomato"), sandbox), 3
    )
    assert accepted(judge.judge(Turns(TOMATO.turns))) == TOMATO.turns
