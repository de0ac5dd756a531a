"""What is no expression of the language, and how it is said."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.script.effects import parse_assignment, parse_path, parse_text
from trpg_env.script.expressions import Scope, parse_expression, parse_loop
from trpg_env.script.reading import ExpressionError

SCOPE = Scope(
    {"ball": "ball", "red ball": "red ball", "in": "in"},
    {"items": "items", "places": "places"},
    {"near": 1},
    {"p": "p"},
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lambda x: x", "under `define`"),
        ("1 if p else 2", "a choice is written"),
        ('f"{p}"', "{braces}"),
        ("{1: 2}", "mappings are written in `environment`"),
        ("{1, 2}", "write a list"),
        ("(1, 2)", "write a list"),
        ("1, 2", "write a list"),
        ("{x for x in items}", "write a list"),
        ("{x: x for x in items}", "write a list"),
        ("(x for x in items)", "a comprehension stands in"),
        ("(x := 1)", "effects"),
        ("await p", "await"),
        ("[*items]", "unpacking"),
        ("any(*items)", "unpacking"),
        ("ball.l[1:2]", "no slices"),
        ("ball.l[:]", "no slices"),
        ("ball.l[0, 1]", "write a list"),
        ("ball.at.upper()", "no methods"),
        ("'a'.join(items)", "no methods"),
        ("sum(items, start=1)", "no named arguments"),
        ("near(ball)(ball)", "no methods"),
        ("near", "takes 1 arguments, not 0"),
        ("near(1, 2)", "takes 1 arguments, not 2"),
        ("any", "call it: any(…)"),
        ("len(items)", "there is no function 'len'"),
        ("__import__('os')", "there is no function"),
        ("eval('1')", "there is no function"),
        ("counts(items)", "did you mean 'count'?"),
        ("abs()", "abs takes 1 arguments"),
        ("inside(ball)", "inside takes 2 arguments"),
        ("visible(x for x in items)", ""),
        ("1 / 2", "divide with //"),
        ("2 ** 3", "the operators are"),
        ("1 << 2", "the operators are"),
        ("1 | 2", "the operators are"),
        ("p @ p", "the operators are"),
        ("~p", "not of the language"),
        ("+p", "not of the language"),
        ("p is null", "compare with =="),
        ("p is not null", "compare with =="),
        ("p = 1", "compare with =="),
        ("p && p", "write and, or, not"),
        ("p || p", "write and, or, not"),
        ("!p", "write and, or, not"),
        ("b'a'", "not of the language"),
        ("1j", "not of the language"),
        ("...", "not of the language"),
        ("yield p", ""),
        ("[x for x in items for y in items]", "one `for` to a comprehension"),
        ("[x async for x in items]", ""),
        ("any(x for x, y in items)", "a loop has one variable"),
        ("any(x.a for x.b in items)", "a loop has one variable"),
        ("any(true for true in items)", ""),
        ("any(player for player in items)", "is taken"),
        ("any(any for any in items)", "is taken"),
        ("9007199254740993", "±2**53"),
        ("1e999", "±2**53"),
        ("1" + "0" * 400, "±2**53"),
        ("1" * 3_999, "±2**53"),
        ("", "is empty"),
        ("   ", "is empty"),
        ("\n", "is empty"),
        ("p +", "is not an expression"),
        ("(p", "is not an expression"),
        ("p)", "is not an expression"),
        ("'a", "is not an expression"),
        ("p p", "is not an expression"),
        ("import os", "is not an expression"),
        ("in.at", 'quote the name, "in".at'),
        ("p.from == 2", "another name, or read it as x['from']"),
        ("a\0b", ""),
        ("'\ud800' + \ud800", ""),
        ("x" * 4_001, "at most 4,000 characters"),
        ("(" * 61 + "1" + ")" * 61, "60 brackets deep"),
        ("(" * 2_000, "60 brackets deep"),
        ("not " * 900 + "p", "too large"),
        ("-" * 900 + "1", ""),
        ("+".join("1" * 1_500), "too large"),
        ("p" + ".a" * 1_900, "too large"),
        ("(" + "+".join("1" * 1_500) + ") / 2", ""),
        ("p.a(" + "+".join("1" * 1_500) + ")", ""),
        ("p ** (" + "+".join("1" * 1_500) + ")", ""),
    ],
)
def test_what_is_not_of_the_language_is_refused_at_load(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize("value", [[], {}, ["true"], {"a": 1}, (), object(), b"true"])
def test_an_expression_is_a_text_or_a_scalar(value: Any) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(value, SCOPE)


@settings(max_examples=600)
@given(
    text=st.one_of(
        st.text(max_size=40),
        st.text(alphabet="pball.in()[]{}'\"+-*/%=<>! \n,:0123456789", max_size=40),
        st.lists(
            st.sampled_from(
                [
                    "p",
                    "ball",
                    "items",
                    "for",
                    "in",
                    "if",
                    "not",
                    "and",
                    "(",
                    ")",
                    "[",
                    "]",
                    ".",
                    "at",
                    "==",
                    ",",
                    "1",
                    "'a'",
                    "any",
                    "near",
                    "lambda",
                    ":",
                    "{",
                    "}",
                    "=",
                    "+=",
                ]
            ),
            max_size=14,
        ).map(" ".join),
    )
)
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    for parse in (parse_expression, parse_loop, parse_assignment, parse_path, parse_text):
        try:
            parse(text, SCOPE)  # type: ignore[operator]
        except ExpressionError as error:
            assert str(error)
