"""Domains and problems: what is read, and what is refused by its name, file and line."""

import pickle
from pathlib import Path

import pytest
from pddl_texts import BLOCKS, THREE_BLOCKS, domain_of, problem_of

from trpg_env.pddl import PddlError, import_pddl, read_domain, read_problem
from trpg_env.pddl.model import Literal, objects_of

ACTION = "(:action act :effect (done))"
DOMAIN = read_domain(domain_of(ACTION, more="(:types dog cat - animal animal) (:constants rex - dog)"))


def test_a_domain_is_read_with_all_that_it_says() -> None:
    domain = read_domain(BLOCKS)
    assert domain.name == "tower"
    assert domain.types == {"block": "object"}
    assert domain.predicates == {"clear": 1, "on": 2, "on-table": 1, "held": 1, "hand-empty": 0}
    stack = domain.actions["stack"]
    assert stack.parameters == {"?b": "block", "?under": "block"}
    assert stack.precondition == (Literal("held", ("?b",)), Literal("clear", ("?under",)))
    assert stack.effect[-1] == Literal("clear", ("?under",), False)
    assert stack.line == 15


def test_a_problem_is_read_with_all_that_it_says() -> None:
    problem = read_problem(THREE_BLOCKS, read_domain(BLOCKS))
    assert problem.name == "three"
    assert problem.objects == dict.fromkeys("abc", "block")
    assert ("on", "c", "a") in problem.start
    assert problem.goal == (Literal("on", ("a", "b")), Literal("on", ("b", "c")))


def test_case_makes_no_difference() -> None:
    assert read_domain(BLOCKS.upper()) == read_domain(BLOCKS)
    assert read_problem(THREE_BLOCKS.upper(), read_domain(BLOCKS)) == read_problem(
        THREE_BLOCKS, read_domain(BLOCKS)
    )


def test_the_objects_of_a_type_are_those_of_the_types_below_it_too() -> None:
    problem = read_problem(problem_of(objects="tom - cat fido - dog it - animal stone"), DOMAIN)
    assert objects_of(DOMAIN, problem, "animal") == ["rex", "tom", "fido", "it"]
    assert objects_of(DOMAIN, problem, "dog") == ["rex", "fido"]
    assert objects_of(DOMAIN, problem, "object") == ["rex", "tom", "fido", "it", "stone"]


def test_a_type_that_others_are_below_is_there_with_that() -> None:
    domain = read_domain(domain_of(ACTION, more="(:types dog cat - animal)"))
    assert domain.types == {"dog": "animal", "cat": "animal", "animal": "object"}


@pytest.mark.parametrize("condition", ["()", "(and)", "(and (and) ())", None])
def test_nothing_is_a_condition_that_always_holds(condition: str | None) -> None:
    given = "" if condition is None else f":precondition {condition}"
    domain = read_domain(domain_of(f"(:action act :parameters () {given} :effect (done))"))
    assert domain.actions["act"].precondition == ()


def test_literals_that_deny_what_is_not_there_anyhow_do_no_harm_at_the_start() -> None:
    assert read_problem(problem_of(init="(not (done)) (p a)"), DOMAIN).start == {("p", "a")}


def test_a_constant_may_be_an_object_again() -> None:
    assert read_problem(problem_of(objects="rex - dog a"), DOMAIN).objects == {"rex": "dog", "a": "object"}


