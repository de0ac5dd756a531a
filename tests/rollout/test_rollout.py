"""`rollout`: many episodes; what breaks is a record, never a crash."""

import gc
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from rollout_players import Scripted, west, winning

from trpg_env import ScriptError, rollout
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent, Turn
from trpg_env.rollout.prepared import Rollout
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import DMTurn, Store, StoreError, Trajectory, episode_seed, read_trajectories


def test_episodes_are_dealt_out_evenly(run: Callable[..., list[Trajectory]]) -> None:
    played = run(["cool-tomato", "ship", "office-mail"], west, 7, max_turns=1)
    assert [t.script for t in played] == ["cool-tomato", "ship", "office-mail"] * 2 + ["cool-tomato"]


def test_seeds_follow_from_the_runs_seed_and_the_number_alone(run: Callable[..., list[Trajectory]]) -> None:
    long = run(["cool-tomato", "ship"], west, 6, seed=3, max_turns=2)
    short = run(["cool-tomato", "ship"], west, 4, seed=3, max_turns=2)
    assert short == long[:4]
    assert [t.seed for t in long] == [episode_seed(3, i) for i in range(6)]
    assert len({t.seed for t in long}) == 6
    assert all(0 <= t.seed < 2**53 for t in long)
    assert [t.seed for t in run("office-mail", west, 6, seed=3, max_turns=1)] == [t.seed for t in long]
    assert not {t.seed for t in long} & {t.seed for t in run("ship", west, 6, seed=4, max_turns=1)}


def test_seeds_are_the_same_on_every_machine() -> None:
    assert [episode_seed(0, i) for i in range(3)] == [7509198678846778, 8520058715446414, 7295219962561363]
    seeds = [episode_seed(run, i) for run in range(10) for i in range(1_000)]
    assert len(set(seeds)) == 10_000
    assert 2**52 < max(seeds) < 2**53


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


@pytest.mark.parametrize(
    "keywords", [{"concurrency": 3}, {"concurrency": 99}, {"processes": 2}], ids=lambda k: str(*k.items())
)
def test_neither_concurrency_nor_processes_make_a_difference(
    keywords: dict[str, int], run: Callable[..., list[Trajectory]]
) -> None:
    scripts = ["cool-tomato", "ship", "office-mail"]
    alone = run(scripts, ErringAgent(), 20, seed=5)
    assert [t.script for t in alone[:4]] == [*scripts, "cool-tomato"]
    assert {t.id: t for t in run(scripts, ErringAgent(), 20, seed=5, **keywords)} == {t.id: t for t in alone}


@pytest.mark.parametrize("agent", [PlannerAgent, ErringAgent])
@pytest.mark.parametrize("script", ["ship", "cool-tomato"])
def test_an_episode_does_not_hang_on_what_was_played_before_it(
    agent: Callable[[], Any], script: str, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    """A run that goes on has not seen what an undisturbed one has."""
    with Rollout([load(script)], agent(), 30, sandbox=sandbox) as whole:
        undisturbed = {done.line for done in whole.play()}
    for rest in range(2):
        with Rollout([load(script)], agent(), 30, sandbox=sandbox) as part:
            assert {
                done.line for done in part.play(lambda episode, r=rest: episode.seed % 2 == r)
            } < undisturbed


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


@pytest.mark.parametrize(
    "keywords", [{"concurrency": 0}, {"processes": 0}, {"max_turns": 0}, {"dm": "wizard"}], ids=str
)
def test_a_keyword_out_of_range_is_refused(keywords: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        list(rollout("cool-tomato", west, 1, **keywords))


def test_what_a_player_says_of_itself_is_json(run: Callable[..., list[Trajectory]]) -> None:
    class Odd(Scripted):
        sampling: ClassVar = {"temperature": object()}

    with pytest.raises(ValueError, match="Odd has a model, sampling or prompt_hash that is no JSON"):
        run("cool-tomato", Odd(lambda _: Turn("", "go west")), 1)


@pytest.mark.parametrize("keywords", [{}, {"concurrency": 3}, {"processes": 2}], ids=str)
def test_a_run_into_a_file_goes_on_and_gives_only_what_is_new(
    keywords: dict[str, int], tmp_path: Path
) -> None:
    def play(**keywords: Any) -> Iterator[Trajectory]:
        return rollout("cool-tomato", west, 6, max_turns=2, out=tmp_path / "x.jsonl", **keywords)

    with closing(play()) as begun:  # type: ignore[type-var]
        first = [next(begun), next(begun)]
        assert list(read_trajectories(tmp_path / "x.jsonl")) == first
    rest = list(play(**keywords))
    assert len(rest) == 4
    assert {t.id: t for t in first + rest} == {t.id: t for t in rollout("cool-tomato", west, 6, max_turns=2)}
    assert list(read_trajectories(tmp_path / "x.jsonl")) == first + rest
    assert list(play(**keywords)) == []
    with pytest.raises(StoreError, match=r"n \(6 there, 7 here\) differs"):
        list(rollout("cool-tomato", west, 7, max_turns=2, out=tmp_path / "x.jsonl"))


@pytest.mark.parametrize("concurrency", [1, 3])
def test_nothing_is_kept_of_an_episode_that_was_written(
    concurrency: int, tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox, tmp_path: Path
) -> None:
    taken: list[int] = []
    with (
        Rollout([load(tiny)], winning, 700, concurrency=concurrency, sandbox=sandbox) as ready,
        Store(tmp_path / "x.jsonl", ready.run.as_dict(), ready.run.ids()) as store,
        closing(ready.play(lambda episode: episode.id not in store)) as playing,
    ):
        for number, done in enumerate(playing, start=1):
            store.append(done.line)
            store.found.count(done.tally)
            if number == 100:
                tracemalloc.start()
            if number in (400, 700):
                gc.collect()
                taken.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    # An id alone would be 50 bytes for each of 300 episodes; a trajectory is some thousand.
    assert taken[1] - taken[0] < 8_000


@pytest.mark.parametrize(
    ("keywords", "error", "named"),
    [
        ({"scripts": "no-such-script"}, ScriptError, "no-such-script"),
        ({"scripts": "night-train"}, ValueError, "llm"),
        ({"n": "3"}, TypeError, "n='3' is not a whole number"),
        ({"n": 1.5}, TypeError, "n=1.5 is not a whole number"),
        ({"seed": "x"}, TypeError, "seed='x'"),
        ({"luck": "a"}, TypeError, "luck='a'"),
        ({"concurrency": 0}, ValueError, "concurrency=0 is too few"),
        ({"processes": 0}, ValueError, "processes=0 is too few"),
        ({"max_turns": 0}, ValueError, "max_turns=0"),
    ],
    ids=str,
)
def test_wrong_use_is_refused_at_once(
    keywords: dict[str, Any], error: type[Exception], named: str, sandbox: Sandbox
) -> None:
    with pytest.raises(error, match=named):
        rollout(
            **({"scripts": "cool-tomato", "agent": PlannerAgent(), "n": 1, "sandbox": sandbox} | keywords)
        )
