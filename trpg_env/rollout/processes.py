"""Playing a run in several processes, each with a table of its own.

This process hands out episodes and takes the finished ones; it alone writes files. What was being played when a process
died is played again, one episode at a time in a process of its own; an episode whose process dies then, too, is a record
with the outcome `error`.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from trpg_env.agents import Agent
from trpg_env.dm import DungeonMaster
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.run import Planned, Run, RunError
from trpg_env.rollout.runner import play
from trpg_env.rollout.table import Table
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import Tally

HANDFUL = 16
"""How many episodes are handed out at once, at most."""

PATIENCE = 1.0
"""Seconds that processes have to end by themselves."""

_HERE = "here"
"""The first that a process says: it wants its job."""


@dataclass(frozen=True)
class Job:
    """What a process needs to play: it is pickled.

    Attributes:
        run: The run.
        agent: Who plays.
        dm: Who answers.
        concurrency: How many episodes are in flight in each process.
    """

    run: Run
    agent: Agent
    dm: str | DungeonMaster
    concurrency: int


@dataclass
class _Worker:
    """A process as it is seen from here: what it has in hand, and the part of the scripts that it keeps to.

    A careful one plays what may have killed another process, one episode at a time.
    """

    process: BaseProcess
    connection: Connection
    careful: bool
    handed: dict[str, Planned] = field(default_factory=dict)
    part: int | None = None
    asked: bool = False
    sent_home: bool = False


def play_in_processes(
    job: Job, wanted: Callable[[Planned], bool], table: Table, processes: int
) -> Generator[Finished]:
    """Play a run.

    Args:
        job: The run, and who plays.
        wanted: Which of its episodes are played.
        table: This process's own table, for the records of episodes that were lost.
        processes: How many processes.

    Yields:
        Each episode as soon as it has ended, in no order.

    Raises:
        ValueError: Agent or DM cannot be pickled, or not be made again from the pickle.
        RunError: A process does not start.
    """
    hand = _Hand(job.run, wanted, processes)
    jobs = [_pickled(job), _pickled(replace(job, concurrency=1))]
    playing: dict[Connection, _Worker] = {}
    started: list[_Worker] = []
    try:
        while True:
            while len(playing) < min(processes, job.run.n) and hand.more():
                worker = _start(careful=bool(hand.suspects))
                started.append(worker)
                playing[worker.connection] = worker
            if not playing:
                return
            for connection in wait(list(playing)):
                assert isinstance(connection, Connection)
                worker = playing[connection]
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    del playing[connection]
                    lost = hand.died(worker, job.concurrency)
                    if lost is not None:
                        yield Finished.of(
                            table.lost(lost, f"the process that played it {_ending(worker)}, twice")
                        )
                    continue
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, tuple):
                    episode, line, tally = message
                    del worker.handed[episode]
                    yield Finished(line, Tally(*tally))
                else:
                    with suppress(OSError):  # it has died: the next round finds out
                        connection.send_bytes(jobs[worker.careful] if message == _HERE else hand.out(worker))
                if worker.sent_home and not worker.handed:
                    del playing[connection]
    finally:
        _end(started)


def _start(*, careful: bool) -> _Worker:
    context = multiprocessing.get_context("spawn")
    try:
        ours, theirs = context.Pipe()
        with theirs, _shielded():
            process = context.Process(target=_work, args=(theirs,), daemon=True, name="trpg_env-rollout")
            process.start()
    except OSError as error:
        raise RunError(f"a process to play in cannot be started: {error.strerror}") from None
    return _Worker(process, ours, careful)


@contextmanager
def _shielded() -> Iterator[None]:
    """Processes that are started meanwhile do not hear of an interrupt: it is this process that ends them."""
    resource_tracker.ensure_running()  # starting it lifts the shield
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pickled(job: Job) -> bytes:
    try:
        return pickle.dumps(job)
    except Exception as error:
        raise ValueError(
            f"agent or DM cannot be pickled ({error}), and several processes want one each: make them of classes and "
            "functions that stand at the top of a module, or play with processes=1"
        ) from None


def _ending(worker: _Worker) -> str:
    worker.process.join(PATIENCE)
    code = worker.process.exitcode
    if code is None:
        return "went silent"
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.connection.close()
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()


class _Hand:
    """The episodes that are still to be handed out.

    A process keeps to its part of the scripts as long as it has episodes left, since what was planned serves again.

    Attributes:
        suspects: Episodes that were being played in a process that died.
    """

    def __init__(self, run: Run, wanted: Callable[[Planned], bool], processes: int) -> None:
        parts = min(processes, len(run.scripts))
        self._left = {part: filter(wanted, run.episodes(part, parts)) for part in range(parts)}
        # Towards the end no process is to sit idle while another has its hands full.
        self._handful = max(1, min(HANDFUL, run.n // (4 * processes)))
        self._players = Counter[int]()
        self._again: list[Planned] = []
        self.suspects: list[Planned] = []

    def more(self) -> bool:
        """Whether there is anything left to hand out."""
        while not (self._again or self.suspects) and self._left:
            part = next(iter(self._left))
            self._again = list(islice(self._left[part], 1))
            if not self._again:
                del self._left[part]
        return bool(self._again or self.suspects)

    def died(self, worker: _Worker, concurrency: int) -> Planned | None:
        """Take back what a process that died had in hand; gives the episode that is lost, if one is.

        Raises:
            RunError: It had not even asked for an episode.
        """
        if not worker.asked:
            raise RunError(
                f"a process to play in {_ending(worker)} before it began; a program that plays in several processes "
                'does so under `if __name__ == "__main__":`, as every program that starts processes'
            )
        self._leave(worker)
        unfinished = list(worker.handed.values())
        if worker.careful:
            return unfinished[0] if unfinished else None
        self.suspects += unfinished[:concurrency]
        self._again += unfinished[concurrency:]
        return None

    def out(self, worker: _Worker) -> bytes:
        """A handful for a process, pickled; nothing where nothing is left."""
        handful = self._handful_for(worker)
        worker.asked, worker.sent_home = True, not handful
        worker.handed.update({episode.id: episode for episode in handful})
        return pickle.dumps(handful)

    def _handful_for(self, worker: _Worker) -> list[Planned]:
        if worker.careful:
            return [self.suspects.pop(0)] if self.suspects else []
        if self._again:
            again, self._again = self._again[: self._handful], self._again[self._handful :]
            return again
        while True:
            if worker.part is None:
                if not self._left:
                    return []
                worker.part = min(self._left, key=lambda part: self._players[part])
                self._players[worker.part] += 1
            handful = list(islice(self._left.get(worker.part, iter(())), self._handful))
            if handful:
                return handful
            self._left.pop(worker.part, None)
            self._leave(worker)

    def _leave(self, worker: _Worker) -> None:
        if worker.part is not None:
            self._players[worker.part] -= 1
            worker.part = None


def _work(connection: Connection) -> None:
    """What a process does: ask for episodes, play them, send each as soon as it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    sending = threading.Lock()

    def send(message: object) -> None:
        with sending:
            connection.send(message)

    def handed() -> Iterator[Planned]:
        while True:
            send(None)
            handful: list[Planned] = connection.recv()
            if not handful:
                return
            yield from handful

    # The other side has gone away: so does this one.
    with suppress(BrokenPipeError, EOFError, ConnectionResetError), Sandbox() as sandbox:
        send(_HERE)
        pickled = connection.recv_bytes()
        try:
            job: Job = pickle.loads(pickled)  # noqa: S301  (what the process that started this one says)
            table = Table(job.run, job.agent, job.dm, sandbox)
            for record in play(table, handed(), job.concurrency):
                done = Finished.of(record)
                send((record["id"], done.line, tuple(done.tally)))
        except (BrokenPipeError, EOFError, ConnectionResetError):
            raise
        except Exception as error:
            send(ValueError(f"a process to play in cannot: {type(error).__name__}: {error}"))


def _outlive_nobody() -> None:
    """End this process when the one that started it is gone, whatever a player is busy with."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
