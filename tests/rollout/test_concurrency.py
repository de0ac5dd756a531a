"""Several episodes in flight: they wait side by side, keep out of one another's way, and leave nothing behind."""

import asyncio
import gc
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing import resource_tracker
from typing import Any

import pytest
from rollout_players import NARRATION, Counting, Scripted, Told, winning

from trpg_env import rollout
from trpg_env.agents import Turn
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory

Played = Callable[..., list[Trajectory]]


class Meeting:
    """Lets nobody go on before so many are waiting."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.waiting = self.most = 0
        self._complete: asyncio.Event | None = None

    def __deepcopy__(self, memo: object) -> "Meeting":
        return self

    async def join(self) -> None:
        self._complete = self._complete or asyncio.Event()
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        if self.waiting == self._number:
            self._complete.set()
        await asyncio.wait_for(self._complete.wait(), 30)
        self.waiting -= 1


class Meeter:
    """An asynchronous agent."""

    kind = "meeter"

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting

    def reset(self, env: Any, seed: int) -> None:
        pass

    async def act(self, observation: str, info: dict[str, Any]) -> Turn:
        await self.meeting.join()
        return Turn("", winning(observation, info))


def nobody_is_left() -> bool:
    return not multiprocessing.active_children() and not any(
        thread.name.startswith("trpg_env") for thread in threading.enumerate()
    )


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test here leaves a thread, a process or an unclosed resource (warnings are errors)."""
    yield
    gc.collect()
    assert nobody_is_left()


def test_players_wait_side_by_side(tiny: dict[str, Any], run: Played) -> None:
    meeting = Meeting(5)
    played = run(tiny, Meeter(meeting), 12, concurrency=5)
    assert [t.outcome for t in played] == ["completed"] * 12
    assert meeting.most == 5


@pytest.mark.parametrize("at", ["open", "answer"])
def test_dungeon_masters_wait_side_by_side(at: str, tiny: dict[str, Any], run: Played) -> None:
    meeting = Meeting(4)

    async def meet() -> Any:
        await meeting.join()
        return NARRATION

    def speak() -> Any:
        return NARRATION

    dm = Told(meet, speak) if at == "open" else Told(speak, meet)
    assert [t.outcome for t in run(tiny, winning, 9, concurrency=4, dm=dm)] == ["completed"] * 9
    assert meeting.most == 4


def test_no_more_are_in_flight_than_there_are_episodes(tiny: dict[str, Any], run: Played) -> None:
    copies: list[int] = []

    class Copied(Meeter):
        def __deepcopy__(self, memo: object) -> "Copied":
            copies.append(1)
            return Copied(self.meeting)

    assert len(run(tiny, Copied(Meeting(3)), 3, concurrency=1_000)) == 3
    assert len(copies) == 2


@pytest.mark.parametrize("keywords", [{"concurrency": 8}, {"processes": 2, "concurrency": 3}], ids=str)
def test_a_player_that_keeps_something_has_it_to_itself(
    keywords: dict[str, int], tiny: dict[str, Any], run: Played
) -> None:
    alone = {t.id: t for t in run(tiny, Counting(), 30)}
    assert {t.outcome for t in alone.values()} == {"completed"}
    assert {t.id: t for t in run(tiny, Counting(), 30, **keywords)} == alone


class Uncopied(Scripted):
    def __deepcopy__(self, memo: object) -> "Uncopied":
        raise TypeError("it holds a connection")


def test_a_player_that_cannot_be_copied_is_told_what_to_have(tiny: dict[str, Any], run: Played) -> None:
    agent = Uncopied(lambda _: Turn("", "win"))
    assert len(run(tiny, agent, 2)) == 2
    with pytest.raises(
        ValueError, match=r"Uncopied cannot be copied \(it holds a connection\).* __deepcopy__"
    ):
        run(tiny, agent, 2, concurrency=2)


def test_a_dm_that_cannot_be_copied_is_told_what_to_have(tiny: dict[str, Any], run: Played) -> None:
    class Unique(Told):
        __deepcopy__ = Uncopied.__deepcopy__

    with pytest.raises(ValueError, match=r"Unique cannot be copied.* __deepcopy__"):
        run(tiny, winning, 2, dm=Unique(lambda: NARRATION, lambda: NARRATION))


