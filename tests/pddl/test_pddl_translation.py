"""What an imported script means and says, on small domains made by hand."""

from typing import Any

import pytest
from pddl_texts import BLOCKS, THREE_BLOCKS, domain_of, problem_of

from trpg_env.pddl import PddlError, Translation, read_domain, read_problem, translate
from trpg_env.pddl.words import Words
from trpg_env.script import load_script
from trpg_env.script.names import fold
from trpg_env.testing import Played, play


def imported(domain_text: str, problem_text: str, **keywords: Any) -> Translation:
    domain = read_domain(domain_text)
    return translate(domain, read_problem(problem_text, domain), **keywords)


def after(domain_text: str, problem_text: str, *actions: str) -> tuple[Translation, Played]:
    translation = imported(domain_text, problem_text)
    return translation, play(translation.script, actions)[-1]


TOWER = imported(BLOCKS, THREE_BLOCKS)


def test_a_plan_of_pddls_reaches_the_goal() -> None:
    plan = [("unstack", "c", "a"), ("put-down", "c"), ("pick-up", "b"), ("stack", "b", "c"), ("pick-up", "a"), ("stack", "a", "b")]  # fmt: skip
    steps = play(TOWER.script, [TOWER.text(action, objects) for action, *objects in plan])
    assert [step.error for step in steps] == [None] * 6
    assert [step.success for step in steps] == [False] * 5 + [True]
    assert ("on", "a", "b") in TOWER.atoms(steps[-1].state)


def test_predicates_become_attributes_by_their_number_of_terms() -> None:
    environment = TOWER.script["environment"]
    assert environment["block"]["c"]["on"] == {"a": True, "b": False, "c": False}
    assert environment["block"]["c"]["clear"] is True
    assert environment["player"]["hand_empty"] is True


def test_an_action_that_makes_both_true_and_false_leaves_it_true() -> None:
    move = "(:action move :parameters (?a ?b) :precondition (p ?a) :effect (and (p ?b) (not (p ?a))))"
    translation, step = after(domain_of(move), problem_of(init="(p a)"), "move a a")
    assert translation.atoms(step.state) == {("p", "a")}
    assert step.observation == "Now: a is p."
    translation, step = after(domain_of(move), problem_of(init="(p a)"), "move a b")
    assert translation.atoms(step.state) == {("p", "b")}
    assert step.observation == "Now: b is p. No longer: a is p."


def test_a_condition_that_may_not_hold_is_a_condition() -> None:
    domain = domain_of("(:action act :parameters (?x) :precondition (not (p ?x)) :effect (q ?x))")
    _, step = after(domain, problem_of(init="(p a)"), "act a")
    assert (step.error, step.message) == ("logic", "Not possible. It needs: it is not so that a is p.")
    translation, step = after(domain, problem_of(init="(p a)"), "act b")
    assert translation.atoms(step.state) == {("p", "a"), ("q", "b")}


def test_objects_are_equal_to_themselves_alone() -> None:
    domain = domain_of(
        "(:action twice :parameters (?x ?y) :precondition (= ?x ?y) :effect (p ?x))"
        "(:action apart :parameters (?x ?y) :precondition (not (= ?x ?y)) :effect (r ?x ?y))"
    )
    script = imported(domain, problem_of()).script
    steps = play(script, ["twice a a", "twice a b", "apart a b", "apart a a"])
    assert [step.error for step in steps] == [None, "logic", None, "logic"]
    assert steps[1].message == "Not possible. It needs: a and b are the same."
    assert steps[3].message == "Not possible. It needs: a and a are not the same."


def test_what_fails_first_is_what_is_told() -> None:
    script = TOWER.script
    (step,) = play(script, ["pick up a"])
    assert (step.error, step.message) == ("logic", "Not possible. It needs: a is clear.")
    assert TOWER.atoms(step.state) == TOWER.problem.start


