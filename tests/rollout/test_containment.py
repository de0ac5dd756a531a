"""What breaks is a record, and never the run, another episode, or the player's failure."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rollout_players import NARRATION, Deadly, Scripted, Telling, Told, waiting, winning

from trpg_env import rollout
from trpg_env.agents import Turn
from trpg_env.dm import Narration
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import Statistics, Trajectory, episode_seed

Played = Callable[..., list[Trajectory]]

EVERY_WAY = pytest.mark.parametrize("concurrency", [1, 3])


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


ERRORS = [
    RuntimeError("lost"),
    KeyError("x"),
    EOFError(),
    StopIteration(),
    ValueError("bad \ud800"),
    TimeoutError(),
    RecursionError(),
    Unspeakable(),
    SystemExit(0),
    asyncio.CancelledError(),
]


def failing(error: BaseException) -> Callable[[int], Turn]:
    """Raises at the third turn."""

    def fail(turn: int) -> Turn:
        if turn == 2:
            raise error
        return Turn("on", "go west")

    return fail


def later(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same as a coroutine."""

    async def wait(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return call(*arguments)

    return wait


def raising(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def broke(trajectory: Trajectory, kind: str) -> str:
    """Its error's message, where it is a record that can be written and blames nobody else."""
    assert trajectory.error is not None
    assert (trajectory.outcome, trajectory.error.kind, trajectory.success) == ("error", kind, False)
    assert trajectory.turns[-1].role == "DM"
    assert Trajectory.model_validate_json(trajectory.model_dump_json()) == trajectory
    return trajectory.error.message


@EVERY_WAY
@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_player_that_raises_is_an_error_and_the_run_goes_on(
    error: BaseException, asynchronous: bool, concurrency: int, run: Played
) -> None:
    act = failing(error)
    played = run(
        ["cool-tomato", "ship"], Scripted(later(act) if asynchronous else act), 4, concurrency=concurrency
    )
    assert len(played) == 4
    for trajectory in played:
        message = broke(trajectory, "player")
        # A coroutine turns a StopIteration into a RuntimeError.
        assert type(error).__name__ in message
        assert [turn.role for turn in trajectory.turns] == ["DM", "Player", "DM", "Player", "DM"]
    statistics = Statistics.of(played)
    assert (statistics.outcomes["error"], statistics.outcomes["failed"]) == (4, 0)


@EVERY_WAY
@pytest.mark.parametrize("error", [OSError("no model"), SystemExit()], ids=lambda e: type(e).__name__)
def test_a_player_that_cannot_begin_is_an_error_with_the_opening_alone(
    error: BaseException, concurrency: int, run: Played
) -> None:
    def refuse(seed: int) -> None:
        raise error

    played = run("cool-tomato", Scripted(lambda _: Turn("", "go west"), refuse), 2, concurrency=concurrency)
    assert [(broke(t, "player"), len(t.turns)) for t in played] == [
        (f"{type(error).__name__}: {error}", 1)
    ] * 2


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize(
    "turn",
    [
        None,
        3,
        Turn("", None),  # type: ignore[arg-type]
        Turn(None, "go west"),  # type: ignore[arg-type]
        Turn("", b"go west"),  # type: ignore[arg-type]
        Turn("", "go west", reasoning=3),  # type: ignore[arg-type]
        Turn("", "go west", reply=b""),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_a_turn_that_is_none_is_an_error(turn: Any, asynchronous: bool, run: Played) -> None:
    def act(_: int) -> Any:
        return turn

    (trajectory,) = run("cool-tomato", Scripted(later(act) if asynchronous else act), 1)
    broke(trajectory, "player")
    assert len(trajectory.turns) == 1


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "coroutine"])
def test_a_text_is_an_action_without_a_thought(asynchronous: bool, run: Played) -> None:
    def act(_: int) -> str:
        return "go west"

    agent = Scripted(later(act) if asynchronous else act)
    (trajectory,) = run("cool-tomato", agent, 1, max_turns=2)
    assert [(player.thought, player.action) for player, _ in trajectory.exchanges()] == [("", "go west")] * 2
    assert trajectory.outcome == "truncated"


@EVERY_WAY
def test_a_coroutine_that_resets_is_waited_for(concurrency: int, run: Played) -> None:
    class Slow(Scripted):
        async def reset(self, env: Any, seed: int) -> None:  # type: ignore[override]
            await asyncio.sleep(0)
            super().reset(env, seed)

    played = run("cool-tomato", Slow(lambda _: Turn("", "go west")), 3, concurrency=concurrency, max_turns=1)
    assert [t.outcome for t in played] == ["truncated"] * 3


def test_a_player_cannot_write_its_own_success(run: Played) -> None:
    class Cheat(Scripted):
        def act(self, observation: str, info: dict[str, Any]) -> Any:
            info |= {"success": True, "progress": 1.0}
            return super().act(observation, info)

    (trajectory,) = run("cool-tomato", Cheat(failing(ValueError())), 1)
    broke(trajectory, "player")
    assert (trajectory.success, trajectory.progress) == (False, 0.0)


@EVERY_WAY
def test_an_interrupt_is_no_record(concurrency: int, run: Played) -> None:
    with pytest.raises(KeyboardInterrupt):
        run("cool-tomato", Scripted(failing(KeyboardInterrupt())), 4, concurrency=concurrency)


def test_a_player_that_cancels_what_plays_it_does_not_lose_episodes_in_silence(
    tiny: dict[str, Any], run: Played
) -> None:
    async def cancel(turn: int) -> Turn:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return Turn("", "win")

    with pytest.raises(RuntimeError, match="cancelled the task that played it"):
        run(tiny, Scripted(cancel), 4, concurrency=2)


@EVERY_WAY
@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_dm_that_raises_is_an_error_and_not_the_players(
    error: BaseException, asynchronous: bool, concurrency: int, tiny: dict[str, Any], run: Played
) -> None:
    fail, speak = raising(error), lambda: NARRATION
    if asynchronous:
        fail, speak = later(fail), later(speak)
    silent = run(tiny, winning, 3, concurrency=concurrency, dm=Told(fail, speak))
    assert [len(t.turns) for t in silent if broke(t, "dm")] == [1, 1, 1]
    stuck = run(tiny, winning, 3, concurrency=concurrency, dm=Told(speak, fail))
    for trajectory in stuck:
        # What is no `Exception` may pass through the environment.
        assert trajectory.error is not None
        kind = "dm" if isinstance(error, Exception) else trajectory.error.kind
        assert kind in ("dm", "environment")
        broke(trajectory, kind)
        assert not any(dm.error for _, dm in trajectory.exchanges())


@EVERY_WAY
@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize(
    "nonsense",
    [None, "text", 3, ("a", "b"), Narration(None, "x"), Narration("x", None)],  # type: ignore[arg-type]
    ids=repr,
)
def test_a_dm_that_says_nonsense_is_an_error_and_not_the_players(
    nonsense: Any, asynchronous: bool, concurrency: int, tiny: dict[str, Any], run: Played
) -> None:
    say, speak = (lambda: nonsense), (lambda: NARRATION)
    if asynchronous:
        say, speak = later(say), later(speak)
    for trajectory in run(tiny, winning, 3, concurrency=concurrency, dm=Told(speak, say)):
        assert trajectory.error is not None
        broke(trajectory, trajectory.error.kind)
        assert trajectory.error.kind == "dm"


def test_a_check_that_hangs_is_an_error_and_not_the_players(tiny: dict[str, Any], run: Played) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"]["wait"] = {"verification_code": hang}
    broken, sound = run([tiny, "cool-tomato"], lambda observation, info: "wait", 2, max_turns=2)
    broke(broken, "timeout")
    assert [turn.role for turn in broken.turns] == ["DM", "Player", "DM"]
    assert sound.outcome == "truncated"


HANG = "def validate(action, params, state):\n    while True:\n        pass\n"


@pytest.mark.parametrize("source", [HANG, "^(?P<what>win|(\\w+)+!)$"], ids=["code", "pattern"])
def test_an_error_of_a_check_names_the_action_before_what_became_of_it(
    source: str, tiny: dict[str, Any], run: Played
) -> None:
    tiny["available_actions"] = {
        "{what}": {"verification_code": source, "parameters": {"what": {"any": ["win"]}}}
    }
    (trajectory,) = run(tiny, lambda observation, info: "a" * 60, 1)
    message = broke(trajectory, "timeout")
    assert message.startswith('"{what}": The ')
    assert "\\" not in message


@pytest.mark.parametrize("processes", [1, 2])
def test_checks_run_in_the_sandbox_that_is_given(processes: int, tiny: dict[str, Any]) -> None:
    tiny["available_actions"]["wait"] = {"verification_code": HANG}
    with Sandbox(deadline=0.35, require=["deadline"]) as sandbox:
        (told,) = rollout(tiny, Telling(), 1, processes=processes, sandbox=sandbox)
        assert [player.thought for player, _ in told.exchanges()] == ["(0.35, ('deadline',))"]
        (broken,) = rollout(tiny, waiting, 1, processes=processes, sandbox=sandbox)
        assert "did not answer within 0.35 s" in broke(broken, "timeout")


@pytest.mark.parametrize(
    ("how", "ended", "concurrency"), [("exit", "exit code 3", 1), ("kill", "signal 9", 3)]
)
def test_an_episode_that_kills_its_process_is_an_error_and_all_others_are_played(
    how: str, ended: str, concurrency: int, tiny: dict[str, Any], run: Played
) -> None:
    deadly = episode_seed(0, 4)
    played = run(tiny, Deadly(deadly, how), 10, processes=2, concurrency=concurrency)
    assert {t.seed for t in played} == {episode_seed(0, i) for i in range(10)}
    for trajectory in played:
        if trajectory.seed == deadly:
            assert ended in broke(trajectory, "process")
        else:
            assert trajectory.outcome == "completed"
    # The record is of the same episode as any other way of playing would have given.
    broken = next(t for t in played if t.seed == deadly)
    sound = next(t for t in run(tiny, Deadly(0, how), 10) if t.seed == deadly)
    assert (broken.id, broken.script_hash, broken.instruction) == (
        sound.id,
        sound.script_hash,
        sound.instruction,
    )


def test_processes_that_died_leave_no_descriptors_behind(tiny: dict[str, Any]) -> None:
    """However many die, the next ones can still be started."""
    open_files = []
    for trajectory in rollout(tiny, Deadly(None, "exit"), 8, processes=2):
        assert trajectory.outcome == "error"
        open_files.append(len([*Path("/proc/self/fd").iterdir()]))
    assert max(open_files) <= open_files[0] + 4  # one that ends just now
