"""The erring player: real errors, noticed and corrected."""

import copy
import pickle
import re
from collections import Counter
from collections.abc import Callable
from itertools import groupby, pairwise
from typing import Any

import pytest
from grounded import GROUNDED

from trpg_env import rollout
from trpg_env.agents import ErringAgent, PlannerAgent
from trpg_env.envs import AgentRefineEnv
from trpg_env.script import Script
from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory, error_and_refines

Episodes = Callable[..., list[Trajectory]]


@pytest.fixture
def episodes(load: Callable[[Any], Script], sandbox: Any) -> Episodes:
    def episodes(
        script: Any, n: int = 6, seed: int = 0, agent: Any = None, **keywords: Any
    ) -> list[Trajectory]:
        return list(rollout(load(script), agent or ErringAgent(), n, seed, sandbox=sandbox, **keywords))

    return episodes


def only(rates: dict[Any, float] | None = None, **chances: float) -> ErringAgent:
    """Errs in the ways named and in no other."""
    return ErringAgent(rates or {}, **{"chain": 0.0, "wander": 0.0, "repeat": 0.0} | chances)


def chains(trajectories: list[Trajectory]) -> list[list[tuple[PlayerTurn, DMTurn]]]:
    """The runs of erroneous turns, of two and more."""
    found = []
    for t in trajectories:
        for wrong, run in groupby(t.exchanges(), lambda exchange: exchange[1].error is not None):
            turns = list(run)
            if wrong and len(turns) > 1:
                found.append(turns)
    return found


@pytest.mark.parametrize("script", GROUNDED)
def test_every_error_is_real_and_of_the_kind_that_the_trajectory_says(
    script: str, episodes: Episodes, load: Callable[[Any], Script], sandbox: Any
) -> None:
    env = AgentRefineEnv(load(script), sandbox=sandbox)
    for trajectory in episodes(script):
        env.reset(seed=trajectory.seed, options={"luck": trajectory.luck})
        for player, dm in trajectory.exchanges():
            before = env.snapshot()["state"]
            observation, *_, info = env.step(player.action)
            assert {k: v for k, v in info["assessment"].items() if k != "message"} == {
                "parameter_error": dm.error == "parameter",
                "place_error": dm.error == "place",
                "logic_error": dm.error == "logic",
            }
            assert (observation, info["assessment"]["message"]) == (dm.observation, dm.message)
            if dm.error:
                assert env.snapshot()["state"] == {**before, "turn": before["turn"] + 1}
    env.close()


@pytest.mark.parametrize("script", GROUNDED)
def test_it_recovers_and_mostly_wins(script: str, episodes: Episodes) -> None:
    outcomes = Counter(t.outcome for t in episodes(script, 10))
    assert outcomes["completed"] >= 8
    assert outcomes["error"] == 0


@pytest.mark.parametrize("script", GROUNDED)
def test_most_episodes_of_some_length_have_two_error_and_refines(script: str, episodes: Episodes) -> None:
    long = [t for t in episodes(script, 12) if len(t.exchanges()) >= 8]
    assert sum(error_and_refines(t) >= 2 for t in long) >= 0.7 * len(long) > 0


def test_all_kinds_of_error_are_made(episodes: Episodes) -> None:
    kinds = Counter(dm.error for t in episodes("dungeon", 12) for _, dm in t.exchanges())
    assert all(kinds[kind] >= 5 for kind in ("parameter", "place", "logic"))


def test_the_same_seed_is_the_same_episode(episodes: Episodes) -> None:
    assert episodes("ship", 4, seed=3) == episodes("ship", 4, seed=3)
    assert episodes("ship", 4, seed=3) != episodes("ship", 4, seed=4)


def test_an_episode_does_not_hang_on_those_played_before(episodes: Episodes) -> None:
    agent = ErringAgent()
    episodes("dungeon", 3, seed=9, agent=agent)
    assert episodes("ship", 2, seed=3, agent=agent) == episodes("ship", 2, seed=3)


@pytest.mark.parametrize("script", ["cool-tomato", "laboratory", "unix-config"])
def test_what_was_wrong_is_said_in_the_next_thought(script: str, episodes: Episodes) -> None:
    noticed = 0
    for trajectory in episodes(script):
        turns = trajectory.turns
        for dm, player in pairwise(turns[2:]):
            if isinstance(dm, DMTurn) and isinstance(player, PlayerTurn) and dm.error:
                assert dm.message[:150] in player.thought
                noticed += 1
    assert noticed > 5


