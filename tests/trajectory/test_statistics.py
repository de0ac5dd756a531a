"""Statistics: counts that can be put together, as lines and as plain JSON values."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env import rollout
from trpg_env.agents import ErringAgent, RandomAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Statistics, Tally, Trajectory, counted

tallies = st.builds(
    Tally,
    family=st.sampled_from(["ship", "home"]),
    script_hash=st.sampled_from(["ab", "cd"]),
    outcome=st.sampled_from(["completed", "failed", "truncated", "error"]),
    success=st.booleans(),
    errors=st.text("..plo", max_size=12),
    usage=st.dictionaries(
        st.sampled_from(["calls", "dm_calls", "context_too_long", "?"]), st.integers(0, 9)
    ).map(counted),
)


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Sandbox) -> list[Trajectory]:
    scripts = [load("cool-tomato"), load("ship")]
    return [
        *rollout(scripts, ErringAgent(), 6, 3, sandbox=sandbox),
        *rollout(scripts, RandomAgent(), 4, 3, max_turns=5, sandbox=sandbox),
    ]


def count(found: list[Tally]) -> Statistics:
    statistics = Statistics()
    for tally in found:
        statistics.count(tally)
    return statistics


@given(st.lists(tallies, max_size=12), st.lists(tallies, max_size=12))
def test_two_halves_put_together_are_the_whole(first: list[Tally], second: list[Tally]) -> None:
    together = count(first)
    together.update(count(second))
    assert together == count(first + second)


@given(st.lists(tallies, max_size=12))
def test_the_totals_agree_with_one_another(found: list[Tally]) -> None:
    statistics = count(found)
    assert statistics.episodes == len(found) == statistics.outcomes.total()
    assert statistics.turns == sum(len(t.errors) for t in found)
    assert statistics.refines == sum(t.refines for t in found)
    assert sum(length * times for length, times in statistics.chains.items()) == statistics.errors.total()
    for name, total in {
        "episodes": statistics.episodes,
        "turns": statistics.turns,
        "errors": statistics.errors.total(),
        "refines": statistics.refines,
        "completed": statistics.outcomes["completed"],
    }.items():
        assert sum(getattr(counts, name) for counts in statistics.scripts.values()) == total


def test_chains_and_refinements_of_an_episode_are_counted() -> None:
    statistics = count(
        [
            Tally("f", "h", "completed", True, "pp.l.ooo."),
            Tally("f", "h", "truncated", False, ".p"),
            Tally("f", "h", "error", False, ""),
        ]
    )
    assert statistics.chains == Counter({1: 2, 2: 1, 3: 1})
    assert statistics.refines_each == Counter({0: 2, 3: 1})
    assert statistics.errors == {"parameter": 3, "place": 1, "logic": 3}
    assert statistics.refined == statistics.success == pytest.approx(1 / 3)


def test_all_counts_are_plain_json_values(played: list[Trajectory]) -> None:
    counts = Statistics.of(played).as_dict()
    assert json.loads(json.dumps(counts)) == counts
    assert counts["episodes"] == 10
    assert counts["turns"]["min"] == min(len(t.exchanges()) for t in played)
    assert counts["turns"]["max"] == max(len(t.exchanges()) for t in played)
    assert counts["turns"]["mean"] == counts["turns"]["total"] / 10
    assert counts["success"] == sum(t.success for t in played) / 10
    assert sum(counts["error_and_refines"]["episodes_by_count"].values()) == 10
    assert [(row["script"], row["episodes"]) for row in counts["scripts"]] == [
        ("cool-tomato", 5),
        ("ship", 5),
    ]


def test_what_models_cost_is_told_for_each_of_them() -> None:
    player = {"calls": 3, "prompt_tokens": 1500, "player_calls": 1, "dm_calls": 2, "dm_prompt_tokens": 1500}
    statistics = count([Tally("f", "h", "completed", True, ".", counted(player))] * 2)
    assert statistics.lines()[-2:] == [
        "player's model      2 calls, 0 retries; tokens: 0 sent, 0 of them cached, 0 answered",
        "DM's model          4 calls, 0 retries; tokens: 3,000 sent, 0 of them cached, 0 answered",
    ]
    assert statistics.as_dict()["usage"] == {name: 2 * number for name, number in player.items()}
    alone = {"calls": 1, "retries": 1, "context_too_long": 1}
    assert count([Tally("f", "h", "truncated", False, ".", counted(alone))]).lines()[-2:] == [
        "model               1 call, 1 retry; tokens: 0 sent, 0 of them cached, 0 answered",
        "context too long    1",
    ]


def test_names_that_nobody_knows_are_not_counted(played: list[Trajectory]) -> None:
    statistics = Statistics.of(t.model_copy(update={"usage": {"\x1b[2J": 7, "calls": 2}}) for t in played)
    assert statistics.usage == {"calls": 20}
    assert Statistics.of(played).as_dict()["usage"] == {}


def test_nothing_counted_is_no_division_by_zero() -> None:
    nothing = Statistics()
    assert nothing.as_dict()["turns"] == {"total": 0, "mean": 0.0, "min": 0, "max": 0}
    assert nothing.table() == nothing.lines()


def test_the_table_has_a_line_for_each_script(played: list[Trajectory]) -> None:
    lines = Statistics.of(played).table()
    assert lines[: len(Statistics.of(played).lines())] == Statistics.of(played).lines()
    assert [line.split()[:3] for line in lines[-2:]] == [
        ["household", "cool-tomato", "5"],
        ["ship", "ship", "5"],
    ]
    assert len({len(line) for line in lines[-3:]}) == 1


def test_a_long_name_does_not_break_the_table() -> None:
    statistics = Statistics()
    statistics.count(Tally("x" * 99, "h" * 64, "completed", True, "."), "/a/b/" + "y\n" * 99)
    assert len(statistics.table()[-1]) == len(statistics.table()[-2])