def test_an_object_of_another_type_is_a_parameter_error() -> None:
    domain = domain_of("(:action feed :parameters (?x - dog) :effect (p ?x))", more="(:types dog cat)")
    script = imported(domain, problem_of(objects="tom - cat rex - dog")).script
    (step,) = play(script, ["feed tom"])
    assert step.error == "parameter"
    assert step.message == '"tom" is not a valid dog for "feed {dog}". Valid: rex.'


def test_an_action_on_what_there_is_none_of_is_left_out() -> None:
    domain = domain_of(
        "(:action feed :parameters (?x - dog) :effect (p ?x)) (:action act :effect (done))",
        more="(:types dog)",
    )
    assert list(imported(domain, problem_of()).script["available_actions"]) == ["act", "look around"]


def test_a_supertypes_values_are_those_of_the_types_below_it() -> None:
    domain = domain_of(
        "(:action feed :parameters (?x - animal) :effect (p ?x))", more="(:types dog cat - animal)"
    )
    script = imported(domain, problem_of(objects="tom - cat rex - dog stone")).script
    assert script["available_actions"]["feed {animal}"]["parameters"] == {"animal": ["tom", "rex"]}
    assert list(script["environment"]) == ["places", "object", "dog", "cat", "player"]


def test_looking_tells_all_that_is_true_and_nothing_else() -> None:
    steps = play(TOWER.script, ["look around", "unstack c a", "look around"])
    assert steps[0].observation == (
        "True now: b is clear. c is clear. c is on a. a is on table. b is on table. hand empty."
    )
    assert steps[1].observation == "Now: c is held; a is clear. No longer: c is on a; c is clear; hand empty."
    assert (
        steps[2].observation == "True now: a is clear. b is clear. a is on table. b is on table. c is held."
    )


def test_the_player_is_told_the_goal_and_the_start_in_words() -> None:
    import gymnasium as gym

    env = gym.make("AgentRefine-v0", script=TOWER.script)
    observation, _ = env.reset(seed=0)
    assert "Your goal: Make all of this true at once: a is on b; b is on c." in observation
    assert "- stack {block} {under}: Needs: {block} is held; {under} is clear. Makes true: " in observation
    assert (
        "At the start this is true, and nothing else: b is clear; c is clear; c is on a; a is on table; b is on table;"
        " hand empty." in observation
    )


def test_progress_is_the_best_share_of_the_goal_met_at_once() -> None:
    steps = play(
        TOWER.script,
        [
            "pick up b",
            "stack b c",
            "unstack b c",
            "put down b",
            "unstack c a",
            "put down c",
            "pick up a",
            "stack a b",
        ],
    )
    assert [step.progress for step in steps] == [0, *[0.5] * 7]
    assert ("on", "a", "b") in TOWER.atoms(steps[-1].state)
    assert not steps[-1].success


def test_what_holds_of_the_goal_at_the_start_counts_for_nothing() -> None:
    domain = domain_of("(:action act :parameters (?x) :effect (p ?x))")
    script = imported(
        domain, problem_of("(and (p a) (p b) (p c) (not (done)))", objects="a b c", init="(p a)")
    ).script
    assert script["x-pddl"] == {"domain": "small", "problem": "it", "goal_literals": 4, "met_at_start": 2}
    steps = play(script, ["act a", "act b", "act c"])
    assert [step.progress for step in steps] == [0, 0.5, 1]


@pytest.mark.parametrize("size", [1, 2, 120])
def test_a_goal_may_be_of_any_size(size: int) -> None:
    objects = [f"a-long-name-for-the-thing-{i}" for i in range(size)]
    goal = f"(and {' '.join(f'(p {name})' for name in objects)})"
    domain = domain_of("(:action act :parameters (?x) :effect (p ?x))")
    script = imported(domain, problem_of(goal, objects=" ".join(objects)), max_turns=1_000).script
    steps = play(script, [f"act {name}" for name in objects])
    assert [step.progress for step in steps] == [pytest.approx((i + 1) / size) for i in range(size)]
    assert steps[-1].success


