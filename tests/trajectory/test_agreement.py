"""Agreement: what a DM says of each turn beside what the engine rules, counted, and compared while both are in one world."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env import rollout
from trpg_env.agents import ErringAgent, PlannerAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import (
    Agreement,
    Comparison,
    EpisodeError,
    Opinions,
    Participant,
    Trajectory,
    Verifier,
    compare,
)
from trpg_env.world import NotGrounded, World

Load = Callable[[Any], Script]
MakeWorld = Callable[[Any], World]
Kind = str | None

HANGS = "def validate(action, params, state):\n    while params['word'] == 'loop':\n        pass\n    return True\n"
KINDS: tuple[Kind, ...] = (None, "parameter", "place", "logic")
kinds = st.sampled_from(KINDS)
comparisons = st.builds(Comparison, st.lists(st.builds(Opinions, kinds, kinds), max_size=6), st.booleans())


def flags(kind: Kind) -> dict[str, bool]:
    return {f"{name}_error": name == kind for name in ("parameter", "place", "logic")}


def synthesised(played: Trajectory, said: dict[int, Kind] | None = None) -> Trajectory:
    """A rollout as if a model had written it; `said` is what its DM says of the player's turns, from 0."""
    turns = list(played.turns)
    for i, kind in (said or {}).items():
        turns[2 * i + 2] = turns[2 * i + 2].model_copy(update=flags(kind))
    dm = Participant(kind="llm", model="m")
    return played.model_copy(update={"source": "synthesis", "dm": dm, "turns": turns})


def doing(script: Script, sandbox: Sandbox, *actions: str, seed: int = 0) -> Trajectory:
    """A rollout of these actions."""
    rest = list(actions)
    player = lambda observation, info: rest.pop(0)  # noqa: E731
    [played] = rollout(script, player, 1, seed, max_turns=len(actions), sandbox=sandbox)
    return played


def count(found: Sequence[Comparison]) -> Agreement:
    agreement = Agreement()
    for comparison in found:
        agreement.add(comparison)
    return agreement


# The matrix.


def test_precision_and_recall_are_those_worked_out_by_hand() -> None:
    right, place, logic = Opinions(None, None), Opinions("place", "place"), Opinions("logic", "logic")
    agreement = count(
        [
            Comparison([right, right, place, Opinions("place", "logic"), right]),
            Comparison([place, logic, logic, Opinions("logic", None)]),
            Comparison([right, place]),
        ]
    )
    assert (agreement.turns, agreement.differing) == (11, 2)
    assert (agreement.trajectories, agreement.contradicted, agreement.not_compared) == (3, 2, 0)
    assert agreement.precision(None) == 4 / 4
    assert agreement.recall(None) == 4 / 5
    assert agreement.precision("place") == 3 / 4
    assert agreement.recall("place") == 3 / 3
    assert agreement.precision("logic") == 2 / 3
    assert agreement.recall("logic") == 2 / 3
    assert agreement.precision("parameter") is agreement.recall("parameter") is None
    counts = agreement.as_dict()
    assert json.loads(json.dumps(counts)) == counts
    assert counts == {
        "turns": {"compared": 11, "contradicted": 2},
        "trajectories": {"compared": 3, "contradicted": 2, "not_compared": 0},
        "matrix": {
            "none": {"none": 4, "parameter": 0, "place": 0, "logic": 0},
            "parameter": {"none": 0, "parameter": 0, "place": 0, "logic": 0},
            "place": {"none": 0, "parameter": 0, "place": 3, "logic": 1},
            "logic": {"none": 1, "parameter": 0, "place": 0, "logic": 2},
        },
        "precision": {"none": 1.0, "parameter": None, "place": 0.75, "logic": 2 / 3},
        "recall": {"none": 0.8, "parameter": None, "place": 1.0, "logic": 2 / 3},
        # By chance 4·5 + 4·3 + 3·3 = 41 of 11² = 121; agreed 9·11 = 99.
        "kappa": 58 / 80,
    }
    assert agreement.lines() == [
        "engine contradicted 2 of 11 turns (18.2%), in 2 of 3 trajectories",
        "",
        "DM / engine               none parameter     place     logic  precision",
        "none                         4         0         0         0     100.0%",
        "parameter                    0         0         0         0          -",
        "place                        0         0         3         1      75.0%",
        "logic                        1         0         0         2      66.7%",
        "recall                   80.0%         -    100.0%     66.7%",
    ]


