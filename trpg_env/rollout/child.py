"""What a process does that plays episodes for another: ask for some, play them, send each as soon as it has ended."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from trpg_env.agents import Agent
from trpg_env.rollout.environments import Maker
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.run import Planned, Run
from trpg_env.rollout.runner import play
from trpg_env.rollout.table import Table

HERE = "here"
"""The first that a process says: it wants its job."""


@dataclass(frozen=True)
class Job:
    """What a process needs to play: it is pickled.

    Attributes:
        run: The run.
        agent: Who plays.
        maker: Makes the environments to play in.
        concurrency: How many episodes are in flight in each process.
    """

    run: Run
    agent: Agent
    maker: Maker
    concurrency: int


def work(connection: Connection) -> None:
    """Play for the process at the other end.

    What goes through the connection: `HERE`, answered with a pickled `Job`; None, answered with a pickled list of
    episodes, an empty one where there are no more; an episode that has ended, as its id, line and tally; or the exception that
    keeps this process from playing at all.
    """
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
    with suppress(BrokenPipeError, EOFError, ConnectionResetError):
        send(HERE)
        pickled = connection.recv_bytes()
        try:
            job: Job = pickle.loads(pickled)  # noqa: S301  (what the process that started this one says)
            with job.maker.open(job.run) as environments:
                table = Table(job.run, job.agent, environments)
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
