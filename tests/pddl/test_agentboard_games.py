"""AgentBoard's games: goals, openings, observations and actions are worded as there, to the letter."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pddl_reference import Atom, Ground, Strips
from pddl_texts import BLOCKS, THREE_BLOCKS
from test_pddl_walks import DATA, needs_data

from trpg_env import check_script, rollout, verify
from trpg_env.agents import PlannerAgent, RandomAgent
from trpg_env.pddl import (
    agentboard_problems,
    agentboard_progress,
    agentboard_script,
    agentboard_translation,
)
from trpg_env.pddl.agentboard_telling import said
from trpg_env.pddl.agentboard_words import GAMES, INVALID
from trpg_env.testing import play
from trpg_env.world import SeededFate, World

MakeWorld = Callable[[Any], World]
ITEMS = DATA.parent / "agentboard" / "pddl.jsonl"

GRIPPER = """
(define (domain gripper-strips)
  (:predicates (room ?r) (ball ?b) (gripper ?g) (at-robby ?r) (at ?b ?r) (free ?g) (carry ?o ?g))
  (:action move :parameters (?from ?to) :precondition (and (room ?from) (room ?to) (at-robby ?from))
    :effect (and (at-robby ?to) (not (at-robby ?from))))
  (:action pick :parameters (?obj ?room ?gripper)
    :precondition (and (ball ?obj) (room ?room) (gripper ?gripper) (at ?obj ?room) (at-robby ?room) (free ?gripper))
    :effect (and (carry ?obj ?gripper) (not (at ?obj ?room)) (not (free ?gripper))))
  (:action drop :parameters (?obj ?room ?gripper)
    :precondition (and (ball ?obj) (room ?room) (gripper ?gripper) (carry ?obj ?gripper) (at-robby ?room))
    :effect (and (at ?obj ?room) (free ?gripper) (not (carry ?obj ?gripper)))))
"""
ONE_BALL = """
(define (problem one) (:domain gripper-strips) (:objects rooma roomb ball1 left right)
  (:init (room rooma) (room roomb) (ball ball1) (gripper left) (gripper right) (at-robby rooma) (free left) (free right)
    (at ball1 rooma))
  (:goal (at ball1 roomb)))
