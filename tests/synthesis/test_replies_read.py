"""A script or a list of turns is found in whatever a model has sent; where a reply breaks, what stands before is kept."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from turns_by_hand import HEALER, LIGHTHOUSE, TOMATO, in_json

from trpg_env.llm.extraction import Malformed
from trpg_env.synthesis.reading import Turns, named, read_script, read_turns, spelled

SCRIPT = {"goal": "Win.", "environment": {"hall": {"goal": "none"}}, "available_actions": {"win": {}}}
TURNS: list[dict[str, Any]] = [
    {
        "turn": 0,
        "role": "DM",
        "thought": "A {hall}.",
        "observation": 'You see "it", // and [a, ] {"b": True}.',
    },
    {"turn": 1, "role": "Player", "thought": "True, }", "action": "go\\east"},
    {"turn": 2, "role": "DM", "completed": [0], "parameter_error": False},
]
WHOLE = Turns(TURNS)
LONG = 200_000

Read = Callable[[str], Any]


def told(turns: Any = TURNS, **options: Any) -> str:
    return json.dumps(turns, **options)


AROUND: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "blanks": lambda text: f"\n \t{text}\r\n",
    "a fence": lambda text: f"```json\n{text}\n```",
    "a fence without a language": lambda text: f"```\n{text}\n```",
    "chatter": lambda text: f"Sure! Here it is:\n\n{text}\n\nShall I go on?",
    "a fence in chatter": lambda text: f"Sure, it's here:\n```json\n{text}\n```\nHave fun!",
    "a lone quotation mark before": lambda text: f'The wall is 5" thick.\n{text}',
    "a lone quotation mark behind": lambda text: f'{text}\nThe wall is 5" thick.',
    "lone braces before": lambda text: f"I use {{ and [ and {{a}} and [b]. {text}",
    "lone braces behind": lambda text: f"{text} That was {{ and ] and }} and [[.",
    "an object before": lambda text: f'{{"plan": ["a hall", {{"b": 1}}]}} {{}} {text}',
    "an object that is none before": lambda text: f'{{"plan}} is this: {{"a": {text}',
    "a link before": lambda text: f"See https://example.org/{{x}}. {text}",
    "reasoning": lambda text: f"<think>Is it {{}} or {text[:40]}?</think>\n{text}",
    "reasoning that began in the prompt": lambda text: f'So {{"role" or what? </think>{text}',
    "an object": lambda text: f'{{"answer": {text}}}',
    "an object in an object": lambda text: (
        f'{{"note": "a", "result": {{"n": 1, "answer": {text}}}, "b": {{}}}}'
    ),
    "a list": lambda text: f"[{text}]",
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("indent", [None, 2])
def test_turns_and_a_script_are_found_whatever_is_around_them(around: str, indent: int | None) -> None:
    wrap = AROUND[around]
    assert read_turns(wrap(told(indent=indent))) == WHOLE
    assert read_turns(wrap(told({"turns": TURNS}, indent=indent))) == WHOLE
    assert read_script(wrap(told(SCRIPT, indent=indent))) == SCRIPT


SLIPS: dict[str, Callable[[str], str]] = {
    "a comma behind the last element": lambda text: re.sub(r"(\n *[\]}])", r",\1", text),
    "a comma on a line of its own": lambda text: re.sub(r"(\n *[\]}])", r"\n,\n\1", text),
    "comments": lambda text: re.sub(r",\n", r', // "so", {it} is [\n', text),
    "comments behind the last element": lambda text: re.sub(
        r"(\n *[\]}])", r", // that's all\n//,\n\1", text
    ),
    "Python's constants": lambda text: text.replace("false", "False").replace("null", "None"),
    "all of them": lambda text: re.sub(
        r"(\n *[\]}])", r", // the \1", text.replace("false", "False").replace("null", "None")
    ),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("slip", SLIPS)
def test_slips_are_mended_outside_of_texts_only(slip: str, around: str) -> None:
    turns = [*TURNS, {"turn": 3, "role": "Player", "reply": None}]
    script = SCRIPT | {"grounded": False, "persona": None, "title": 'A // "comment", ] True,}'}
    broken = SLIPS[slip](told({"turns": turns}, indent=1))
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    assert read_turns(AROUND[around](broken)) == Turns(turns)
    assert read_script(AROUND[around](SLIPS[slip](told(script, indent=1)))) == script


@pytest.mark.parametrize("key", ["turns", "Turns", "trajectory", "", "role", "x" * 500])
def test_the_list_may_stand_under_any_key(key: str) -> None:
    assert read_turns(told({"title": "It", key: TURNS, "n": [1, {}]})) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(told, TURNS)),
        "\n\n".join(map(told, TURNS)) + "\n",
        "```json\n" + "\n".join(map(told, TURNS)) + "\n```",
        ", ".join(map(told, TURNS)),
        ",\n".join(told(turn, indent=2) for turn in TURNS),
        "".join(map(told, TURNS)),
        "Here:\n" + "\n".join(map(told, TURNS)) + "\nThat is all.",
        '{"title": "The play"}\n' + "\n".join(map(told, TURNS)),
    ],
)
def test_turns_need_no_list_around_them(text: str) -> None:
    assert read_turns(text) == WHOLE


def test_a_comma_may_be_missing_between_turns() -> None:
    for between in (" ", "\n", "", " ,, "):
        listed = between.join(map(told, TURNS))
        assert read_turns(f"[{listed}]") == WHOLE
        assert read_turns(f'{{"turns": [{listed}]}}') == WHOLE
        assert read_turns(f'Here: {{"turns": [ {listed} ], "end": true}} So.') == WHOLE


@pytest.mark.parametrize(
    "spell", [str.title, str.upper, lambda key: f" {key} ", lambda key: key.replace("_", "  ")]
)
def test_keys_may_be_spelled_in_any_way(spell: Callable[[str], str]) -> None:
    turns = [{spell(key): value for key, value in turn.items()} for turn in TURNS]
    found = read_turns(told(turns))
    assert found == Turns(turns)
    assert [*map(named, found.items)] == TURNS
    script = {spell(key): value for key, value in SCRIPT.items()}
    assert read_script(told(script)) == script


def test_a_broken_first_turn_is_told_in_any_spelling_of_its_keys() -> None:
    assert read_turns('[{"Role" : "DM", "thought": "a').fault == "The JSON breaks off before its end."


def test_of_a_key_in_several_spellings_the_last_counts() -> None:
    assert named({"Thought": 1, "thought": 2, "THOUGHT": 3, "place error": 4}) == {
        "thought": 3,
        "place_error": 4,
    }


def test_a_key_longer_than_any_of_ours_is_left_alone() -> None:
    long = "Place Error " * 1_000
    assert spelled(long) == long
    assert named({long: 1}) == {long.replace(" ", "_"): 1}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("", "The reply is empty."),
        (" \n\t ", "The reply is empty."),
        ("<think>A lighthouse, say", "only reasoning and no answer; it may have run out of tokens"),
        ("<think>A lighthouse.</think> ", "only reasoning and no answer"),
    ],
)
@pytest.mark.parametrize("read", [read_script, read_turns])
def test_a_reply_that_says_nothing_is_told_so(reply: str, words: str, read: Read) -> None:
    with pytest.raises(Malformed, match=words):
        read(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot do that.",
        "null",
        "[]",
        "{}",
        '{"turns": []}',
        '{"turns": [1, 2]}',
        '{"turns": [["role"]]}',
        '{"turns": [{"turn": 0}]}',
        '{"turns": "role"}',
        '{"people": [{"name": "Ada", "role": "guard"}, {"name": "Bob", "role": "baker"}]}',
    ],
)
def test_where_there_is_no_turn_the_form_is_told(reply: str) -> None:
    with pytest.raises(Malformed, match=r'There is no list of turns in the reply: {"turns": \[{"turn": …'):
        read_turns(reply)


@pytest.mark.parametrize(
    "reply",
    ["No.", "{}", '{"goal": "g"}', '[{"goal": "g"}]', '{"goal, environment": 1}', told({"turns": TURNS})],
)
def test_where_there_is_no_script_its_keys_are_told(reply: str) -> None:
    with pytest.raises(Malformed, match="one JSON object with goal, environment, completion_conditions and"):
        read_script(reply)


def test_the_first_script_counts_from_the_outside_in() -> None:
    inner = {"goal": "in", "environment": {}}
    assert read_script(told({"a": inner, "Goal": "out", "Environment": inner})) == {
        "a": inner,
        "Goal": "out",
        "Environment": inner,
    }
    assert read_script(told(inner) + told(SCRIPT)) == inner


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (told(SCRIPT)[:-1], "The JSON breaks off before its end."),
        (told(SCRIPT)[:-9], "The JSON breaks off before its end."),
        ("Here: " + told(SCRIPT).replace('"Win.",', '"Win."'), 'at \'"environment": {"hal\''),
        ('{"a"} ' + told(SCRIPT)[:-1], "The JSON breaks off before its end."),
        (told(SCRIPT).replace('"none"', "NaN"), "NaN is no JSON number"),
        (told(SCRIPT).replace('"none"', "-Infinity"), "-Infinity is no JSON number"),
        (told(SCRIPT).replace('"none"', "1e999"), "the number 1e999 is too large"),
        (told(SCRIPT).replace('"none"', "9" * 10_000), "a number has 10,000 digits"),
        (told(SCRIPT).replace('"none"', "[" * 100_000), "nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_script_is_told(reply: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_script(reply)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


BROKEN = {
    "a quotation mark missing": ('"role": "Player"', '"role": Player"', "is not valid"),
    "a quotation mark within": ("True, }", 'True, "so"', "is not valid"),
    "a comma missing": ('"Player", ', '"Player" ', "is not valid"),
    "no number": ('"turn": 1', '"turn": NaN', "NaN is no JSON number"),
    "infinite": ('"turn": 1', '"turn": 1e999', "the number 1e999 is too large"),
    "many digits": ('"turn": 1', f'"turn": {"1" * 401}', "a number has 401 digits"),
    "nested too deeply": ('"turn": 1', '"turn": ' + "[" * 100_000, "nested too deeply"),
    "chatter": ('{"turn": 1', 'and so on {"turn": 1', "is not valid"),
}


@pytest.mark.parametrize("form", ["object", "list", "lines"])
@pytest.mark.parametrize("what", BROKEN)
def test_what_stands_before_a_broken_turn_is_read_and_the_fault_told(what: str, form: str) -> None:
    good, bad, words = BROKEN[what]
    text = {"object": told({"turns": TURNS}), "list": told(), "lines": "\n".join(map(told, TURNS))}[form]
    found = read_turns(f"Here: {text.replace(good, bad, 1)}")
    assert found.items == TURNS[:1]
    if form == "lines" and what == "chatter":  # nobody knows that more was to come
        assert found.fault is None
    else:
        assert words in str(found.fault)
        assert len(str(found.fault)) < 300


def test_what_stands_behind_a_broken_turn_is_no_trajectory_of_its_own() -> None:
    good = in_json(LIGHTHOUSE.turns)
    for turn in range(0, 8):
        for end in (turn + 1, turn + 2, turn + 3):
            broken = good
            for i in range(turn, end):
                broken = broken.replace(f'{{"turn": {i}, "role": ', f'{{"turn": {i}, "role" ', 1)
            found = read_turns(broken)
            assert found.items == LIGHTHOUSE.turns[:turn]
            assert "is not valid" in str(found.fault)


def test_elements_that_are_no_turns_are_kept_for_the_judge() -> None:
    odd = [TURNS[0], "and then", 5, None, ["role"], TURNS[1]]
    assert read_turns(told(odd)) == Turns(odd)
    assert read_turns(told({"turns": odd})) == Turns(odd)
    assert read_turns(told({"turns": odd})[:-2]).items == odd
    for first in ("So:", 5, None, True, ["role"], -1.5, {"title": "It"}):
        for text in (told([first, *odd]), told({"turns": [first, *odd]})):
            assert read_turns(f"Here: {text}").items == [first, *odd]
            assert read_turns(f"Here: {text[:-2]}").items[:6] == [first, *odd[:5]]


@pytest.mark.parametrize(
    "before",
    [
        'In the form {"turns": [{"turn": …, "role": …, …}, …]}:\n',
        'In the form {"turns": [{"turn": 0, "role": "DM"}]}:\n',
        'In the form [{"turn": 0, "role": "DM"}, ...]:\n',
        'After {"turn": 7, "role": "Player"}, which was mine:\n',
        '{"turn": 7, "role": "DM"}\n',
        '{"people": [{"role": "guard"}, {"role": "guard"}, {"role": "guard"}, {"role": "guard"}]}\n',
    ],
)
@pytest.mark.parametrize("text", [told(), told({"turns": TURNS}), told({"turns": TURNS}, indent=1)])
def test_of_several_lists_the_longest_counts(before: str, text: str) -> None:
    assert read_turns(before + text) == WHOLE
    assert read_turns(before + text.replace("false", "False")) == WHOLE
    assert read_turns(before + text[: text.rindex(",")]).items == TURNS[:2]


def test_a_wrapper_with_a_role_of_its_own_is_no_turn() -> None:
    assert read_turns(told({"role": "assistant", "content": {"turns": TURNS}})) == WHOLE


@pytest.mark.parametrize("play", [HEALER, TOMATO], ids=repr)
def test_wherever_a_reply_is_cut_off_the_whole_turns_before_are_read(play: Any) -> None:
    turns = play.turns[:9]
    for text, listed in (
        (in_json(turns), True),
        (told(turns, indent=1), True),
        ("\n".join(map(told, turns)), False),
        ("```json\n" + in_json(turns).replace("false", "False"), True),
    ):
        ends = [m.end() for m in re.finditer(r"\}(?=\s*(?:[,\]]|\n\{|$))", text)][: len(turns)]
        assert len(ends) == len(turns)
        closed = text.rindex("]") + 1 if listed else ends[-1]
        for cut in range(len(text) + 1):
            whole = sum(end <= cut for end in ends)
            try:
                found = read_turns(text[:cut])
            except Malformed as malformed:
                assert whole == 0
                assert cut < text.index('{"turn"' if '{"turn"' in text else '"turn"') + 9
                found = Turns([], str(malformed))
            assert found.items == turns[:whole]
            if listed or (cut not in ends and text[cut - 1] != "\n"):
                assert (found.fault is None) == (cut >= closed)
            if whole and found.fault is not None and not re.search(r": [a-zA-Z]+$", text[:cut]):
                assert found.fault == "The JSON breaks off before its end."


def test_a_reply_that_ends_before_its_first_turn_is_told_that_it_breaks_off() -> None:
    for text in ('{"turns": [', '{"turns": [{"turn', '{"title": "A light'):
        with pytest.raises(
            Malformed, match=r"no list of turns in the reply: .* The JSON breaks off before its end"
        ):
            read_turns(text)


@pytest.mark.parametrize("tag", ["<think>", "</think>", "<think></think>"])
@pytest.mark.parametrize("form", ["object", "list", "lines", "fence"])
def test_a_tag_in_a_reply_that_begins_with_json_hides_nothing(form: str, tag: str) -> None:
    turns = [*TURNS, {"turn": 3, "role": "Player", "thought": f"So {tag}"}, {"turn": 4, "role": "DM"}]
    text = {
        "object": told({"turns": turns}),
        "list": told(turns),
        "lines": "\n".join(map(told, turns)),
        "fence": f"```json\n{told(turns)}\n```",
    }
    assert read_turns(text[form]) == Turns(turns)
    assert read_script(told(SCRIPT | {"title": tag}))["title"] == tag


def test_what_stands_behind_a_turn_that_is_lost_is_no_trajectory() -> None:
    for text in (in_json(LIGHTHOUSE.turns), told(LIGHTHOUSE.turns), "\n".join(map(told, LIGHTHOUSE.turns))):
        for i in range(0, 7):
            half = text.index(f'{{"turn": {i}') + 30
            for lost in (f"So: {text[half:]}", f"So: {text[half:-2]}"):
                assert nothing_in(lost)
        assert nothing_in(f"Sure! {text.replace('Here is the lamp', 'Here is </think> the lamp')}")


def nothing_in(reply: str) -> bool:
    try:
        return not read_turns(reply).items
    except Malformed:
        return True


@pytest.mark.parametrize(
    "before", ["", ", ", "\n", "```json\n", "Turn 4 and so on:\n", '{"note": {"a": 1}}\n']
)
@pytest.mark.parametrize("behind", ["", "]", "]}", "]}\n```", "\n", ", "])
def test_a_list_that_was_begun_before_may_just_go_on(before: str, behind: str) -> None:
    for between in (", ", "\n"):
        assert read_turns(before + between.join(map(told, TURNS)) + behind) == WHOLE


def test_half_a_surrogate_pair_is_no_reason_to_fail() -> None:
    for half in ("\ud800", r"\udfff"):
        text = (
            f'{{"turns": [{{"{half}": 1, "turn": 0, "role": "{half}"}}], "goal": "{half}", "environment": 1}}'
        )
        (turn,) = read_turns(text).items
        assert len(turn["role"]) == 1
        assert read_script(text)["goal"] == turn["role"]


TURN = '{"turn": 0, "role": "DM"}'
MARKS = "\u0300\u0323"  # two marks in the wrong order, which normalisation sorts
HOSTILE = {
    "braces and quotes": '{"' * (LONG // 2),
    "opening braces": "{" * LONG,
    "opening brackets": "[" * LONG,
    "brackets and braces": "[{" * (LONG // 2),
    "quotes": '"' * LONG,
    "escaped quotes": '{"' + '\\"' * (LONG // 2),
    "escaped quotes in texts": '{"a": "' + 'b\\" {"' * (LONG // 6),
    "backslashes": '{"' + "\\" * LONG,
    "objects in objects": '{"a":' * (LONG // 5),
    "lists in lists": '{"a":' + "[" * LONG,
    "lists of lists of turns": f"[{TURN}," * (LONG // 26),
    "lists of turns that end nowhere": (f"[{TURN} " * (LONG // 26)),
    "lists of objects": '[{"a":1} ' * (LONG // 9),
    "lists of empty objects": "[{} " * (LONG // 4),
    "lists in keys": '[{} {":' * (LONG // 7),
    "turns without end": f'{{"turns": [{f"{TURN}, " * (LONG // 27)}',
    "objects without end": '{"turns": [' + '{"a":1}, ' * (LONG // 9),
    "small objects": '{"a":1},' * (LONG // 8),
    "empty objects": "{}" * (LONG // 2),
    "nested, then a text that does not end": '{"a":[' * 500 + '"' + "x" * LONG,
    "a text with half objects": '{"a":"' + '{\\"' * (LONG // 3),
    "commas": '{"a": 1' + ", " * (LONG // 2),
    "commas and line breaks": '{"a": 1,' + "\n" * LONG,
    "comments": '{"a": 1, ' + "//\n" * (LONG // 3),
    "commas and comments": '{"a": 1 ' + ", //\n" * (LONG // 5),
    "slashes": '{"a": 1, ' + "/" * LONG,
    "constants": '{"a": ' + "True " * (LONG // 5),
    "blanks": " " * LONG,
    "blanks after braces": ("{" + " " * 400) * (LONG // 401),
    "blanks after brackets": ("[" + " " * 400) * (LONG // 401),
    "digits": '{"a":' + "1" * LONG,
    "thoughts": "<think>" * (LONG // 7),
    "thoughts that end": "<think></think>" * (LONG // 15),
    "a key with marks": f'{{"{MARKS * (LONG // 2)}": 1}}',
    "many keys": "{" + ", ".join(f'"{i}": {{}}' for i in range(LONG // 12)) + "}",
    "many lists": '{"a": [' + "[{}], " * (LONG // 6) + "0]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_replies_are_read_in_bounded_time(name: str) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        read_script(HOSTILE[name])
    try:
        assert isinstance(read_turns(HOSTILE[name]), Turns)
    except Malformed as malformed:
        assert len(str(malformed)) < 500
    assert time.process_time() - began < 1.5


SCRAPS = [
    *("{", "}", "[", "]", ":", ",", '"', "\\", " ", "\n", "//", "```", "<think>", "</think>", "True", "None"),
    *("NaN", "1e999", "1", "\ud800", '"role"', '"Turn": ', '"turns": [', '"goal": 1', '"Environment": {}'),
    *(TURN, told(TURNS[1]), told(SCRIPT), "\u0300", "İ"),
]
ANY_TEXT = st.text(st.characters()) | st.lists(st.sampled_from(SCRAPS), max_size=40).map("".join)


@settings(max_examples=300)
@given(ANY_TEXT)
def test_any_text_is_read_or_malformed(reply: str) -> None:
    began = time.process_time()
    for read in (read_script, read_turns):
        try:
            found = read(reply)
        except Malformed as malformed:
            assert 0 < len(str(malformed)) < 500
        else:
            assert isinstance(found, dict | Turns)
    assert time.process_time() - began < 1


CHATTER = st.text(st.characters(exclude_characters="{}[]", exclude_categories=["Cs"]), max_size=30).filter(
    lambda text: "think>" not in text
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [scrap for scrap in SCRAPS if scrap.isprintable() and "think>" not in scrap]
)
SOME_TURNS = st.lists(
    st.fixed_dictionaries({"turn": st.integers(), "role": TEXTS, "Thought": TEXTS, "flag": st.booleans()}),
    min_size=1,
    max_size=5,
)


@settings(max_examples=300)
@given(
    turns=SOME_TURNS,
    before=CHATTER,
    after=CHATTER,
    around=st.sampled_from([*AROUND]),
    slip=st.sampled_from(["", *SLIPS]),
)
def test_good_turns_survive_every_wrapping(
    turns: list[dict[str, Any]], before: str, after: str, around: str, slip: str
) -> None:
    text = told({"turns": turns}, indent=1, ensure_ascii=False)
    if slip:
        text = SLIPS[slip](text)
    assert read_turns(AROUND[around](before + text + after)) == Turns(turns)
