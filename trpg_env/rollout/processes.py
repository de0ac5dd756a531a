"""Playing a run in several processes, each with a table of its own.

This process hands out episodes and takes the finished ones; it alone writes files. An episode whose process dies
is a record with the outcome `error`; the others that were handed to it are handed out again.
"""

import multiprocessing
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from trpg_env.agents import Agent
from trpg_env.dm import DungeonMaster
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.run import Planned, Run
from trpg_env.rollout.runner import play
from trpg_env.rollout.table import Table
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import Tally

HANDFUL = 16
"""How many episodes are handed out at once."""

_NOT_STARTED = (
    "a process to play in did not start; a program that plays in several processes does so under "
    '`if __name__ == "__main__":`, as every program that starts processes'
)


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
    """A process as it is seen from here: what it has in hand, and the script that it keeps to."""

    process: BaseProcess
    connection: Connection
    handed: dict[str, Planned] = field(default_factory=dict)
    script: int | None = None
    asked: bool = False
    sent_home: bool = False


def play_in_processes(
    job: Job, wanted: Callable[[Planned], bool], table: Table, processes: int
) -> Iterator[Finished]:
    """Play a run.

    Args:
        job: The run, and who plays.
        wanted: Which of its episodes are played.
        table: This process's own table, for the records of episodes that were lost.
        processes: How many processes.

    Yields:
        Each episode as soon as it has ended, in no order.
    """
    hand = _Hand(job.run, wanted)
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        workers: dict[Connection, _Worker] = {}

        def start() -> None:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(job, theirs), daemon=True, name="trpg_env-rollout")
            process.start()
            theirs.close()
            stack.callback(_end, process, ours)
            workers[ours] = _Worker(process, ours)

        for _ in range(min(processes, job.run.n)):
            start()
        while workers:
            for connection in wait(list(workers)):
                assert isinstance(connection, Connection)
                worker = workers[connection]
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    del workers[connection]
                    worker.process.join()
                    if not worker.asked:
                        raise RuntimeError(_NOT_STARTED) from None
                    hand.leave(worker)
                    if worker.handed:
                        lost, *others = worker.handed.values()
                        hand.back(others)
                        why = f"the process that played it ended with exit code {worker.process.exitcode}"
                        yield Finished.of(table.lost(lost, why))
                    if not worker.sent_home:
                        start()
                    continue
                if isinstance(message, Exception):
                    raise message
                if message is None:
                    handful = hand.out(worker)
                    worker.asked, worker.sent_home = True, not handful
                    worker.handed.update({e.id: e for e in handful})
                    with suppress(OSError):  # it has died: the next round finds out
                        connection.send(handful)
                else:
                    episode, line, tally = message
                    del worker.handed[episode]
                    yield Finished(line, Tally(*tally))


class _Hand:
    """The episodes that are still to be handed out, script by script.

    A process keeps to a script as long as it has episodes left, since what it has planned serves it again.
    """

    def __init__(self, run: Run, wanted: Callable[[Planned], bool]) -> None:
        self._left = {i: filter(wanted, run.episodes(i)) for i in range(min(len(run.scripts), run.n))}
        self._players = Counter[int]()
        self._again: list[Planned] = []

    def back(self, episodes: list[Planned]) -> None:
        """Take episodes back."""
        self._again += episodes

    def leave(self, worker: _Worker) -> None:
        """A process leaves its script."""
        if worker.script is not None:
            self._players[worker.script] -= 1
            worker.script = None

    def out(self, worker: _Worker) -> list[Planned]:
        """A handful for a process; nothing where nothing is left."""
        if self._again:
            again, self._again = self._again[:HANDFUL], self._again[HANDFUL:]
            return again
        while True:
            if worker.script is None:
                if not self._left:
                    return []
                worker.script = min(self._left, key=lambda i: self._players[i])
                self._players[worker.script] += 1
            handful = list(islice(self._left.get(worker.script, iter(())), HANDFUL))
            if handful:
                return handful
            self._left.pop(worker.script, None)
            self.leave(worker)


def _end(process: BaseProcess, connection: Connection) -> None:
    connection.close()
    process.join(timeout=1.0)
    if process.is_alive():
        process.kill()
        process.join()


def _work(job: Job, connection: Connection) -> None:
    """What a process does: ask for episodes, play them, send each as soon as it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
        try:
            table = Table(job.run, job.agent, job.dm, sandbox)
            for record in play(table, handed(), job.concurrency):
                done = Finished.of(record)
                send((record["id"], done.line, tuple(done.tally)))
        except OSError:
            raise
        except Exception as error:
            send(ValueError(f"{type(error).__name__}: {error}"))
