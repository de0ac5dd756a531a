"""Playing a run in several processes, each with a table of its own.

This process hands out episodes and takes the finished ones; it alone writes files. What was being played when a process
died is played again, one episode at a time in a process of its own; an episode whose process dies then, too, is a record
with the outcome `error`.
"""

import multiprocessing
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from trpg_env.rollout.child import HERE, Job, work
from trpg_env.rollout.dealing import Dealer, Hand
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.run import Planned, RunError
from trpg_env.rollout.table import Table
from trpg_env.trajectory import Tally

PATIENCE = 1.0
"""Seconds that processes have to end by themselves."""


@dataclass(frozen=True, eq=False)
class _Worker:
    """A process as it is seen from here."""

    process: BaseProcess
    connection: Connection
    hand: Hand


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
    dealer = Dealer(job.run, wanted, processes)
    jobs = [_pickled(job), _pickled(replace(job, concurrency=1))]
    most = min(processes, job.run.n)
    going: list[_Worker] = []
    # One that lasts: registering connections anew for each message would cost more than the messages.
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(selector.get_map()) < most and dealer.more():
                    going = _still_going(going)
                    worker = _start(careful=bool(dealer.suspects))
                    selector.register(worker.connection, selectors.EVENT_READ, worker)
                if not selector.get_map():
                    return
                for key, _ in selector.select():
                    worker = key.data
                    try:
                        message = worker.connection.recv()
                    except (EOFError, OSError):
                        selector.unregister(worker.connection)
                        yield from _lost(worker, dealer, job, table)
                        continue
                    if isinstance(message, Exception):
                        raise message
                    if isinstance(message, tuple):
                        episode, line, tally = message
                        del worker.hand.episodes[episode]
                        yield Finished(line, Tally(*tally))
                    else:
                        answer = jobs[worker.hand.careful] if message == HERE else dealer.out(worker.hand)
                        with suppress(OSError):  # it has died: the next round finds out
                            worker.connection.send_bytes(answer)
                    if worker.hand.sent_home and not worker.hand.episodes:
                        selector.unregister(worker.connection)
                        worker.connection.close()
                        going.append(worker)
        finally:
            _end([*going, *(key.data for key in selector.get_map().values())])


def _lost(worker: _Worker, dealer: Dealer, job: Job, table: Table) -> Iterator[Finished]:
    """Bury a process that died; the record of an episode that died with it twice.

    Raises:
        RunError: It had not even asked for an episode.
    """
    ended = _ending(worker.process)
    _end([worker])
    if not worker.hand.asked:
        raise RunError(
            f"a process to play in {ended} before it began; a program that plays in several processes "
            'does so under `if __name__ == "__main__":`, as every program that starts processes'
        )
    lost = dealer.back(worker.hand, job.concurrency)
    if lost is not None:
        yield Finished.of(table.lost(lost, f"the process that played it {ended}, twice"))


def _start(*, careful: bool) -> _Worker:
    context = multiprocessing.get_context("spawn")
    try:
        ours, theirs = context.Pipe()
        with theirs, _shielded():
            process = context.Process(target=work, args=(theirs,), daemon=True, name="trpg_env-rollout")
            process.start()
    except OSError as error:
        raise RunError(f"a process to play in cannot be started: {error.strerror}") from None
    return _Worker(process, ours, Hand(careful=careful))


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


def _still_going(workers: list[_Worker]) -> list[_Worker]:
    """Bury those that have ended; the others."""
    ended = [worker for worker in workers if worker.process.exitcode is not None]
    _end(ended)
    return [worker for worker in workers if worker not in ended]


def _ending(process: BaseProcess) -> str:
    process.join(PATIENCE)
    code = process.exitcode
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
        worker.process.close()
