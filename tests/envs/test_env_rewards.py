"""Rewards, and how episodes end."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.envs.reward import TERMS, Reward
from trpg_env.world import Ruling, State

PLAN = [
    "take tomato",
    "go west",
    "open fridge",
    "put tomato in fridge",
    "close fridge",
    "open fridge",
    "take tomato",
]
PLAN = [*PLAN, "put tomato in microwave"]
WITH_ERRORS = ["dance", "open fridge", "take tomato", "take tomato", *PLAN[1:]]


def returns(env: Any, actions: list[str], **reset: Any) -> list[tuple[float, bool, bool, dict[str, Any]]]:
    env.reset(**reset)
    return [env.step(action)[1:] for action in actions]


START = {"seed": 0, "options": {"variation": 1}}


def test_progress_rewards_sum_to_one_on_success(make: Callable[..., Any]) -> None:
    steps = returns(make(), WITH_ERRORS, **START)
    assert sum(reward for reward, *_ in steps) == pytest.approx(1)
    assert all(reward >= 0 for reward, *_ in steps)
    assert steps[-1][3]["success"]


def test_progress_rewards_sum_to_one_where_success_leaves_milestones_unreached(
    make: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["milestones"] = [{"text": "You have the ball.", "when": "ball.at == player"}]
    reward, terminated, _, info = returns(make(tiny), ["win"], seed=0)[0]
    assert (reward, terminated, info["progress"], info["success"]) == (1.0, True, 1.0, True)


def test_a_sparse_reward_is_one_on_success_and_nothing_before(make: Callable[..., Any]) -> None:
    rewards = [reward for reward, *_ in returns(make(reward="sparse"), WITH_ERRORS, **START)]
    assert rewards == [0.0] * (len(WITH_ERRORS) - 1) + [1.0]


def test_a_mapping_weighs_its_terms(make: Callable[..., Any]) -> None:
    weights = {"success": 1, "progress": 0.5, "parameter_error": -0.05, "turn": -0.01}
    steps = returns(make(reward=weights), WITH_ERRORS, **START)
    assert steps[0][3]["reward_terms"] == {
        "success": 0,
        "progress": 0,
        "parameter_error": -0.05,
        "turn": -0.01,
    }
    assert steps[1][3]["reward_terms"] == {"success": 0, "progress": 0, "parameter_error": 0, "turn": -0.01}
    assert steps[2][0] == pytest.approx(0.5 / 3 - 0.01)
    assert steps[-1][0] == pytest.approx(1 + 0.5 / 3 - 0.01)


@pytest.mark.parametrize("term", sorted(TERMS))
def test_each_term_can_be_had_by_itself(term: str, make: Callable[..., Any]) -> None:
    steps = returns(make(reward={term: 2}), WITH_ERRORS, **START)
    total = {"success": 2, "failure": 0, "progress": 2, "turn": 2 * len(WITH_ERRORS), "error": 6}
    total |= {"parameter_error": 2, "place_error": 2, "logic_error": 2}
    assert sum(reward for reward, *_ in steps) == pytest.approx(total[term])


@pytest.mark.parametrize("reward", ["progress", "sparse", dict.fromkeys(TERMS, 0.3)], ids=str)
def test_a_reward_is_a_float_and_the_sum_of_its_terms(reward: Any, make: Callable[..., Any]) -> None:
    env = make(reward=reward)
    assert set(env.reset(**START)[1]["reward_terms"].values()) == {0.0}
    for value, _, _, info in returns(env, WITH_ERRORS, **START):
        assert type(value) is float
        assert value == sum(info["reward_terms"].values())


rulings = st.builds(
    Ruling,
    text=st.just("x"),
    name=st.none(),
    parameters=st.just({}),
    error=st.sampled_from([None, "parameter", "place", "logic"]),
    message=st.just(""),
    observation=st.just(""),
    state=st.just(State([0], 0, (), 0, (), 0.0)),
    success=st.booleans(),
    failure=st.booleans(),
    progress=st.floats(0, 1),
    before=st.floats(0, 1),
)


@given(st.dictionaries(st.sampled_from(sorted(TERMS)), st.floats(-10, 10), min_size=1), rulings)
def test_terms_are_weights_times_amounts(weights: dict[str, float], ruling: Ruling) -> None:
    _, terms = Reward(weights).score(ruling)
    assert terms == {term: weight * TERMS[term](ruling) for term, weight in weights.items()}
    assert list(terms) == list(Reward(weights).zero)


def test_the_turn_limit_truncates(make: Callable[..., Any]) -> None:
    steps = returns(make(max_turns=3), ["dance", "go west", "go east"], seed=0)
    assert [(terminated, truncated) for _, terminated, truncated, _ in steps] == [(False, False)] * 2 + [
        (False, True)
    ]
    assert steps[-1][3]["success"] is False


def test_the_scripts_own_limit_truncates(make: Callable[..., Any], tiny: dict[str, Any]) -> None:
    steps = returns(make({**tiny, "max_turns": 2}), ["dance", "dance"], seed=0)
    assert [truncated for _, _, truncated, _ in steps] == [False, True]


def test_success_on_the_last_turn_is_termination(make: Callable[..., Any]) -> None:
    reward, terminated, truncated, info = returns(make(max_turns=len(PLAN)), PLAN, **START)[-1]
    assert (terminated, truncated, info["success"]) == (True, False, True)
    assert reward == pytest.approx(1 / 3)


def test_failure_terminates_without_success_and_wins_over_completion(
    make: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["failure_conditions"] = [
        {"text": "You have won too early.", "when": "player.won and ball.at != player"}
    ]
    reward, terminated, truncated, info = returns(
        make(tiny, reward={"failure": -1, "success": 1}), ["win"], seed=0
    )[0]
    assert (reward, terminated, truncated, info["success"]) == (-1.0, True, False, False)


def test_an_error_on_the_last_turn_truncates_with_its_flag(make: Callable[..., Any]) -> None:
    _, terminated, truncated, info = returns(make(max_turns=1), ["dance"], seed=0)[0]
    assert (terminated, truncated, info["assessment"]["parameter_error"]) == (False, True, True)