@pytest.mark.parametrize("script", ["dungeon", "laboratory"])
def test_what_is_done_already_is_not_taken_for_what_is_missing(script: str, episodes: Episodes) -> None:
    done = 0
    for trajectory in episodes(script, 10):
        for (_, before), (player, dm) in pairwise(trajectory.exchanges()):
            if before.error == "logic" and "already" in before.message and not dm.error:
                for lesson in ("comes before", "has to come first", "settled before", "still missing"):
                    assert lesson not in player.thought.replace(before.message, "")
                done += 1
    assert done > 5


def test_a_lesson_is_learnt_only_where_the_next_turn_heeds_it(episodes: Episodes) -> None:
    """Nobody says that they keep to the list of actions now, and goes on as before."""
    lessons = ("keep to the list", "not among the actions", "Not here, then", "Step by step", "behind me")
    for turns in chains(episodes("ship", 30, agent=only({"place": 0.2, "parameter": 0.2}, chain=0.7))):
        for player, _ in turns[1:]:
            assert not any(lesson in player.thought for lesson in lessons)


def test_an_error_is_never_announced_in_the_thought_before_it(episodes: Episodes) -> None:
    for trajectory in episodes("museum-heist", 3):
        for (_, before), (player, dm) in pairwise(trajectory.exchanges()):
            if dm.error and not before.error:
                assert "error" not in player.thought.lower()
                assert "wrong" not in player.thought.lower()


@pytest.mark.parametrize("turns", [8, 9, 12])
def test_errors_are_bounded_by_the_turns_that_the_plan_needs(turns: int, episodes: Episodes) -> None:
    agent = ErringAgent({"parameter": 0.4, "place": 0.3, "logic": 0.3}, chain=1.0)
    for trajectory in episodes("cool-tomato", 10, agent=agent, max_turns=turns):
        assert trajectory.outcome == "completed"
        assert sum(dm.error is not None for _, dm in trajectory.exchanges()) <= turns - 8


def test_without_rates_it_is_a_planner(episodes: Episodes) -> None:
    for plain, erring in zip(
        episodes("office-mail", 3, agent=PlannerAgent()),
        episodes("office-mail", 3, agent=only()),
        strict=True,
    ):
        assert [p.action for p, _ in erring.exchanges()] == [p.action for p, _ in plain.exchanges()]
        assert not any(dm.error for _, dm in erring.exchanges())


@pytest.mark.parametrize("kind", ["parameter", "place", "logic"])
def test_one_kind_of_error_can_be_asked_for(kind: Any, episodes: Episodes) -> None:
    kinds = {dm.error for t in episodes("laboratory", 4, agent=only({kind: 0.5})) for _, dm in t.exchanges()}
    assert kinds == {None, kind}


@pytest.mark.parametrize("kind", ["place", "logic"])
def test_a_chain_of_errors_comes_from_one_belief(kind: Any, episodes: Episodes, load: Any) -> None:
    """Each mistake of a chain is about something that the one before is about, or is the same mistake again."""
    script = load("ship")
    values = {v.spelling for a in script.program.actions for d in a.domains for v in d.samples}
    seen = chains(episodes("ship", 30, agent=only({kind: 0.3}, chain=0.6)))
    assert len(seen) >= 15
    for turns in seen:
        assert {dm.error for _, dm in turns} == {kind}
        for (before, _), (after, _) in pairwise(turns):
            about = [{v for v in values if v in player.action} for player in (before, after)]
            assert about[0] & about[1] or before.action == after.action


def test_a_mistake_may_be_made_again_word_for_word(episodes: Episodes) -> None:
    seen = chains(episodes("ship", 20, agent=only({"place": 0.3}, chain=0.6)))
    same = [a.action == b.action for turns in seen for (a, _), (b, _) in pairwise(turns)]
    assert {True, False} == set(same)


@pytest.mark.parametrize("script", ["cool-tomato", "museum-heist", "office-mail", "unix-config"])
def test_a_detour_costs_turns_and_does_no_harm(script: str, episodes: Episodes) -> None:
    straight = episodes(script, 8, agent=only())
    wandering = episodes(script, 8, agent=only(wander=0.3))
    assert all(t.success for t in wandering)
    assert not any(dm.error for t in wandering for _, dm in t.exchanges())
    assert sum(len(t.turns) for t in wandering) > sum(len(t.turns) for t in straight)


