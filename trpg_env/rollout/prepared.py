"""A run made ready: items loaded, player and DM known, everything refused that cannot be played."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from operator import index
from typing import Self

from trpg_env.agents import Agent, Function, as_agent
from trpg_env.dm import DungeonMaster
from trpg_env.envs.text import TextEnv
from trpg_env.rollout.child import Job
from trpg_env.rollout.environments import Maker, ScriptMaker, unchanged
from trpg_env.rollout.episode import participant
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.processes import play_in_processes
from trpg_env.rollout.run import Planned, Run
from trpg_env.rollout.runner import play
from trpg_env.rollout.table import Table
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptLike, load_script
from trpg_env.trajectory import Participant, Store, Trajectory


class Ready:
    """A run that can be played, whatever its items are; a context manager, since it holds what they are played with.

    Args:
        run: What is played.
        agent: Who plays.
        maker: Makes the environments to play in.
        concurrency: How many episodes are in flight in each process.
        processes: How many processes play.

    Attributes:
        run: What is played.

    Raises:
        ValueError: A number is out of range, or an item cannot be played.
        TypeError: A number is none.
    """

    def __init__(
        self, run: Run, agent: Agent, maker: Maker, *, concurrency: int = 1, processes: int = 1
    ) -> None:
        concurrency, processes = _whole(concurrency, "concurrency", 1), _whole(processes, "processes", 1)
        self.run = run
        self._job = Job(run, agent, maker, concurrency)
        self._processes = processes
        self._open = ExitStack()
        self._table = Table(run, agent, self._open.enter_context(maker.open(run)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def play(self, wanted: Callable[[Planned], bool] = lambda _: True) -> Generator[Finished]:
        """Play.

        Args:
            wanted: Which episodes; all of them where left out.

        Yields:
            Each episode as soon as it has ended; with several in flight in no order.
        """
        if self._processes > 1:
            yield from play_in_processes(self._job, wanted, self._table, self._processes)
            return
        episodes = filter(wanted, self.run.episodes())
        with closing(play(self._table, episodes, self._job.concurrency)) as playing:
            for record in playing:
                yield Finished.of(record)

    def trajectories(self, out: str | os.PathLike[str] | None = None) -> Iterator[Trajectory]:
        """Play, keep what is played in a file if one is named, and close.

        Args:
            out: The file; what it has already is neither played nor yielded again.
        """
        with self:
            if out is None:
                with closing(self.play()) as playing:
                    for done in playing:
                        yield done.trajectory
                return
            with (
                Store(out, self.run.as_dict(), self.run.ids()) as store,
                closing(self.play(lambda episode: episode.id not in store)) as playing,
            ):
                for done in playing:
                    store.append(done.line)
                    yield done.trajectory


class Rollout(Ready):
    """A run of scripts that can be played; a context manager, since a sandbox runs meanwhile.

    Args:
        scripts: The scripts, one or more.
        agent: Who plays.
        n: How many episodes in all.
        seed: The run's seed.
        luck: The luck of every episode.
        max_turns: After how many actions an episode is truncated; each script's own number where left out.
        dm: Who answers.
        concurrency: How many episodes are in flight in each process.
        processes: How many processes play.
        sandbox: Where the scripts' own checks run; each of several processes has one with the same settings. Without
            one, one is started.
        wrap: What is put around each environment.
        perturbation: What that is called, where it changes words.

    Attributes:
        scripts: The scripts, loaded.

    Raises:
        ScriptError: A script cannot be loaded.
        ValueError: A number is out of range, there is no script, or the DM cannot play one.
        TypeError: `agent` is no agent, or a number is none.
    """

    def __init__(
        self,
        scripts: Sequence[ScriptLike],
        agent: Agent | Function,
        n: int,
        seed: int = 0,
        *,
        luck: int = 0,
        max_turns: int | None = None,
        dm: str | DungeonMaster = "rules",
        concurrency: int = 1,
        processes: int = 1,
        sandbox: Sandbox | None = None,
        wrap: Callable[[TextEnv], TextEnv] = unchanged,
        perturbation: str | None = None,
    ) -> None:
        if not scripts:
            raise ValueError("a rollout wants at least one script")
        n = _whole(n, "n", 0)
        seed, luck = _whole(seed, "seed"), _whole(luck, "luck")
        if dm == "llm":
            raise ValueError(
                'dm="llm" does not say which model: pass trpg_env.dm.LLMDM("model"), with "local" for the embedded one'
            )
        player = as_agent(agent)
        with ExitStack() as stack:
            shared = sandbox or stack.enter_context(Sandbox())
            self.scripts = loaded = tuple(load_script(script, sandbox=shared) for script in scripts)
            answering = answerer(dm, perturbation)
            run = Run(loaded, participant(player), answering, n, seed, luck, max_turns)
            super().__init__(
                run, player, ScriptMaker(dm, shared, wrap), concurrency=concurrency, processes=processes
            )
            stack.callback(self._open.close)
            _require_playable(player, loaded)
            self._open = stack.pop_all()


def answerer(dm: str | DungeonMaster, perturbation: str | None = None) -> Participant:
    """What a trajectory says of who answers.

    Args:
        dm: A DM, or what one is called.
        perturbation: The perturbation through which the player hears it, by name.

    Raises:
        ValueError: What a DM says of itself cannot be written as JSON.
    """
    said = Participant(kind=dm) if isinstance(dm, str) else participant(dm)
    if perturbation is None:
        return said
    return said.model_copy(update={"sampling": {**(said.sampling or {}), "perturbation": perturbation}})


def _require_playable(player: Agent, scripts: Sequence[Script]) -> None:
    """Refuse narrative scripts to a player that looks into the engine's world."""
    narrative = next((script.name for script in scripts if not script.grounded), None)
    if narrative is not None and getattr(player, "grounded_only", False):
        raise ValueError(
            f"{narrative!r} is a narrative script, whose world no engine plays, and this player plans in it: "
            "let a language model, a person or the random player play it"
        )


def _whole(value: object, name: str, least: int | None = None) -> int:
    try:
        number = index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r} is not a whole number") from None
    if least is not None and number < least:
        raise ValueError(f"{name}={number} is too few: it is {least} or more")
    return number
