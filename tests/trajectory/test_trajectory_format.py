"""The trajectory: its keys, its turns, and what can be counted in it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.envs import AgentRefineEnv
from trpg_env.script import Script
from trpg_env.trajectory import (
    DMTurn,
    EpisodeError,
    Participant,
    PlayerTurn,
    Statistics,
    Trajectory,
    error_and_refines,
)

KEYS = [
    "schema_version",
    "id",
    "script",
    "script_hash",
    "family",
    "seed",
    "luck",
    "source",
    "player",
    "dm",
    "instruction",
    "turns",
    "success",
    "progress",
    "outcome",
    "error",
    "parent",
    "usage",
]
DM_KEYS = [
    "turn",
    "role",
    "thought",
    "observation",
    "parameter_error",
    "place_error",
    "logic_error",
    "message",
    "progress",
    "completed",
    "state_hash",
]
PLAYER_KEYS = ["turn", "role", "thought", "action", "reasoning", "reply"]


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    scripts = [load(name) for name in ("cool-tomato", "ship", "office-mail")]
    return list(rollout(scripts, ErringAgent(), 9, 5, luck=2, sandbox=sandbox))


def test_a_trajectory_has_the_keys_of_the_format_and_no_other(played: list[Trajectory]) -> None:
    for trajectory in played:
        record = json.loads(trajectory.model_dump_json())
        assert list(record) == KEYS
        assert list(record["player"]) == list(record["dm"]) == ["kind", "model", "sampling", "prompt_hash"]
        for turn in record["turns"]:
            assert list(turn) == (DM_KEYS if turn["role"] == "DM" else PLAYER_KEYS)
        assert (record["schema_version"], record["source"], record["parent"], record["error"]) == (
            1,
            "rollout",
            None,
            None,
        )
        assert (record["player"]["kind"], record["dm"]["kind"]) == ("erring", "rules")
        assert record["usage"] == {}
        assert record["luck"] == 2


def test_turns_alternate_and_begin_and_end_with_the_dm(played: list[Trajectory]) -> None:
    for trajectory in played:
        assert [turn.turn for turn in trajectory.turns] == list(range(len(trajectory.turns)))
        assert [turn.role for turn in trajectory.turns[::2]] == ["DM"] * (len(trajectory.turns) // 2 + 1)
        assert {turn.role for turn in trajectory.turns[1::2]} == {"Player"}
        assert len(trajectory.turns) % 2 == 1


def test_instruction_blank_line_and_opening_are_what_reset_returned(
    played: list[Trajectory], load: Callable[[Any], Script], sandbox: Any
) -> None:
    for trajectory in played[:3]:
        env = AgentRefineEnv(load(trajectory.script), sandbox=sandbox)
        observation, info = env.reset(seed=trajectory.seed, options={"luck": trajectory.luck})
        opening = trajectory.turns[0]
        assert isinstance(opening, DMTurn)
        assert observation == f"{trajectory.instruction}\n\n{opening.observation}"
        assert "\n\n" not in trajectory.instruction
        assert (opening.state_hash, opening.progress) == (info["state_hash"], 0.0)
        env.close()


def test_playing_its_actions_again_gives_the_same_turns(
    played: list[Trajectory], load: Callable[[Any], Script], sandbox: Any
) -> None:
    for trajectory in played:
        env = AgentRefineEnv(load(trajectory.script), sandbox=sandbox)
        env.reset(seed=trajectory.seed, options={"luck": trajectory.luck})
        for player, dm in trajectory.exchanges():
            observation, _, terminated, truncated, info = env.step(player.action)
            assert dm.observation == observation
            assert dm.thought == info["thought"]
            assert dm.state_hash == info["state_hash"]
            assert dm.progress == info["progress"]
            assert dm.completed == list(env.state.completed)
            assert {**info["assessment"]} == dm.model_dump(include=set(info["assessment"]))
        assert terminated or truncated
        assert (trajectory.success, trajectory.progress) == (info["success"], info["progress"])
        env.close()


def test_script_family_and_hash_say_what_was_played(
    played: list[Trajectory], load: Callable[[Any], Script]
) -> None:
    for trajectory in played:
        assert trajectory.script is not None
        script = load(trajectory.script)
        assert (trajectory.script_hash, trajectory.family) == (script.hash, script.family)


def test_a_trajectory_survives_json(played: list[Trajectory]) -> None:
    for trajectory in played:
        assert Trajectory.model_validate_json(trajectory.model_dump_json()) == trajectory


def test_a_trajectory_cannot_be_changed(played: list[Trajectory]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        played[0].seed = 3  # type: ignore[misc]


texts = st.text(alphabet=st.characters(), max_size=40)


def dm_turn(turn: int = 0, error: str | None = None, observation: str = "You see.") -> DMTurn:
    return DMTurn(
        turn=turn,
        thought="Well.",
        observation=observation,
        parameter_error=error == "parameter",
        place_error=error == "place",
        logic_error=error == "logic",
        message="No." if error else "",
        progress=0.5,
        completed=[0],
        state_hash="ab",
    )


def of_errors(errors: list[str | None], action: str = "go") -> Trajectory:
    turns: list[DMTurn | PlayerTurn] = [dm_turn()]
    for error in errors:
        turns.append(PlayerTurn(turn=len(turns), thought="So.", action=action))
        turns.append(dm_turn(len(turns), error, observation=action))
    return Trajectory(
        id="x",
        script=None,
        script_hash="h",
        family="f",
        seed=0,
        luck=0,
        player=Participant(kind=action),
        dm=Participant(kind="rules"),
        instruction="Do.",
        turns=turns,
        success=False,
        progress=0.0,
        outcome="error",
        error=EpisodeError(kind="player", message=action),
    )


@given(texts)
def test_any_text_can_be_kept_and_read_back(text: str) -> None:
    trajectory = of_errors([None, "place"], action=text)
    line = trajectory.model_dump_json()
    assert "\n" not in line
    assert Trajectory.model_validate_json(line.encode()) == trajectory
    if text.isascii():
        assert trajectory.exchanges()[0][0].action == text


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], 0),
        ([None], 0),
        (["place"], 0),
        (["place", None], 1),
        (["place", "logic", "parameter", None], 1),
        (["place", None, "logic", None, None], 2),
        ([None, "logic", None, "place"], 1),
    ],
)
def test_an_error_and_refine_is_errors_in_a_row_and_then_a_correct_turn(
    errors: list[str | None], expected: int
) -> None:
    assert error_and_refines(of_errors(errors)) == expected


@given(st.lists(st.sampled_from([None, "parameter", "place", "logic"]), max_size=30))
def test_error_and_refines_are_runs_of_errors_but_for_one_at_the_end(errors: list[str | None]) -> None:
    pattern = "".join("x" if error else "." for error in errors)
    runs = [run for run in pattern.split(".") if run]
    assert error_and_refines(of_errors(errors)) == len(runs) - (pattern.endswith("x"))


def test_statistics_count_what_happened(played: list[Trajectory]) -> None:
    statistics = Statistics.of(played)
    assert statistics.episodes == 9
    assert statistics.turns == sum(len(t.exchanges()) for t in played)
    assert statistics.errors.total() == sum(dm.error is not None for t in played for _, dm in t.exchanges())
    assert statistics.refines == sum(map(error_and_refines, played))
    assert statistics.outcomes["completed"] == sum(t.success for t in played)
    text = "\n".join(statistics.lines())
    assert str(statistics.turns) in text
    assert Statistics.of([]).lines()[0].split() == ["episodes", "0"]
