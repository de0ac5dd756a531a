"""PDDL's text as forms: what is read is what was written, and nothing that is written breaks the reader."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.pddl import PddlError, read_domain, read_problem
from trpg_env.pddl.forms import MAX_CHARACTERS, MAX_DEPTH, Form, Word, read_form

words = st.from_regex(r"[?:]?[a-z0-9_=<>-]{1,8}", fullmatch=True).map(Word)
forms = st.recursive(
    st.lists(words, max_size=4).map(lambda parts: Form(tuple(parts))),
    lambda inner: st.lists(words | inner, max_size=4).map(lambda parts: Form(tuple(parts))),
    max_leaves=30,
)
blanks = st.text(alphabet=" \t\n", min_size=1, max_size=3) | st.just(" ; (a comment\n")


@settings(max_examples=40)
@given(forms)
def test_what_is_printed_reads_as_what_it_was(form: Form) -> None:
    assert read_form(str(form)) == form


@settings(max_examples=40)
@given(forms, st.data())
def test_case_blanks_and_comments_make_no_difference(form: Form, data: st.DataObject) -> None:
    text = "".join(
        data.draw(blanks) + piece.upper() for piece in str(form).replace("(", "( ").replace(")", " )").split()
    )
    assert read_form(text) == form


def test_each_word_and_bracket_has_its_line() -> None:
    form = read_form("; one\n(define\n  (domain d)\n\n  (:x y))", "d.pddl")
    assert form.line == 2
    domain, section = form.rest
    assert (domain.line, section.line, domain.file) == (3, 5, "d.pddl")


def test_a_variable_begins_at_its_question_mark() -> None:
    """A published domain has `?l - level?l1 - level`."""
    assert str(read_form("(?l - level?l1 - level)")) == "(?l - level ?l1 - level)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "d.pddl: is empty; a domain or a problem begins with (define"),
        ("; only a comment", "d.pddl: is empty; a domain or a problem begins with (define"),
        ("\n\n(define (domain d)", "d.pddl:3: this bracket is not closed"),
        ("(a)\n)", "d.pddl:2: ')' stands after the end of (define …); a file holds one"),
        ("(a)\n(b)", "d.pddl:2: '(' stands after the end of (define …); a file holds one"),
        ("a\n(b)", "d.pddl:1: 'a' stands outside of (define …)"),
        ("(" * 10**5, f"d.pddl:1: brackets nest more than {MAX_DEPTH} deep"),
        (
            "a" * 10**5,
            "d.pddl:1: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' stands outside of (define …)",
        ),
        (" " * (MAX_CHARACTERS + 1), "d.pddl: has 4,000,001 characters; at most 4,000,000 are read"),
    ],
)
def test_a_text_that_is_no_form_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PddlError) as raised:
        read_form(text, "d.pddl")
    assert str(raised.value) == said


def test_a_form_deeper_than_any_that_is_read_is_still_printed() -> None:
    form = Form(())
    for _ in range(10_000):
        form = Form((form,))
    assert str(form) == "(" * 10_001 + ")" * 10_001


LAMP = read_domain("(define (domain lamp) (:predicates (lit ?x)) (:action light :effect (and)))")
PIECES = """
( ) ( ) define domain problem lamp :types :predicates :constants :objects :init :goal :action :domain :parameters
:precondition :effect :requirements :strips and not or = ?x - either a lit when forall é
"""
pieces = st.sampled_from([*PIECES.split(), "\0", "\x85"])


@given(
    st.lists(pieces, max_size=40).map(" ".join)
    | st.text(max_size=80)
    | st.binary(max_size=80).map(lambda b: b.decode("utf-8", "replace"))
)
def test_whatever_is_read_is_a_domain_or_one_line_that_says_why_not(text: str) -> None:
    for body in (
        text,
        f"(define (domain d) {text})",
        f"(define (domain d) (:predicates (lit ?x)) (:action a {text}))",
    ):
        refused_in_a_line(lambda body=body: read_domain(body))
    for body in (text, f"(define (problem p) (:domain lamp) {text})"):
        refused_in_a_line(lambda body=body: read_problem(body, LAMP))


def refused_in_a_line(read: object) -> None:
    try:
        read()  # type: ignore[operator]
    except PddlError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 400