def test_a_player_that_cannot_be_pickled_is_told_what_to_be(tiny: dict[str, Any], run: Played) -> None:
    with pytest.raises(ValueError, match=r"cannot be pickled .* top of a module"):
        run(tiny, lambda observation, info: "win", 2, processes=2)


class Unmade(Scripted):
    """Can be pickled, and not be made again."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


def test_a_player_that_cannot_be_made_again_is_told(tiny: dict[str, Any], run: Played) -> None:
    with pytest.raises(ValueError, match="no number"):
        run(tiny, Unmade(lambda _: Turn("", "win")), 2, processes=2)


@pytest.mark.parametrize("keywords", [{}, {"concurrency": 4}, {"processes": 2, "concurrency": 2}], ids=str)
def test_a_run_that_is_left_leaves_nothing_behind(
    keywords: dict[str, int], tiny: dict[str, Any], load: Callable[[Any], Script]
) -> None:
    for number, _ in enumerate(rollout(load(tiny), Counting(), 10_000, **keywords)):  # type: ignore[arg-type]
        if number == 2:
            break
    gc.collect()
    assert nobody_is_left()


def test_a_player_that_will_not_be_called_off_does_not_hold_up_the_end(
    tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    waiting = threading.Event()

    async def stubborn(turn: int) -> Turn:
        try:
            waiting.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
        return Turn("", "win")

    class First(Scripted):
        def reset(self, env: Any, seed: int) -> None:
            super().reset(env, seed)
            self._act = stubborn if seeds.append(seed) or len(seeds) > 1 else (lambda _: Turn("", "win"))  # type: ignore[func-returns-value]

    seeds: list[int] = []
    played = rollout(load(tiny), First(None), 1_000, concurrency=3, sandbox=sandbox)  # type: ignore[arg-type]
    next(played)
    assert waiting.wait(30)
    began = time.monotonic()
    played.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("concurrency", [1, 3])
def test_it_works_where_an_event_loop_runs_already(
    concurrency: int, tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    async def notebook() -> list[Trajectory]:
        loop = asyncio.get_running_loop()
        played = list(rollout(load(tiny), Counting(), 6, concurrency=concurrency, sandbox=sandbox))
        assert asyncio.get_running_loop() is loop
        await asyncio.sleep(0)
        return played

    assert [t.outcome for t in asyncio.run(notebook())] == ["completed"] * 6


def test_what_is_played_ahead_of_a_slow_consumer_is_bounded(
    tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    begun: list[int] = []

    class Counted(Scripted):
        def __deepcopy__(self, memo: object) -> "Counted":
            return Counted(self._act, self._reset)

    agent = Counted(lambda _: Turn("", "win"), begun.append)
    played = rollout(load(tiny), agent, 1_000, concurrency=3, sandbox=sandbox)
    next(played)
    deadline = time.monotonic() + 30
    while len(begun) < 7 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    # Six whose results nobody has taken, and the one that was.
    assert len(begun) == 7
    played.close()  # type: ignore[attr-defined]


def test_a_consumer_that_is_slow_at_the_end_gets_all(
    tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    taken = []
    for trajectory in rollout(load(tiny), winning, 5, concurrency=5, sandbox=sandbox):
        deadline = time.monotonic() + 30
        while (
            any(t.name == "trpg_env-rollout" for t in threading.enumerate()) and time.monotonic() < deadline
        ):
            time.sleep(0.001)  # all has been played, and the loop has ended
        taken.append(trajectory)
    assert len(taken) == 5


def test_processes_that_do_not_start_are_an_error_and_no_endless_wait(
    tiny: dict[str, Any], run: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource_tracker.ensure_running()
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    with pytest.raises(RuntimeError, match=r"ended with exit code 1 before it began; .*__main__"):
        run(tiny, winning, 4, processes=2)


def test_no_process_is_started_for_nothing(
    tiny: dict[str, Any], run: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("trpg_env.rollout.processes"), "_start", None)
    assert run(tiny, winning, 0, processes=2) == []