def test_an_action_may_be_done_again(episodes: Episodes) -> None:
    repeated = [
        dm.error
        for t in episodes("kitchen", 10, agent=only(repeat=0.4))
        for (a, _), (b, dm) in pairwise(t.exchanges())
        if a.action == b.action
    ]
    assert len(repeated) > 10
    assert {"logic", None} <= set(repeated)


@pytest.mark.parametrize("script", ["detective", "ship"])
def test_thoughts_quote_what_the_player_was_told_and_nothing_else(script: str, episodes: Episodes) -> None:
    quoted = 0
    for t in episodes(script, 10):
        opening, *_ = t.turns
        told = [opening.observation]
        for player, dm in t.exchanges():
            for quote in re.findall(r"“(.*?)”", player.thought, re.DOTALL):
                assert any(quote.removesuffix("…") in text for text in told)
                quoted += 1
            told += [dm.observation, dm.message]
    assert quoted > 50


def test_no_hidden_value_is_in_a_thought_before_the_player_is_told(episodes: Episodes) -> None:
    """The museum's code is found out by reading the calendar; only the plan's own action may name it."""
    for t in episodes("museum-heist", 20):
        told = t.turns[0].observation
        for player, dm in t.exchanges():
            for code in ("1931", "1884", "1907"):
                if code in player.thought.replace(f'"{player.action}"', ""):
                    assert code in told
            told += f"{player.action} {dm.observation} {dm.message}"


def test_thoughts_are_varied(episodes: Episodes) -> None:
    thoughts = [player.thought for t in episodes("garden", 20) for player, _ in t.exchanges()]
    assert len(set(thoughts)) > 0.7 * len(thoughts)


def test_a_copy_plays_the_same_and_starts_afresh(episodes: Episodes) -> None:
    agent = ErringAgent({"logic": 0.3}, chain=0.5, wander=0.1, repeat=0.1)
    played = episodes("ship", 4, agent=agent)
    for copied in (copy.deepcopy(agent), pickle.loads(pickle.dumps(agent))):
        assert episodes("ship", 4, agent=copied) == played


def test_its_settings_are_kept_in_the_trajectory_and_its_id(episodes: Episodes) -> None:
    (usual,) = episodes("ship", 1)
    (other,) = episodes("ship", 1, agent=ErringAgent(chain=0.1))
    assert usual.player.sampling == {
        "rates": {"parameter": 0.12, "place": 0.12, "logic": 0.12},
        "chain": 0.25,
        "wander": 0.05,
        "repeat": 0.03,
        "states": 40_000,
    }
    assert other.id != usual.id


@pytest.mark.parametrize(
    "wrong",
    [
        {"rates": {"parameter": 1.5}},
        {"rates": {"place": -0.1}},
        {"rates": {"speed": 0.1}},
        {"rates": {"parameter": 0.5, "place": 0.4, "logic": 0.3}},
        {"chain": 2.0},
        {"wander": 0.6, "repeat": 0.5},
        {"repeat": -0.1},
        {"chain": float("nan")},
    ],
    ids=str,
)
def test_rates_that_are_no_probabilities_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        ErringAgent(**wrong)


def test_a_script_without_free_places_or_order_is_played_too(episodes: Episodes) -> None:
    script = {
        "goal": "Win.",
        "environment": {"player": {}},
        "completion_conditions": [{"text": "Won.", "when": "player.tries >= 4"}],
        "available_actions": {"x": {"effects": ["player.tries += 1"]}},
    }
    for trajectory in episodes(script, 5):
        assert trajectory.outcome == "completed"
        assert {dm.error for _, dm in trajectory.exchanges()} <= {None, "parameter"}


def test_a_world_that_is_too_large_to_list_is_played_too(episodes: Episodes) -> None:
    script = {
        "goal": "Win.",
        "environment": {"player": {"n": 0}},
        "completion_conditions": [{"text": "Won.", "when": "player.n == 3"}],
        "available_actions": {
            "add {a} and {b}": {"parameters": {"a": "1..1000", "b": "1..1000"}, "effects": ["player.n += 1"]}
        },
        "max_turns": 6,
    }
    agent = ErringAgent({"parameter": 0.2}, wander=0.5, repeat=0.5)
    assert {t.outcome for t in episodes(script, 6, agent=agent)} <= {"completed", "truncated", "failed"}
