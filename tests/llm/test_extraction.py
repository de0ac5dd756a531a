"""The first JSON object of the right form is found in any reply, and any other reply is told its fault."""

import json
import time
from typing import Annotated, Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.llm.extraction import Malformed, extract


class Answer(pydantic.BaseModel):
    thought: str
    flag: bool
    done: tuple[Annotated[int, pydantic.Field(ge=0, le=3)], ...] = ()


GOOD = '{"thought": "East.", "flag": false, "done": [0, 2]}'
LONG = 200_000


def fault(reply: str) -> str:
    with pytest.raises(Malformed) as caught:
        extract(reply, Answer)
    return str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?",
        f"<think>Is it {{maybe}} so? {{}}</think>{GOOD}",
        f"It is so, no doubt. </think>\n{GOOD}",
        f'{{"type": "object", "properties": {{"thought": {{"type": "string"}}}}}}\n{GOOD}',
        f'{{"thought": "A first try", "flag": "no"}} No, rather: {GOOD}',
        f'{{"thought": "Broken off, {GOOD}',
        f'{{"answer": {GOOD}}}',
        f"[{GOOD}]",
        f"Use {{braces}} and \"quotes\" {{'like': 'so'}}. {GOOD}",
        GOOD + " " + GOOD.replace("East", "West"),
        GOOD.replace('"East."', '"West.", "thought": "East."'),
    ],
)
def test_an_object_is_found_whatever_is_around_it(reply: str) -> None:
    assert extract(reply, Answer) == Answer(thought="East.", flag=False, done=(0, 2))


def test_line_breaks_may_stand_in_texts() -> None:
    assert extract('{"thought": "a\nb\tc", "flag": true}', Answer).thought == "a\nb\tc"


@pytest.mark.parametrize("half", [r"\ud800", r"\udfff", "\ud800"])
def test_half_a_surrogate_pair_is_replaced(half: str) -> None:
    assert extract(f'{{"thought": "a{half}b", "flag": true}}', Answer).thought == "a\ufffdb"


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert extract(r'{"thought": "\ud83c\udf45", "flag": true}', Answer).thought == "🍅"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("", "The reply is empty."),
        (" \n", "The reply is empty."),
        ("<think>What now?", "The reply has only reasoning and no answer."),
        ("I go east.", "There is no JSON object in the reply."),
        ('{"thought": "I think that', "The JSON breaks off before its end."),
        ('{"thought": "a", "flag":', "The JSON breaks off before its end."),
        ('{"thought": "a" "flag": true}', 'at \'"flag": true}\', after \'{"thought": "a" \''),
        ('{"thought": "a"}', 'The field "flag" is missing.'),
        ('{"thought": "a", "flag": "true"}', '"flag": Input should be a valid boolean, not "true".'),
        (
            '{"thought": "a", "flag": true, "done": [0, 7]}',
            '"done[1]": Input should be less than or equal to 3, not 7.',
        ),
        ('{"thought": "a", "flag": true, "done": [NaN]}', "NaN is no JSON number"),
        ('{"thought": "a", "flag": true, "done": [-Infinity]}', "-Infinity is no JSON number"),
        ('{"thought": "a", "flag": true, "done": [1e999]}', "the number 1e999 is too large"),
        (f'{{"thought": "a", "flag": true, "done": [{"1" * 10_000}]}}', "a number has 10,000 digits"),
        ('{"thought": ' + "[" * 150_000, "The JSON is nested too deeply."),
        (
            '{"thought": ' + "[" * 300 + "]" * 300 + ', "flag": true}',
            "recursion limit",
        ),
    ],
)
def test_what_is_wrong_is_told_and_where(reply: str, words: str) -> None:
    assert words in fault(reply)


def test_the_fault_is_that_of_the_object_that_came_nearest() -> None:
    told = fault('{} {"a": 1} {"thought": "a", "flag": 1} {"b": {}} {"c')
    assert told == '"flag": Input should be a valid boolean, not 1.'


def test_a_fault_is_short_however_much_is_wrong() -> None:
    class Closed(pydantic.BaseModel, extra="forbid"):
        pass

    with pytest.raises(Malformed, match="and 995 more") as caught:
        extract(json.dumps({f"{'x' * 500}{number}": 1 for number in range(1000)}), Closed)
    assert len(str(caught.value)) < 2_000


HOSTILE = {
    "opening braces": "{" * LONG,
    "quotes": '"' * LONG,
    "braces and quotes": '{"' * (LONG // 2),
    "objects in objects": '{"a":' * (LONG // 5),
    "closed, too": '{"a":' * 30_000 + "1" + "}" * 30_000,
    "lists in lists": '{"a":' + "[" * LONG,
    "empty objects": "{}" * (LONG // 2),
    "small objects": '{"a":1},' * (LONG // 8),
    "a text with braces": '{"a":"' + "{}" * (LONG // 2),
    "a text with half objects": '{"a":"' + '{\\"' * (LONG // 3),
    "texts in nested lists": ('{"a":["' + "x" * 400 + '",') * (LONG // 410),
    "nested, then a text that does not end": '{"a":[' * 500 + '"' + "x" * LONG,
    "backslashes": '{"' + "\\" * LONG,
    "digits": '{"a":' + "1" * LONG + "}",
    "decimals": '{"a":1.' + "1" * LONG + "}",
    "floats": '{"a":[' + "1e9," * (LONG // 4),
    "blanks": " " * LONG,
    "blanks after braces": ("{" + " " * 400) * (LONG // 401),
    "thoughts": "<think>" * (LONG // 7),
    "thoughts that end": "<think></think>" * (LONG // 15),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_replies_are_refused_in_bounded_time(name: str) -> None:
    began = time.process_time()
    fault(HOSTILE[name])
    assert time.process_time() - began < 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
chatter = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"])).filter(
    lambda text: "think>" not in text
)


class Anything(pydantic.BaseModel):
    answer: Any


@given(chatter, st.dictionaries(st.text(), json_values, max_size=3), json_values, chatter)
def test_any_object_is_found_in_any_chatter(
    before: str, others: dict[str, Any], answer: Any, after: str
) -> None:
    reply = before + json.dumps({**others, "answer": answer}) + after
    assert extract(reply, Anything).answer == answer


pieces = st.sampled_from(
    ["{", "}", '"', ":", ",", "[", "]", '"thought"', '"flag"', "true", "1", "NaN", "\\", " ", "<think>", GOOD]
)


@given(st.text(st.characters()) | st.lists(pieces, max_size=40).map("".join))
def test_any_text_is_an_answer_or_malformed(reply: str) -> None:
    try:
        assert isinstance(extract(reply, Answer), Answer)
    except Malformed as malformed:
        assert 0 < len(str(malformed)) < 2_000