@given(st.lists(comparisons, max_size=8), st.lists(comparisons, max_size=8))
def test_two_halves_put_together_are_the_whole(first: list[Comparison], second: list[Comparison]) -> None:
    together = count(first)
    together.update(count(second))
    assert together == count(first + second)


@given(st.lists(comparisons, max_size=8))
def test_the_totals_agree_with_one_another(found: list[Comparison]) -> None:
    agreement = count(found)
    counts = agreement.as_dict()
    assert agreement.turns == sum(sum(row.values()) for row in counts["matrix"].values())
    assert agreement.differing == agreement.turns - sum(counts["matrix"][k][k] for k in counts["matrix"])
    assert agreement.contradicted <= min(agreement.trajectories, agreement.differing)
    assert agreement.not_compared == sum(not c.whole for c in found)
    for share in [*counts["precision"].values(), *counts["recall"].values()]:
        assert share is None or 0 <= share <= 1


def test_nothing_to_compare_is_no_division_by_zero_and_no_line() -> None:
    for nothing in (Agreement(), count([Comparison([])])):
        assert (nothing.offered, nothing.lines()) == (0, [])
        assert set(nothing.as_dict()["precision"].values()) == {None}
        assert nothing.kappa is None


def test_kappa_is_1_for_full_agreement_0_for_chance_and_none_for_one_label() -> None:
    def of(*opinions: Opinions) -> float | None:
        return count([Comparison(opinions)]).kappa

    right, place = Opinions(None, None), Opinions("place", "place")
    assert of(right, place) == 1
    assert of(right, Opinions(None, "place")) == 0
    assert of(Opinions(None, "place"), Opinions("place", None)) == -1
    assert of(right, right) is None


def test_of_what_is_not_whole_the_turns_are_counted_and_the_trajectory_is_not() -> None:
    agreement = count([Comparison([Opinions(None, None), Opinions("place", "logic")], whole=False)])
    assert (agreement.turns, agreement.differing) == (2, 1)
    assert (agreement.trajectories, agreement.contradicted, agreement.not_compared) == (0, 0, 1)
    assert agreement.lines()[:2] == [
        "engine contradicted 1 of 2 turns (50.0%), in 0 of 0 trajectories",
        "not compared        1",
    ]
    assert count([Comparison([], whole=False)]).lines() == [
        "engine contradicted not measured (1 not compared)"
    ]


# Playing.


@pytest.fixture(scope="module")
def played(load: Load, sandbox: Sandbox) -> list[Trajectory]:
    """Episodes of scripts with variations and with chance, with errors and without."""
    scripts = [load(name) for name in ("cool-tomato", "ship", "flea-market")]
    return [
        *rollout(scripts, ErringAgent(), 9, 5, luck=1, sandbox=sandbox),
        *rollout(scripts, PlannerAgent(), 3, 8, sandbox=sandbox),
    ]


def test_a_rollout_that_is_called_synthesised_agrees_completely(
    played: list[Trajectory], make_world: MakeWorld
) -> None:
    agreement = count([compare(synthesised(t), make_world(t.script)) for t in played])
    assert agreement.turns == sum(len(t.exchanges()) for t in played)
    assert (agreement.trajectories, agreement.differing, agreement.not_compared) == (12, 0, 0)
    assert {agreement.precision(kind) for kind in (None, "parameter", "place", "logic")} == {1.0}


@given(data=st.data())
@settings(max_examples=60)
def test_one_flag_that_is_turned_is_one_contradiction(
    data: st.DataObject, played: list[Trajectory], make_world: MakeWorld
) -> None:
    trajectory = data.draw(st.sampled_from(played))
    exchanges = trajectory.exchanges()
    i = data.draw(st.integers(0, len(exchanges) - 1))
    ruled = exchanges[i][1].error
    said = data.draw(st.sampled_from([kind for kind in KINDS if kind != ruled]))
    comparison = compare(synthesised(trajectory, {i: said}), make_world(trajectory.script))
    assert [(n, o) for n, o in enumerate(comparison.opinions) if o.differ] == [(i, (said, ruled))]
    parted = None in (said, ruled)
    assert len(comparison.opinions) == (i + 1 if parted else len(exchanges))
    assert comparison.whole


ACTIONS = ["dance", "go east", "go west", "open microwave", "open fridge", "put tomato in fridge"]
RULED = ["parameter", "place", None, "logic", None, "logic"]


