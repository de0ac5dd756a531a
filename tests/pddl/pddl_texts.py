"""Small domains and problems, written for the tests."""

BLOCKS = """
; Four operators and a table.
(define (domain tower)
  (:requirements :strips :typing :negative-preconditions)
  (:types block)
  (:predicates (clear ?b - block) (on ?b - block ?under - block) (on-table ?b - block) (held ?b - block) (hand-empty))
  (:action pick-up
    :parameters (?b - block)
    :precondition (and (clear ?b) (on-table ?b) (hand-empty))
    :effect (and (held ?b) (not (clear ?b)) (not (on-table ?b)) (not (hand-empty))))
  (:action put-down
    :parameters (?b - block)
    :precondition (held ?b)
    :effect (and (clear ?b) (on-table ?b) (hand-empty) (not (held ?b))))
  (:action stack
    :parameters (?b ?under - block)
    :precondition (and (held ?b) (clear ?under))
    :effect (and (on ?b ?under) (clear ?b) (hand-empty) (not (held ?b)) (not (clear ?under))))
  (:action unstack
    :parameters (?b ?under - block)
    :precondition (and (on ?b ?under) (clear ?b) (hand-empty))
    :effect (and (held ?b) (clear ?under) (not (on ?b ?under)) (not (clear ?b)) (not (hand-empty)))))
"""

THREE_BLOCKS = """
(define (problem three)
  (:domain tower)
  (:objects a b c - block)
  (:init (on-table a) (on-table b) (on c a) (clear c) (clear b) (hand-empty))
  (:goal (and (on a b) (on b c))))
"""


def domain_of(
    actions: str, *, predicates: str = "(p ?x) (q ?x) (r ?x ?y) (done)", more: str = "", name: str = "small"
) -> str:
    """A small domain around some actions."""
    return f"(define (domain {name})\n{more}\n(:predicates {predicates})\n{actions})"


def problem_of(
    goal: str = "(done)", *, objects: str = "a b", init: str = "", more: str = "", domain: str = "small"
) -> str:
    """A small problem of a small domain."""
    return f"(define (problem it) (:domain {domain})\n{more}\n(:objects {objects})\n(:init {init})\n(:goal {goal}))"