def test_requirements_that_are_never_used_do_no_harm() -> None:
    assert read_domain(domain_of(ACTION, more="(:requirements :adl :fluents)")) == read_domain(
        domain_of(ACTION)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (domain_of("(:action act :precondition (or (done) (done)))"), "the precondition of act has a disjunction (or), which is not supported; supported are :strips, :typing, :negative-preconditions and :equality"),
        (domain_of("(:action act :precondition (imply (done) (done)))"), "an implication (imply)"),
        (domain_of("(:action act :precondition (forall (?x) (p ?x)))"), "a quantifier (forall)"),
        (domain_of("(:action act :precondition (and (exists (?x) (p ?x))))"), "a quantifier (exists)"),
        (domain_of("(:action act :effect (when (done) (done)))"), "the effect of act has a conditional effect (when)"),
        (domain_of("(:action act :effect (forall (?x) (p ?x)))"), "a quantifier (forall)"),
        (domain_of("(:action act :effect (increase (total-cost) 1))"), "a numeric effect (increase)"),
        (domain_of("(:action act :precondition (> (fuel) 1))"), "a numeric comparison (>)"),
        (domain_of("(:action act :precondition (= (fuel) 1))"), "a numeric fluent (= …)"),
        (domain_of("(:action act :precondition (preference x (done)))"), "a preference (preference)"),
        (domain_of("(:action act :effect (probabilistic 0.5 (done)))"), "a probabilistic effect (probabilistic)"),
        (domain_of(ACTION, more="(:functions (total-cost))"), "the domain has functions (:functions)"),
        (domain_of("(:durative-action act)"), "the domain has a durative action (:durative-action)"),
        (domain_of(f"(:derived (done) (p a)) {ACTION}"), "the domain has a derived predicate (:derived)"),
        (domain_of(f"(:constraints (and)) {ACTION}"), "the domain has constraints (:constraints)"),
        (domain_of(ACTION, more="(:requirements :magic)"), "the requirement ':magic' is not known"),
        (domain_of(ACTION, predicates="(p ?x - (either a b))"), "(either …) is not supported; declare a type above these in :types"),
        (domain_of("(:action act :parameters (?x - (either a b)))"), "(either …) is not supported"),
        (domain_of(ACTION, more="(:types a - b b - a)"), "the type 'a' descends from itself"),
        (domain_of(ACTION, more="(:types a a)"), "the type 'a' is given twice"),
        (domain_of(ACTION, more="(:types object - a a)"), "object is above all types, and below none"),
        (domain_of("(:action act :parameters (?x - dgo))", more="(:types dog)"), "the type 'dgo' is not declared in :types; did you mean 'dog'?"),
        (domain_of("(:action act :parameters (?x ?x))"), "the parameter '?x' is given twice"),
        (domain_of("(:action act :parameters (x))"), "'x' is no variable; variables begin with a question mark: ?x"),
        (domain_of("(:action act :parameters ?x)"), "the parameters of act stand in brackets: :parameters (?x ?y)"),
        (domain_of("(:action act :parameters (- dog))", more="(:types dog)"), "nothing stands before the dash"),
        (domain_of("(:action act :parameters (?x -))"), "a type is missing after the dash"),
        (domain_of("(:action act :precondition (p ?x))"), "the precondition of act has the variable '?x', which is not among the parameters"),
        (domain_of("(:action act :precondition (p rex))"), "the precondition of act names 'rex', which is no object; declare it in :objects or :constants"),
        (domain_of("(:action act :precondition (s))"), "the precondition of act has the predicate 's', which :predicates does not declare"),
        (domain_of("(:action act :precondition (p))"), "the precondition of act gives p 0 terms; it takes 1 (as :predicates declares it)"),
        (domain_of("(:action act :precondition (p (done)))"), "the precondition of act has a form among the terms of p"),
        (domain_of("(:action act :precondition done)"), "the precondition of act has the word 'done' where (a condition) in brackets is expected"),
        (domain_of("(:action act :precondition (not (and (done))))"), "a `not` of `and`, which is not supported; negate single atoms"),
        (domain_of("(:action act :precondition (not (not (done))))"), "a `not` of `not`"),
        (domain_of("(:action act :precondition (not))"), "a `not` of nothing or of several things"),
        (domain_of("(:action act :precondition ((done)))"), "a form that begins with no word"),
        (domain_of("(:action act :effect (= a b))"), "the effect of act has an equality; objects are made equal by nothing"),
        (domain_of("(:action act :duration 3)"), "the action act has ':duration'; an action has :parameters, :precondition, :effect"),
        (domain_of("(:action act :effect (done) :effect (done))"), "the action act has :effect twice"),
        (domain_of("(:action act :effect)"), "nothing follows :effect in the action act"),
        (domain_of(f"{ACTION} {ACTION}"), "the action 'act' is given twice"),
        (domain_of("(:action)"), "an action has a name"),
        (domain_of("(:action é :effect (done))"), "'\\xe9' cannot name an action; names are of letters, digits, - and _"),
        (domain_of(f"(:action {'a' * 101} :effect (done))"), "has 101 characters; at most 100"),
        (domain_of(ACTION, predicates="(p) (p ?x)"), "the predicate 'p' is given twice"),
        (domain_of(ACTION, predicates="(= ?x ?y)"), "equality is there without being declared; leave it out"),
        (domain_of(ACTION, predicates="done"), "'done' declares no predicate; write (on ?x ?y)"),
        (domain_of(ACTION, more="(:predicates)"), ":predicates is given twice"),
        (domain_of(ACTION, more="stray"), "'stray' stands between the domain's sections"),
        (domain_of(ACTION, more="(:sorts)"), "':sorts' is no section of a domain; there are :requirements, :types, :constants, :predicates, :action"),
        (domain_of(""), "the domain has no :action"),
        (problem_of(), "'problem' stands where a domain begins; it begins with (define (domain name). The domain's file is named first, the problem's second"),
        ("(defun x)", "domains begin with (define (domain name)"),
    ],
)  # fmt: skip
def test_what_a_domain_may_not_say_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(PddlError) as raised:
        read_domain(text, "d.pddl")
    assert said in str(raised.value)
    assert raised.value.fault.file == "d.pddl"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (problem_of("(exists (?x) (p ?x))"), "the goal has a quantifier (exists)"),
        (problem_of("(or (done) (p a))"), "the goal has a disjunction (or)"),
        (problem_of("(p c)"), "the goal names 'c', which is no object"),
        (problem_of("(done) (p a)"), ":goal holds one condition; join several with (and …)"),
        (problem_of(init="(= (total-cost) 0)"), ":init has a numeric fluent (= …)"),
        (problem_of(init="(at 5 (done))"), ":init has a timed literal (at …)"),
        (problem_of(init="(p c)"), ":init names 'c', which is no object"),
        (problem_of(init="(p ?x)"), ":init has the variable '?x'"),
        (problem_of(init="(done) (not (done))"), ":init has (done) and its contrary"),
        (problem_of(init="done"), ":init has the word 'done' where an atom in brackets is expected"),
        (problem_of(more="(:metric minimize (total-cost))"), "the problem has a metric (:metric)"),
        (problem_of(more="(:constraints (always (done)))"), "the problem has constraints (:constraints)"),
        (problem_of(objects="a a"), "the object 'a' is given twice"),
        (problem_of(objects="a - unicorn"), "the type 'unicorn' is not declared in :types"),
        (
            problem_of(objects="rex - cat"),
            "'rex' is a cat here, and a constant of the type dog in the domain",
        ),
        (problem_of(domain="other"), "the problem is of the domain 'other', and the domain given is 'small'"),
        (domain_of(ACTION), "'domain' stands where a problem begins"),
        (
            "(define (problem p) (:goal (done)))",
            "the problem does not say of which domain it is: (:domain …)",
        ),
        ("(define (problem p) (:domain small))", "the problem has no :goal"),
    ],
)
def test_what_a_problem_may_not_say_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(PddlError) as raised:
        read_problem(text, DOMAIN, "p.pddl")
    assert said in str(raised.value)
    assert raised.value.fault.file == "p.pddl"
    assert "\n" not in str(raised.value)


def test_a_refusal_names_the_line_of_what_is_refused() -> None:
    text = domain_of("(:action act\n:precondition\n(and (done)\n(or (done))))")
    with pytest.raises(PddlError) as raised:
        read_domain(text, "d.pddl")
    assert text.split("\n")[raised.value.fault.line - 1] == "(or (done)))))"  # type: ignore[operator]


def test_an_error_survives_a_pickle() -> None:
    error = PddlError("is wrong", file="d.pddl", line=3)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.fault) == (str(error), error.fault)


def test_a_byte_that_is_no_text_does_no_harm_in_a_comment(tmp_path: Path) -> None:
    (tmp_path / "d.pddl").write_bytes(b"\xef\xbb\xbf; caf\xe9\n" + BLOCKS.encode())
    (tmp_path / "p.pddl").write_text(THREE_BLOCKS, encoding="utf-8")
    assert import_pddl(tmp_path / "d.pddl", tmp_path / "p.pddl").script["name"] == "tower-p"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.pddl", "missing.pddl: cannot be read: No such file or directory"),
        (".", ".: cannot be read: Is a directory"),
        ("a\0b", "'a\\x00b': is no file's name"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PddlError) as raised:
        import_pddl(name, "p.pddl")
    assert str(raised.value) == said
