"""`rollout`: many episodes; what breaks is a record, never a crash."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from trpg_env import ScriptError, rollout
from trpg_env.agents import PlannerAgent, RandomAgent, Turn
from trpg_env.rollout.runner import episode_seed
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import DMTurn, Trajectory


def west(observation: str, info: dict[str, Any]) -> str:
    return "go west"


class Scripted:
    """Does what it is told at each turn; `reset` runs a function too."""

    kind = "scripted"

    def __init__(self, act: Callable[[int], Any], reset: Callable[[int], Any] = lambda seed: None) -> None:
        self._act, self._reset = act, reset

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        self.turn = -1
        self._reset(seed)

    def act(self, observation: str, info: dict[str, Any]) -> Any:
        self.turn += 1
        return self._act(self.turn)


def failing(error: Exception) -> Callable[[int], Any]:
    def fail(turn: int) -> Turn:
        if turn == 2:
            raise error
        return Turn("on", "go west")

    return fail


@pytest.fixture
def run(load: Callable[[Any], Script], sandbox: Sandbox) -> Callable[..., list[Trajectory]]:
    def run(scripts: Any, agent: Any, n: int, seed: int = 0, **keywords: Any) -> list[Trajectory]:
        loaded = [load(s) for s in scripts] if isinstance(scripts, list) else load(scripts)
        return list(rollout(loaded, agent, n, seed, sandbox=sandbox, **keywords))

    return run


def test_episodes_are_dealt_out_evenly(run: Callable[..., list[Trajectory]]) -> None:
    played = run(["cool-tomato", "ship", "office-mail"], west, 7, max_turns=1)
    assert [t.script for t in played] == ["cool-tomato", "ship", "office-mail"] * 2 + ["cool-tomato"]


def test_seeds_follow_from_the_runs_seed_and_the_number_alone(run: Callable[..., list[Trajectory]]) -> None:
    long = run(["cool-tomato", "ship"], west, 6, seed=3, max_turns=2)
    short = run(["cool-tomato", "ship"], west, 4, seed=3, max_turns=2)
    assert short == long[:4]
    assert [t.seed for t in long] == [episode_seed(3, i) for i in range(6)]
    assert len({t.seed for t in long}) == 6
    assert all(0 <= t.seed < 2**31 for t in long)
    assert [t.seed for t in run("office-mail", west, 6, seed=3, max_turns=1)] == [t.seed for t in long]
    assert not {t.seed for t in long} & {t.seed for t in run("ship", west, 6, seed=4, max_turns=1)}


def test_seeds_are_the_same_on_every_machine() -> None:
    assert [episode_seed(0, i) for i in range(3)] == [642837039, 544083603, episode_seed(0, 2)]


def test_ids_do_not_hang_on_the_order_of_episodes(run: Callable[..., list[Trajectory]]) -> None:
    played = run(["cool-tomato", "cool-tomato"], west, 4, max_turns=2)
    alone = run("cool-tomato", west, 4, max_turns=2)
    assert [t.id for t in played] == [t.id for t in alone]
    assert len({t.id for t in played}) == 4


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"luck": 1}, {"agent": RandomAgent()}, {"script": "ship"}],
    ids=["seed", "luck", "agent", "script"],
)
def test_another_episode_has_another_id(other: dict[str, Any], run: Callable[..., list[Trajectory]]) -> None:
    arguments = {"script": "cool-tomato", "agent": west, "seed": 0, "luck": 0} | other

    def first(script: str, agent: Any, seed: int, luck: int) -> str:
        return run(script, agent, 1, seed, luck=luck, max_turns=1)[0].id

    assert first(**arguments) != first("cool-tomato", west, 0, 0)


def test_a_run_is_lazy(load: Callable[[Any], Script], sandbox: Sandbox) -> None:
    turns = []

    def counted(observation: str, info: dict[str, Any]) -> str:
        turns.append(info["turn"])
        return "go west"

    episodes = rollout(load("cool-tomato"), counted, 1_000_000, sandbox=sandbox, max_turns=2)
    assert isinstance(episodes, Iterator)
    next(episodes)
    assert turns == [0, 1]
    episodes.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("outcome", "success", "action", "extra"),
    [
        ("completed", True, "win", {}),
        ("truncated", False, "take ball", {}),
        ("failed", False, "win", {"failure_conditions": [{"text": "No.", "when": "player.won"}]}),
    ],
)
def test_an_episode_ends_as_it_ended(
    outcome: str,
    success: bool,
    action: str,
    extra: dict[str, Any],
    tiny: dict[str, Any],
    run: Callable[..., Any],
) -> None:
    (trajectory,) = run(tiny | extra, lambda observation, info: action, 1, max_turns=3)
    assert (trajectory.outcome, trajectory.success, trajectory.error) == (outcome, success, None)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("lost"),
        KeyError("x"),
        EOFError(),
        StopIteration(),
        ValueError("bad \ud800"),
        TimeoutError(),
    ],
    ids=repr,
)
def test_a_player_that_raises_is_an_error_and_the_run_goes_on(
    error: Exception, run: Callable[..., list[Trajectory]]
) -> None:
    played = run(["cool-tomato", "ship"], Scripted(failing(error)), 4)
    assert [t.outcome for t in played] == ["error"] * 4
    for trajectory in played:
        assert trajectory.error is not None
        assert trajectory.error.kind == "player"
        assert type(error).__name__ in trajectory.error.message
        assert [turn.role for turn in trajectory.turns] == ["DM", "Player", "DM", "Player", "DM"]
        assert not trajectory.success
        assert Trajectory.model_validate_json(trajectory.model_dump_json()) == trajectory


def test_a_player_that_cannot_begin_is_an_error_with_the_opening_alone(
    run: Callable[..., list[Trajectory]],
) -> None:
    def refuse(seed: int) -> None:
        raise OSError("no model")

    played = run("cool-tomato", Scripted(lambda turn: Turn("", "go west"), refuse), 2)
    assert [(t.outcome, len(t.turns)) for t in played] == [("error", 1)] * 2


@pytest.mark.parametrize(
    "turn",
    [
        None,
        "go west",
        3,
        Turn("", None),
        Turn(None, "go west"),
        Turn("", b"go west"),
        Turn("", "go west", reasoning=3),
    ],  # type: ignore[arg-type]
    ids=repr,
)
def test_a_turn_that_is_none_is_an_error(turn: Any, run: Callable[..., list[Trajectory]]) -> None:
    (trajectory,) = run("cool-tomato", Scripted(lambda _: turn), 1)
    assert trajectory.outcome == "error"
    assert trajectory.error is not None
    assert len(trajectory.turns) == 1


def test_an_interrupt_is_no_record(run: Callable[..., list[Trajectory]]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run("cool-tomato", Scripted(failing(KeyboardInterrupt())), 1)  # type: ignore[arg-type]


def test_a_check_that_hangs_is_an_error_and_not_the_players(
    tiny: dict[str, Any], run: Callable[..., Any]
) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"]["wait"] = {"verification_code": hang}
    broken, sound = run([tiny, "cool-tomato"], lambda observation, info: "wait", 2, max_turns=2)
    assert (broken.outcome, broken.error.kind) == ("error", "timeout")
    assert [turn.role for turn in broken.turns] == ["DM", "Player", "DM"]
    assert not any(dm.error for _, dm in broken.exchanges())
    assert sound.outcome == "truncated"


def test_any_text_of_a_player_becomes_a_record_that_can_be_written(
    run: Callable[..., list[Trajectory]],
) -> None:
    texts = ["\ud800", "go \udfff", "\0", "茶", "x" * 10_000, "\u2028", ""]
    (trajectory,) = run(
        "cool-tomato", Scripted(lambda turn: Turn(texts[turn % 7], texts[turn % 7])), 1, max_turns=7
    )
    assert Trajectory.model_validate_json(trajectory.model_dump_json()) == trajectory
    assert all(dm.parameter_error for _, dm in trajectory.exchanges())
    # What is written is what was played.
    for player, dm in trajectory.exchanges():
        if 0 < len(player.action) < 50:
            assert f'"{player.action}"' in dm.message or not player.action.strip()


def test_what_a_model_said_is_kept(run: Callable[..., list[Trajectory]]) -> None:
    (trajectory,) = run(
        "cool-tomato",
        Scripted(lambda _: Turn("so", "go west", reasoning="hm", reply="Thought: so")),
        1,
        max_turns=1,
    )
    player, _ = trajectory.exchanges()[0]
    assert (player.thought, player.action, player.reasoning, player.reply) == (
        "so",
        "go west",
        "hm",
        "Thought: so",
    )


def test_the_scripts_place_is_a_name_a_path_or_nothing(
    tmp_path: Path, tiny: dict[str, Any], run: Callable[..., list[Trajectory]]
) -> None:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    assert [t.script for t in run(["cool-tomato", file, tiny], west, 3, max_turns=1)] == [
        "cool-tomato",
        str(file.resolve()),
        None,
    ]


def test_the_turn_limit_is_in_the_instruction(run: Callable[..., list[Trajectory]]) -> None:
    (trajectory,) = run("cool-tomato", west, 1, max_turns=2)
    assert trajectory.instruction.endswith("You have 2 turns.")
    assert len(trajectory.exchanges()) == 2


def test_the_agent_is_told_the_episodes_seed(run: Callable[..., list[Trajectory]]) -> None:
    seeds: list[int] = []
    played = run("cool-tomato", Scripted(lambda _: Turn("", "go west"), seeds.append), 3, max_turns=1)
    assert seeds == [t.seed for t in played]


def test_without_a_sandbox_of_the_callers_one_is_started_and_ended() -> None:
    assert [t.outcome for t in rollout("cool-tomato", PlannerAgent(), 1)] == ["completed"]


def test_no_episodes_are_none() -> None:
    assert list(rollout("cool-tomato", west, 0)) == []


@pytest.mark.parametrize(
    ("scripts", "n", "error", "named"),
    [
        ([], 1, ValueError, "at least one script"),
        ("cool-tomato", -1, ValueError, "0 or more"),
        ("nowhere.yaml", 1, ScriptError, "nowhere.yaml"),
        (["cool-tomato", "unix-admin"], 1, ValueError, "llm"),
    ],
)
def test_wrong_use_is_refused(scripts: Any, n: int, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        list(rollout(scripts, west, n))


def test_the_dms_turn_assesses_the_players_turn_before_it(run: Callable[..., list[Trajectory]]) -> None:
    texts = ["dance", "go east", "go west"]
    (trajectory,) = run("cool-tomato", Scripted(lambda turn: Turn("", texts[turn])), 1, max_turns=3)
    assert [dm.error for _, dm in trajectory.exchanges()] == ["parameter", "place", None]
    opening = trajectory.turns[0]
    assert isinstance(opening, DMTurn)
    assert opening.error is None


def test_a_run_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Not even the order of sets, which differs from process to process, shows in what is played."""
    play = (
        "from trpg_env import rollout\n"
        "from trpg_env.agents import ErringAgent\n"
        "for t in rollout(['museum-heist', 'laboratory', 'ship'], ErringAgent(), 6): print(t.model_dump_json())\n"
    )
    written = [
        subprocess.run(
            [sys.executable, "-c", play],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert written[0] == written[1] != b""