def test_what_a_dm_says_of_each_turn_stands_beside_what_the_engine_rules(
    load: Load, make_world: MakeWorld, sandbox: Sandbox
) -> None:
    trajectory = doing(load("cool-tomato"), sandbox, *ACTIONS)
    for said in (
        {},
        {0: "logic", 1: "logic"},
        {3: "place", 5: "parameter"},
        {1: "parameter", 3: "parameter", 5: None},
    ):
        comparison = compare(synthesised(trajectory, said), make_world("cool-tomato"))
        assert [o.ruled for o in comparison.opinions] == RULED
        assert [o.said for o in comparison.opinions] == [said.get(i, kind) for i, kind in enumerate(RULED)]


@pytest.mark.parametrize(
    ("at", "said"),
    [(1, None), (2, "logic"), (2, "parameter")],
    ids=["carried out by the DM alone", "by the engine alone", "no action for the DM"],
)
def test_where_the_worlds_part_is_the_last_turn_compared(
    at: int, said: Kind, load: Load, make_world: MakeWorld, sandbox: Sandbox
) -> None:
    trajectory = doing(load("cool-tomato"), sandbox, *ACTIONS)
    wrong_afterwards = {3: None, 4: "place", 5: None}
    comparison = compare(synthesised(trajectory, {at: said} | wrong_afterwards), make_world("cool-tomato"))
    assert len(comparison.opinions) == at + 1
    assert comparison.opinions[-1] == (said, RULED[at])
    assert count([comparison]).as_dict()["trajectories"] == {
        "compared": 1,
        "contradicted": 1,
        "not_compared": 0,
    }


def test_what_a_dm_tells_after_the_engines_end_is_not_compared(
    load: Load, make_world: MakeWorld, sandbox: Sandbox
) -> None:
    [won] = rollout(load("cool-tomato"), PlannerAgent(), 1, sandbox=sandbox)
    assert won.outcome == "completed"
    player, dm = won.turns[-2:]
    turns = [*won.turns, player.model_copy(update={"action": "dance"}), dm]
    comparison = compare(synthesised(won.model_copy(update={"turns": turns})), make_world("cool-tomato"))
    assert comparison == ([Opinions(None, None)] * len(won.exchanges()), True)


def test_play_begins_where_the_trajectorys_seed_has_it_begin(
    load: Load, make_world: MakeWorld, sandbox: Sandbox
) -> None:
    script, world = load("cool-tomato"), make_world("cool-tomato")
    rulings = {}
    for seed in range(8):
        trajectory = doing(script, sandbox, "take tomato").model_copy(update={"seed": seed})
        [opinion] = compare(synthesised(trajectory), world).opinions
        rulings.setdefault(world.variation_of(seed), set()).add(opinion.ruled)
    assert rulings == {0: {"place"}, 1: {None}}


def test_a_check_that_does_not_answer_leaves_the_rest_out(
    tiny: dict[str, Any], load: Load, sandbox: Sandbox
) -> None:
    tiny["available_actions"]["say {word}"] = {
        "verification_code": HANGS,
        "parameters": {"word": {"any": ["hello"]}},
        "effects": ["player.said += word"],
    }
    script = load(tiny)
    trajectory = doing(script, sandbox, "say hello", "say ho", "fly")
    turns = list(trajectory.turns)
    turns[3] = turns[3].model_copy(update={"action": "say loop"})
    hanging = synthesised(trajectory.model_copy(update={"turns": turns}))
    assert compare(hanging, World(script, sandbox)) == ([Opinions(None, None)], False)


def test_a_trajectory_that_broke_or_is_out_of_order_is_not_compared(
    played: list[Trajectory], make_world: MakeWorld
) -> None:
    trajectory = synthesised(played[0])
    error = EpisodeError(kind="dm:timeout", message="gone")
    for changes in (
        {"outcome": "error", "error": error},
        {"turns": trajectory.turns[1:]},
        {"turns": trajectory.turns[:-1]},
        {"turns": [trajectory.turns[0], *trajectory.turns]},
    ):
        broken = trajectory.model_copy(update=changes)
        assert compare(broken, make_world(trajectory.script)) == ((), False)


def test_a_trajectory_without_an_action_leaves_nothing_to_compare(
    played: list[Trajectory], make_world: MakeWorld
) -> None:
    opening = synthesised(played[0].model_copy(update={"turns": played[0].turns[:1]}))
    assert count([compare(opening, make_world(opening.script))]) == Agreement()


def test_a_verifiers_world_is_made_once_and_of_grounded_scripts_alone(load: Load, sandbox: Sandbox) -> None:
    verifier = Verifier(sandbox)
    assert verifier.world(load("ship")) is verifier.world(load("ship"))
    with pytest.raises(NotGrounded):
        verifier.world(load("unix-admin"))
