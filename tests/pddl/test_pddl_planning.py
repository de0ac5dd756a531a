"""The planner on imported problems: what it finds is right, and all four games are solved."""

from collections.abc import Callable
from typing import Any

import pytest
from pddl_reference import Strips
from test_pddl_walks import FILES, Maker, needs_data

from trpg_env import rollout
from trpg_env.agents import PlannerAgent
from trpg_env.agents.planner import Planner
from trpg_env.pddl import import_pddl, read_domain, read_problem, translate
from trpg_env.world import World, find_plan
from trpg_env.world.search_quick import QuickSearch

MakeWorld = Callable[[Any], World]


def solves(translation: Any, reference: Strips, actions: tuple[str, ...]) -> bool:
    """Whether a plan of texts is one in STRIPS."""
    texts = {translation.text(a.name, a.objects): a for a in reference.actions}
    atoms = reference.start
    for text in actions:
        if text == translation.naming.look:
            continue
        assert reference.applicable(atoms, texts[text])
        atoms = reference.apply(atoms, texts[text])
    return reference.met(atoms) == len(reference.goal)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_problems_plans_are_those_of_any_search(seed: int, make_world: MakeWorld) -> None:
    maker = Maker(seed)
    domain_text, problem_text = maker.domain(), maker.problem()
    domain = read_domain(domain_text)
    translation = translate(domain, read_problem(problem_text, domain))
    world = make_world(translation.script)
    values = world.begin(0).values
    search = QuickSearch.of(world)
    assert search is not None
    plan = search.shortest(values, depth=50, states=2_000)
    assert plan == find_plan(world, values, depth=50, states=2_000)
    some = search.some(values, depth=1_000, states=2_000)
    assert plan is not None
    assert some is not None
    if plan.decided and plan.actions is None:
        assert some.actions is None
    if plan.actions and some.actions is not None:
        assert len(some.actions) >= len(plan.actions)
    reference = Strips(domain_text, problem_text)
    for found in (plan, some):
        if found.actions:
            assert solves(translation, reference, found.actions)


@needs_data
@pytest.mark.parametrize(
    ("domain", "problem"), FILES[1::4], ids=[f"{d.stem}-{p.stem}" for d, p in FILES[1::4]]
)
def test_every_problem_of_the_four_games_has_a_plan(domain: Any, problem: Any, make_world: MakeWorld) -> None:
    """Every fourth here; all sixty have one."""
    translation = import_pddl(domain, problem)
    world = make_world(translation.script)
    search = QuickSearch.of(world)
    assert search is not None
    plan = search.some(world.begin(0).values, depth=100, states=40_000)
    assert plan is not None
    assert plan.actions is not None
    reference = Strips(domain.read_text(encoding="utf-8"), problem.read_text(encoding="utf-8"))
    assert solves(translation, reference, plan.actions)


@needs_data
def test_a_plan_longer_than_an_episode_is_followed_as_far_as_it_goes() -> None:
    domain, problem = next((d, p) for d, p in FILES if (d.stem, p.stem) == ("gripper", "prob05"))
    (episode,) = rollout(import_pddl(domain, problem, max_turns=20).script, PlannerAgent(), 1)
    assert (episode.outcome, len(episode.exchanges())) == ("truncated", 20)
    assert episode.progress == pytest.approx(6 / 12)


def test_a_world_too_large_to_be_explored_is_known_to_be_so_at_once(make_world: MakeWorld) -> None:
    domain = read_domain(
        "(define (domain lamps) (:predicates (lit ?x) (done))"
        "(:action light :parameters (?x) :effect (lit ?x)) (:action snuff :parameters (?x) :effect (not (lit ?x))))"
    )
    names = [f"lamp{i}" for i in range(16)]
    goal = " ".join(f"(lit {name})" for name in names)
    problem = read_problem(
        f"(define (problem p) (:domain lamps) (:objects {' '.join(names)}) (:goal (and {goal})))", domain
    )
    (episode,) = rollout(translate(domain, problem).script, PlannerAgent(), 1)
    assert (episode.success, len(episode.exchanges())) == (True, 16)
    world = make_world(translate(domain, problem).script)
    planner = Planner()
    assert planner._explored(world, 0) is None