"""
START = "Ball1 is a ball.  Ball1 is at rooma.  Left is a gripper.  Left is free.  Right is a gripper.  Right is free.  Robby is at rooma.  Room rooma Room roomb"


@pytest.fixture(scope="module")
def ball() -> Any:
    return agentboard_script(GRIPPER, ONE_BALL, "gripper")


@pytest.fixture(scope="module")
def ball_world(ball: Any, make_world: MakeWorld) -> World:
    return make_world(ball)


def test_the_player_is_told_the_goal_and_the_start_once(ball: Any) -> None:
    env = gym.make("AgentRefine-v0", script=ball)
    observation, _ = env.reset(seed=0)
    assert "The goal is to satisfy the following conditions: ball1 is at roomb. \n" in observation
    assert observation.endswith(f"\n\n{START}")
    assert observation.count("Robby is at rooma") == 1
    assert ball.max_turns == 30


def test_the_wording_is_agentboards(ball: Any) -> None:
    steps = play(
        ball,
        [
            "Pick up ball1 at rooma with arm left.",
            "pick ball1 rooma right",
            "move rooma roomb",
            "drop ball1 roomb left",
        ],
    )
    assert [step.error for step in steps] == [None, "logic", None, None]
    assert steps[0].observation.startswith(
        "Ball1 is a ball.  Ball1 is carrying left.  Left is a gripper.  Right"
    )
    assert steps[1].message == INVALID
    assert steps[3].observation.endswith("Room rooma Room roomb The goal is satisfied.")
    assert steps[3].success


@pytest.mark.parametrize(
    "text",
    ["Pick up ball1 at rooma with arm left.", "pick ball1 rooma left", "I pick BALL1, then rooma: left!", "rooma? no, pick",
     "  pick   ball1 up in rooma with left and right "],
)  # fmt: skip
def test_a_text_is_an_action_if_its_name_and_its_objects_stand_in_it(ball: Any, text: str) -> None:
    (step,) = play(ball, [text])
    assert (step.info["action"]["parameters"] == {"obj": "ball1", "room": "rooma", "gripper": "left"}) == (
        text != "rooma? no, pick"
    )
    assert (step.error == "parameter") == (text == "rooma? no, pick")


@pytest.mark.parametrize("text", ["dance", "pickup ball1 rooma left", "pick ball1", "drop-pick ball1 rooma left", "pick my-ball1 rooma left"])  # fmt: skip
def test_any_other_text_is_none(ball: Any, text: str) -> None:
    (step,) = play(ball, [text])
    assert step.error == "parameter"


def test_the_first_name_of_an_action_counts(ball: Any) -> None:
    (step,) = play(ball, ["move rooma roomb and pick ball1 up"])
    assert step.info["action"]["parameters"] == {"from_object": "rooma", "to": "roomb"}


def test_valid_actions_are_told_by_checking_and_the_state_by_looking(ball: Any) -> None:
    steps = play(ball, ["Check valid actions, please", "look around"])
    assert steps[0].observation == (
        "Valid actions are: Move from rooma to roomb. , Pick up ball1 at rooma with arm left. ,"
        " Pick up ball1 at rooma with arm right. , check valid actions"
    )
    assert steps[1].observation == START


def test_what_changes_nothing_is_not_valid(ball: Any) -> None:
    (step,) = play(ball, ["move from rooma to rooma"])
    assert (step.error, step.message) == ("logic", INVALID)


def test_a_game_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(
        ValueError, match="no PDDL game 'chess'; it has barman, blockworld, gripper, tyreworld"
    ):
        agentboard_script(BLOCKS, THREE_BLOCKS, "chess")


def test_what_has_no_wording_there_is_said_by_its_name() -> None:
    script = agentboard_script(BLOCKS, THREE_BLOCKS, "blockworld")
    (step,) = play(script, ["unstack c a"])
    assert step.observation == "A is on the table. B is on the table. Held c The a is clear. The b is clear."


def test_progress_counts_what_held_at_the_start(ball: Any) -> None:
    both = ONE_BALL.replace("(at ball1 roomb)", "(and (at ball1 roomb) (free left))")
    script = agentboard_script(GRIPPER, both, "gripper", max_turns=5)
    assert script.max_turns == 5
    assert [agentboard_progress(script, progress) for progress in (0.0, 1.0)] == [0.5, 1.0]
    assert agentboard_progress(ball, 0.0) == 0.0


@given(text=st.text(st.sampled_from("pickdro movebal1rt()-_. \n{}\\é"), max_size=80))
def test_no_text_raises(ball_world: World, text: str) -> None:
    ruling = ball_world.rule(ball_world.begin(0), text, SeededFate(0, 0))
    assert ruling.error in (None, "parameter", "logic")


@needs_data
def test_every_items_goal_is_worded_as_there() -> None:
    items = [json.loads(line) for line in ITEMS.read_text(encoding="utf-8").splitlines()]
    assert len(items) == 30
    for item in items:
        game = item["game_name"]
        problem = agentboard_problems(DATA, game)[item["problem_index"]]
        domain = (DATA / f"{game}.pddl").read_text(encoding="utf-8")
        translation = agentboard_translation(domain, problem.read_text(encoding="utf-8"), game)
        assert translation.script["goal"] == item["task_main"]


class Told:
    """What AgentBoard says of a problem, from its tables and the states of STRIPS alone."""

    def __init__(self, game: str, reference: Strips) -> None:
        self.game, self.reference = GAMES[game], reference

    def state(self, atoms: frozenset[Atom]) -> str:
        return " ".join(sorted(said(self.game.says, name, terms).capitalize() for name, *terms in atoms))

    def after(self, before: frozenset[Atom], after: frozenset[Atom]) -> str:
        text = self.state(after if self.game.whole else after - before)
        return (
            f"{text} The goal is satisfied."
            if self.reference.met(after) == len(self.reference.goal)
            else text
        )

    def text(self, action: Ground) -> str:
        return said(self.game.writes, action.name, action.objects)


@needs_data
@pytest.mark.parametrize(
    ("game", "number"), [("blockworld", 3), ("gripper", 5), ("tyreworld", 0), ("barman", 2), ("barman", 13)]
)
def test_all_that_is_told_on_a_walk_is_what_agentboard_tells(
    game: str, number: int, make_world: MakeWorld
) -> None:
    domain = (DATA / f"{game}.pddl").read_text(encoding="utf-8")
    problem = agentboard_problems(DATA, game)[number].read_text(encoding="utf-8")
    translation = agentboard_translation(domain, problem, game)
    world, reference = make_world(translation.script), Strips(domain, problem)
    told = Told(game, reference)
    rng, fate = random.Random(number), SeededFate(0, 0)
    state, atoms = world.begin(0), reference.start
    assert translation.script["opening"] == told.state(atoms)
    for turn in range(25):
        possible = [
            action
            for action in reference.actions
            if reference.applicable(atoms, action) and reference.apply(atoms, action) != atoms
        ]
        checked = world.rule(state, "check valid actions", fate).observation
        more = ["check valid actions"] if told.game.whole else ["check valid actions", "look around"]
        listed = checked.removeprefix("Valid actions are: ").split(", ")
        assert sorted(listed) == sorted([*map(told.text, possible), *more])
        assert world.rule(state, "look around", fate).observation == told.state(atoms)
        action = rng.choice(possible)
        # As its list has it, or as its instruction does.
        text = told.text(action) if turn % 2 else translation.text(action.name, action.objects)
        ruling = world.rule(state, text, fate)
        assert ruling.error is None
        following = reference.apply(atoms, action)
        assert ruling.observation == told.after(atoms, following)
        refused = rng.choice(reference.actions)
        if refused not in possible:
            assert world.rule(state, told.text(refused), fate).error in ("logic", "parameter")
        state, atoms = ruling.state, following
        assert translation.atoms(world.layout.by_entity(state.values)) == atoms


@needs_data
@pytest.mark.parametrize("game", sorted(GAMES))
def test_the_expert_wins_without_an_error_and_chance_does_not(game: str, tmp_path: Path) -> None:
    domain = (DATA / f"{game}.pddl").read_text(encoding="utf-8")
    problem = agentboard_problems(DATA, game)[0].read_text(encoding="utf-8")
    script = agentboard_script(domain, problem, game)
    (won,) = rollout(script, PlannerAgent(), 1)
    assert won.success
    assert all(dm.error is None for _, dm in won.exchanges())
    assert agentboard_progress(script, won.progress) == 1
    (lost,) = rollout(script, RandomAgent(), 1)
    assert not lost.success
    for episode in (won, lost):
        assert verify(episode, script) == []


def test_a_game_is_sound(ball: Any) -> None:
    assert check_script(ball) == []
