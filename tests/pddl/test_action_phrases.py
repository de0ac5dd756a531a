"""Phrases for actions: what the player writes, such that no text has two meanings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pddl_texts import BLOCKS, THREE_BLOCKS, domain_of, problem_of

from trpg_env.pddl import Translation, read_domain, read_problem, translate
from trpg_env.pddl.texts import Names, may_be_one
from trpg_env.testing import play


def imported(domain_text: str, problem_text: str, phrases: dict[str, str]) -> Translation:
    domain = read_domain(domain_text)
    return translate(domain, read_problem(problem_text, domain), action_phrases=phrases)


def test_a_phrase_that_is_given_is_what_is_written() -> None:
    translation = imported(
        BLOCKS, THREE_BLOCKS, {"stack": "put {0} on top of {1}", "unstack": "off  {1}, {0}!"}
    )
    assert list(translation.script["available_actions"])[2:4] == [
        "put {block} on top of {under}",
        "off {under}, {block}!",
    ]
    assert translation.text("stack", ["a", "b"]) == "put a on top of b"
    steps = play(translation.script, ["off a, c!", "put c on top of b", "stack c b"])
    assert [step.error for step in steps] == [None, None, "parameter"]


@pytest.mark.parametrize(
    ("phrases", "said"),
    [
        ({"jump": "jump"}, "'jump', which is no action of tower"),
        ({"stack": "stack {0}"}, "each of its 2 parameters once"),
        ({"stack": "stack {0} {1} {1}"}, "each of its 2 parameters once"),
        ({"stack": "stack {0} on {1} {"}, "no other braces"),
        ({"stack": "stack {0}{1}"}, "makes no template"),
        ({"stack": "put {0} {1}", "unstack": "put {0} {1}"}, "one text could mean both"),
        ({"pick-up": "put {0}", "put-down": "PUT {0}"}, "one text could mean both"),
        ({"pick-up": "put down {0}"}, "one text could mean both"),
    ],
)
def test_phrases_that_do_not_go_with_their_actions_are_refused(phrases: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        imported(BLOCKS, THREE_BLOCKS, phrases)


@pytest.mark.parametrize("phrase", ["{0} {1} it", "{0} down {1}", "put {0} {1}", "pick {1} up {0}"])
def test_phrases_that_are_told_apart_by_any_word_are_fine(phrase: str) -> None:
    translation = imported(BLOCKS, THREE_BLOCKS, {"stack": phrase})
    steps = play(
        translation.script, [translation.text("unstack", ["c", "a"]), translation.text("stack", ["c", "b"])]
    )
    assert [step.error for step in steps] == [None, None]


def test_names_of_several_words_count_as_what_they_may_be_written_like() -> None:
    domain = domain_of(
        "(:action a :parameters (?x ?y) :effect (r ?x ?y)) (:action b :parameters (?x) :effect (p ?x))"
    )
    phrases = {"a": "give {0} {1}", "b": "give {0}"}
    assert imported(domain, problem_of(objects="ab cd"), phrases)
    with pytest.raises(ValueError, match="one text could mean both"):
        imported(domain, problem_of(objects="a_b cd"), phrases)


def test_looking_gives_way_to_a_phrase() -> None:
    domain = domain_of("(:action see :parameters (?x) :effect (p ?x))")
    translation = imported(domain, problem_of(objects="around a"), {"see": "look {0}"})
    assert translation.naming.look == "take everything in"


WORDS = st.lists(st.sampled_from(["a", "b", "c", "{x}", "{y}"]), min_size=1, max_size=5).map(" ".join)


@given(one=WORDS, other=WORDS, several=st.booleans())
def test_templates_meet_exactly_where_some_text_fits_both(one: str, other: str, several: bool) -> None:
    names = [("a",), ("b",)] + [(x, y) for x in "ab" for y in "ab" if several]

    def texts(template: str) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = {()}
        for word in template.split():
            found = {text + name for text in found for name in (names if word.startswith("{") else [(word,)])}
        return found

    known = Names("_".join(name) for name in names)
    assert may_be_one(one, other, known) == bool(texts(one) & texts(other))
