"""Patterns mean what Python's `re` means, under the deadline."""

import copy
import pickle
import re

import pytest

from trpg_env.sandbox import Sandbox, SourceRejected

HANGS = "(a|a)+$"
LONG = "a" * 40 + "!"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("go (?P<where>north|south)", "go north"),
        ("go (?P<where>north|south)", "go northwards"),
        (r"(\w+) (?P<b>\w+)( \w+)?", "a b"),
        ("(?i)ÄB(ç)?", "äb"),
        ("(.)(.)", "\ud800é"),
        ("(.)", "😀"),
        ("a\0(b)", "a\0b"),
        ("(a*)", ""),
        (r"(?s)(.*)\Z", "x\ny"),
        (r"(?<=x)?(?P<q>['\"]).*(?P=q)", "'hi'"),
    ],
)
def test_a_match_is_fullmatch(sandbox: Sandbox, pattern: str, text: str) -> None:
    found = re.fullmatch(pattern, text)
    names = {number: name for name, number in re.compile(pattern).groupindex.items()}
    expected = found and {names.get(n, n): found[n] for n in range(1, found.re.groups + 1)}
    assert sandbox.match(pattern, text) == expected
    assert sandbox.groups(pattern) == tuple(names.get(n, n) for n in range(1, re.compile(pattern).groups + 1))


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[",
        "(?P<x>a",
        "*",
        "(?P<1>a)",
        "a{99999999999}",
        "(" * 5_000,
        "a" * 10_000_000,
        "\\",
        None,
        3,
        b"a",
        ["a"],
    ],
)
def test_a_malformed_pattern_is_rejected(sandbox: Sandbox, pattern: str) -> None:
    for ask in (lambda: sandbox.match(pattern, "a"), lambda: sandbox.groups(pattern)):
        with pytest.raises(SourceRejected) as rejected:
            ask()
        assert rejected.value.fault == "rejected"
        assert "The pattern cannot be used" in str(rejected.value)


def test_the_message_names_the_error_and_its_position(sandbox: Sandbox) -> None:
    with pytest.raises(SourceRejected, match="unterminated subpattern at position 3"):
        sandbox.match("go (north", "go north")


def test_a_pattern_that_hangs_is_told_from_a_malformed_one(sandbox: Sandbox) -> None:
    with pytest.raises(SourceRejected, match="timed out") as rejected:
        sandbox.match(HANGS, LONG)
    assert rejected.value.fault == "timeout"
    assert sandbox.match("a", "a") == {}


def test_a_rejection_can_be_pickled_and_copied() -> None:
    rejected = SourceRejected("no", "timeout")
    for twin in (pickle.loads(pickle.dumps(rejected)), copy.copy(rejected)):
        assert (str(twin), twin.fault) == ("no", "timeout")


def test_a_text_that_is_none_is_rejected(sandbox: Sandbox) -> None:
    with pytest.raises(SourceRejected, match="give a text"):
        sandbox.match("a", None)  # type: ignore[arg-type]


def comparable(answers: list[object]) -> list[object]:
    return [
        (answer.fault, str(answer)) if isinstance(answer, SourceRejected) else answer for answer in answers
    ]


def single(sandbox: Sandbox, pattern: str, text: str) -> object:
    try:
        return sandbox.match(pattern, text)
    except SourceRejected as rejected:
        return rejected


def test_a_batch_gives_what_single_calls_give(sandbox: Sandbox) -> None:
    patterns = [r"go (?P<where>\w+)", r"(\w+) (\w+)", "(", "x", r"(?P<a>.)?(.*)"]
    pairs = [(pattern, text) for pattern in patterns for text in ("go north", "x", "", "a b", "go x y")]
    pairs.insert(7, (HANGS, LONG))
    pairs.insert(12, (None, "a"))  # type: ignore[arg-type]
    answers = sandbox.match_many(pairs)
    assert comparable(list(answers)) == comparable([single(sandbox, *pair) for pair in pairs])
    assert sandbox.match_many([]) == []


def test_a_pattern_that_hung_once_is_not_tried_on_its_other_texts(sandbox: Sandbox) -> None:
    pairs = [pair for n in range(30) for pair in ((HANGS, LONG + str(n)), (r"(\d+)", str(n)))]
    answers = sandbox.match_many(pairs)
    assert [isinstance(answer, SourceRejected) and answer.fault for answer in answers[::2]] == [
        "timeout"
    ] * 30
    assert answers[1::2] == [{1: str(n)} for n in range(30)]


def test_thousands_of_pairs_are_matched_in_one_call(sandbox: Sandbox) -> None:
    patterns = [rf"verb{n} (?P<thing>\w+)" for n in range(60)]
    pairs = [(pattern, f"verb{n} thing") for pattern in patterns for n in range(100)]
    answers = sandbox.match_many(pairs)
    assert len(answers) == 6_000
    assert all(
        (answer is not None) == (pair[0].startswith(pair[1].split()[0] + " "))
        for answer, pair in zip(answers, pairs, strict=True)
    )
    assert answers[0] == {"thing": "thing"}


def test_many_patterns_that_are_slow_to_compile_do_not_run_into_the_deadline() -> None:
    pairs = [(f"(?i)[\u0100-\uffff]+x{n}", "a") for n in range(60)]
    with Sandbox() as sandbox:
        assert sandbox.match_many(pairs) == [None] * 60
