"""An imported script is a script like any other: sound, solvable, played and verified."""

from pathlib import Path

import pytest
from pddl_texts import BLOCKS, THREE_BLOCKS, domain_of, problem_of
from test_pddl_walks import DATA, needs_data

from trpg_env import check_script, rollout, verify
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent
from trpg_env.pddl import Translation, import_pddl, read_domain, read_problem, translate
from trpg_env.script import load_script
from trpg_env.testing import play

BARMAN = [
    step.split()
    for step in (
        "grasp left shot1",
        "fill-shot shot1 ingredient1 left right dispenser1",
        "pour-shot-to-clean-shaker shot1 ingredient1 shaker1 left l0 l1",
        "clean-shot shot1 ingredient1 left right",
        "fill-shot shot1 ingredient2 left right dispenser2",
        "grasp right shaker1",
        "pour-shot-to-used-shaker shot1 ingredient2 shaker1 left l1 l2",
        "leave left shot1",
        "shake cocktail3 ingredient2 ingredient1 shaker1 right left",
        "pour-shaker-to-shot cocktail3 shot3 right shaker1 l2 l1",
    )
]


@pytest.fixture(scope="module")
def tower() -> Translation:
    domain = read_domain(BLOCKS)
    return translate(domain, read_problem(THREE_BLOCKS, domain))


def test_an_imported_script_is_sound(tower: Translation) -> None:
    assert check_script(tower.script) == []


def test_even_what_never_holds_may_be_asked_for() -> None:
    domain = read_domain(
        domain_of(
            "(:action act :parameters (?x ?y) :precondition (and (not (p ?x)) (not (r ?x ?y)) (q ?x)) :effect (q ?y))"
        )
    )
    problem = read_problem(problem_of("(and (q b) (not (done)))", init="(q a)"), domain)
    assert "attribute" not in str(check_script(translate(domain, problem).script))


def test_the_planner_wins_with_a_shortest_plan(tower: Translation) -> None:
    (episode,) = rollout(tower.script, PlannerAgent(), 1)
    assert (episode.success, len(episode.exchanges())) == (True, 6)


@pytest.mark.parametrize("agent", [PlannerAgent(), ErringAgent(), RandomAgent()])
def test_what_is_played_is_verified_without_a_fault(tower: Translation, agent: object) -> None:
    script = load_script(tower.script)
    for episode in rollout(script, agent, 3, seed=1):
        assert episode.outcome in ("completed", "truncated")
        assert verify(episode, script) == []


@needs_data
@pytest.mark.parametrize(
    ("game", "problem", "shortest"),
    [("blockworld", "problem1", 8), ("gripper", "prob01", 11), ("tyreworld", "p01", 12)],
)
def test_games_are_sound_and_won_and_verified(game: str, problem: str, shortest: int) -> None:
    script = load_script(import_pddl(DATA / f"{game}.pddl", DATA / game / f"{problem}.pddl").script)
    assert check_script(script) == []
    for agent, n in ((PlannerAgent(), 1), (RandomAgent(), 2)):
        for episode in rollout(script, agent, n):
            assert episode.outcome in ("completed", "truncated")
            assert verify(episode, script) == []
            if isinstance(agent, PlannerAgent):
                assert (episode.success, len(episode.exchanges())) == (True, shortest)


@needs_data
def test_a_plan_for_the_barman_wins() -> None:
    translation = import_pddl(DATA / "barman.pddl", DATA / "barman" / "p03.pddl")
    steps = play(translation.script, [translation.text(step[0], step[1:]) for step in BARMAN])
    assert [step.error for step in steps] == [None] * len(BARMAN)
    assert [step.success for step in steps] == [False] * 9 + [True]


def test_a_saved_script_is_the_same_script(tower: Translation, tmp_path: Path) -> None:
    from trpg_env.cli.script_file import as_json, as_yaml

    hashes = {load_script(tower.script).hash}
    for name, text in (("tower.json", as_json(tower.script)), ("tower.yaml", as_yaml(tower.script))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        hashes.add(load_script(tmp_path / name).hash)
    assert len(hashes) == 1