@pytest.mark.parametrize("goal", ["()", "(and)", "(= a a)"])
def test_a_goal_that_asks_for_nothing_is_reached_with_the_first_action(goal: str) -> None:
    _, step = after(domain_of("(:action act :effect (done))"), problem_of(goal), "act")
    assert step.success


def test_names_that_the_language_keeps_for_itself_are_no_obstacle() -> None:
    domain = domain_of(
        "(:action from :parameters (?from - object ?in - player ?turn) :precondition (at ?from ?in) :effect (in ?turn))"
        "(:action look :parameters (?x) :effect (open ?x))",
        predicates="(at ?x ?y) (in ?x) (open ?x) (true)",
        more="(:types player places)",
    )
    translation = imported(
        domain,
        problem_of(
            "(in turn)", objects="player - player turn nowhere - places a_b a__b", init="(at a_b player)"
        ),
    )
    naming = translation.naming
    assert naming.attributes == {"at": "is_at", "in": "is_in", "open": "is_open", "true": "true"}
    assert list(naming.entities.values()) == [
        "player-object",
        "turn-object",
        "nowhere-object",
        "a_b",
        "a__b-object",
    ]
    assert naming.kinds == {"object": "object", "player": "player_objects", "places": "places_objects"}
    step = play(translation.script, [translation.text("from", ["a_b", "player", "turn"])])[-1]
    assert step.success


def test_objects_named_as_what_counts_the_goal_are_no_obstacle() -> None:
    domain = domain_of("(:action act :parameters (?x) :effect (p ?x))")
    translation = imported(
        domain, problem_of("(and (p a) (p goals_met))", objects="a goals_met goals_met_part_1")
    )
    steps = play(translation.script, ["act a", "act goals_met"])
    assert [step.progress for step in steps] == [0.5, 1]


def test_very_many_names_that_are_alike_take_no_time_to_tell_apart() -> None:
    names = ["_".join(["a", *("_" * (n >> i & 1) + "b" for i in range(13))]) for n in range(8_000)]
    translation = imported(domain_of("(:action act :effect (done))"), problem_of(objects=" ".join(names)))
    assert len({fold(name) for name in translation.naming.entities.values()}) == 8_000


def test_no_actions_text_can_be_taken_for_anothers() -> None:
    domain = domain_of(
        "(:action put :parameters (?x ?y) :effect (r ?x ?y)) (:action put-in :parameters (?x) :effect (p ?x))"
        "(:action look-around :parameters (?x) :effect (q ?x))"
    )
    translation = imported(domain, problem_of(objects="in a"))
    assert list(translation.script["available_actions"]) == [
        "put {x} {y}",
        "put-in {x}",
        "look around {x}",
        "take everything in",
    ]
    step = play(translation.script, ["put-in a"])[-1]
    assert translation.atoms(step.state) == {("p", "a")}


def test_equal_sets_of_atoms_are_equal_states() -> None:
    env_hashes = [
        step.info["state_hash"]
        for actions in (["pick up b", "put down b"], ["unstack c a", "stack c a"], ["look around"])
        for step in play(TOWER.script, actions)[-1:]
    ]
    assert len(set(env_hashes)) == 1


def test_a_phrase_that_is_given_is_what_is_said() -> None:
    phrases = {"on": "{0} stands on {1}", "held": "you hold {0}"}
    script = imported(BLOCKS, THREE_BLOCKS, phrases=phrases).script
    assert script["goal"] == "Make all of this true at once: a stands on b; b stands on c."
    assert play(script, ["unstack c a"])[0].observation.startswith("Now: you hold c;")


@pytest.mark.parametrize(
    "phrases", [{"under": "{0}"}, {"on": "{0} stands on it"}, {"on": "{0} {1} {2}"}, {"on": "{0} on {1} {"}]
)
def test_a_phrase_that_does_not_go_with_its_predicate_is_refused(phrases: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="phrase"):
        imported(BLOCKS, THREE_BLOCKS, phrases=phrases)


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ("(arm-empty)", "arm empty"),
        ("(clear ?x)", "a is clear"),
        ("(is-lit ?x)", "a is lit"),
        ("(not-inflated ?x)", "a is not inflated"),
        ("(on-table ?x)", "a is on table"),
        ("(holding ?x)", "holding a"),
        ("(at-robby ?x)", "at robby a"),
        ("(lift-at ?x)", "lift at a"),
        ("(on ?x ?y)", "a is on b"),
        ("(contains ?x ?y)", "a contains b"),
        ("(link ?x ?y ?z)", "link a, b and c"),
    ],
)
def test_a_predicates_shape_makes_its_phrase(predicate: str, said: str) -> None:
    domain = read_domain(domain_of("(:action act :effect (and))", predicates=predicate))
    ((name, arity),) = domain.predicates.items()
    assert Words(domain).atom(name, ["a", "b", "c"][:arity]) == said


def test_two_predicates_never_sound_the_same() -> None:
    domain = read_domain(domain_of("(:action act :effect (and))", predicates="(lit ?x) (is-lit ?x)"))
    assert [Words(domain).atom(name, ["a"]) for name in domain.predicates] == ["lit a", "is-lit a"]


@pytest.mark.parametrize(
    ("action", "objects", "said"),
    [
        ("jump", ["a"], "jump is no action of the domain tower"),
        ("stack", ["a"], "stack takes 2 objects of the domain tower"),
        ("stack", ["a", "z"], "z is no object of the problem three"),
    ],
)
def test_a_step_that_is_none_of_the_problems_is_refused(action: str, objects: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TOWER.text(action, objects)


def test_a_problem_that_is_too_large_is_refused_before_it_is_made() -> None:
    domain = read_domain(
        domain_of(
            "(:action act :parameters (?a ?b ?c ?d) :effect (r ?a ?b ?c ?d))", predicates="(r ?a ?b ?c ?d)"
        ),
        "d.pddl",
    )
    problem = read_problem(
        problem_of("(r a1 a1 a1 a1)", objects=" ".join(f"a{i}" for i in range(100))), domain
    )
    with pytest.raises(PddlError, match=r"d.pddl:4: .* may set more than 200,000 atoms"):
        translate(domain, problem)


@pytest.mark.parametrize(
    ("actions", "predicates", "said"),
    [
        (
            f"(:action act :parameters ({' '.join(f'?x{i}' for i in range(13))}))",
            "(done)",
            "act has 13 parameters",
        ),
        ("(:action act)", f"(done) (r {' '.join(f'?x{i}' for i in range(13))})", "r takes 13 terms"),
    ],
)
def test_more_terms_than_a_script_has_room_for_are_refused(actions: str, predicates: str, said: str) -> None:
    with pytest.raises(PddlError, match=said):
        imported(domain_of(actions, predicates=predicates), problem_of())


def test_a_goal_of_too_many_literals_is_refused() -> None:
    names = [f"a{i}" for i in range(1_001)]
    goal = f"(and {' '.join(f'(p {name})' for name in names)})"
    with pytest.raises(PddlError, match=r"the goal has 1,001 literals"):
        imported(domain_of("(:action act)"), problem_of(goal, objects=" ".join(names)))


def test_a_start_too_long_to_tell_is_told_in_part_and_by_looking_in_whole() -> None:
    names = [f"a-long-name-for-the-thing-{i}" for i in range(1_000)]
    translation = imported(
        domain_of("(:action act :effect (done))"),
        problem_of(objects=" ".join(names), init=" ".join(f"(p {name})" for name in names)),
    )
    assert translation.script["opening"].endswith('more, which "look around" tells.')
    assert len(load_script(translation.script).program.actions) == 2
    assert play(translation.script, ["look around"])[0].observation.count(" is p.") == 1_000
