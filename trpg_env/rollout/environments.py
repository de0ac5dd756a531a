"""Where the environments of a run come from: one for each episode in flight, whatever is played."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from trpg_env.dm import DungeonMaster
from trpg_env.envs import AgentRefineEnv
from trpg_env.envs.text import TextEnv
from trpg_env.rollout.run import Item, Run
from trpg_env.sandbox import Sandbox

T = TypeVar("T")


def unchanged(env: TextEnv) -> TextEnv:
    """The environment as it is."""
    return env


class Environments(Protocol):
    """Lends environments; an episode has one to itself while it is played."""

    def take(self, item: int) -> tuple[TextEnv, Mapping[str, Any]]:
        """An environment for an item of the run, and the options of `reset` with which it plays that item."""
        ...

    def give_back(self, item: int, env: TextEnv) -> None:
        """Let others have it."""
        ...


class Maker(Protocol):
    """Makes environments, in this process or, pickled, in another."""

    def open(self, run: Run) -> AbstractContextManager[Environments]:
        """The environments of a run, as long as they are needed."""
        ...


class ScriptEnvironments:
    """Environments of scripts, hardly more than there are episodes in flight, however many scripts there are.

    Another one is made only when all of its script are taken.

    Args:
        run: The run, whose items are scripts.
        dm: Who answers; each environment has a deep copy.
        sandbox: Where the scripts' own checks run.
        wrap: What is put around each environment.

    Raises:
        ValueError: A script cannot be played by this DM, or the DM cannot be copied.
    """

    def __init__(
        self,
        run: Run,
        dm: str | DungeonMaster,
        sandbox: Sandbox,
        wrap: Callable[[TextEnv], TextEnv] = unchanged,
    ) -> None:
        self._run = run
        self._dm = dm
        self._wrap = wrap
        # The environment says better than the world does why a script cannot be played.
        self._first = [self._environment(script, sandbox=sandbox) for script in run.items]
        self._free: list[list[TextEnv]] = [[wrap(env)] for env in self._first]

    def _environment(self, script: Any, **keywords: Any) -> AgentRefineEnv:
        dm = copied(self._dm, "each script and each episode in flight wants a DM")
        return AgentRefineEnv(script, dm=dm, max_turns=self._run.max_turns, **keywords)

    def take(self, item: int) -> tuple[TextEnv, Mapping[str, Any]]:
        """An environment of a script."""
        free = self._free[item]
        return free.pop() if free else self._another(item), {}

    def give_back(self, item: int, env: TextEnv) -> None:
        """Let another episode of the script have it."""
        self._free[item].append(env)

    def _another(self, item: int) -> TextEnv:
        world = self._first[item].world
        return self._wrap(self._environment(world.script, world=world))


@dataclass(frozen=True)
class ScriptMaker:
    """Makes environments of scripts.

    Attributes:
        dm: Who answers.
        sandbox: Where the scripts' own checks run; pickled, it is a new one with the same settings.
        wrap: What is put around each environment; it is pickled where several processes play.
    """

    dm: str | DungeonMaster
    sandbox: Sandbox
    wrap: Callable[[TextEnv], TextEnv] = unchanged

    @contextmanager
    def open(self, run: Run) -> Iterator[Environments]:
        """The environments of a run.

        Raises:
            ValueError: A script cannot be played by this DM, or the DM cannot be copied.
        """
        yield ScriptEnvironments(run, self.dm, self.sandbox, self.wrap)


class TaskEnvironments:
    """Environments of a benchmark: any of them plays any of its tasks.

    Args:
        items: The tasks.
        make: Makes another environment.
    """

    def __init__(self, items: Sequence[Item], make: Callable[[], TextEnv]) -> None:
        self._items = items
        self._make = make
        self._free: list[TextEnv] = []
        self._all: list[TextEnv] = []

    def take(self, item: int) -> tuple[TextEnv, Mapping[str, Any]]:
        """An environment, and the option that names the task."""
        if not self._free:
            self._all.append(self._make())
            self._free.append(self._all[-1])
        return self._free.pop(), {"task": self._items[item].name}

    def give_back(self, item: int, env: TextEnv) -> None:
        """Let another episode have it."""
        self._free.append(env)

    def close(self) -> None:
        """Give back what they hold."""
        for env in self._all:
            env.close()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class TaskMaker:
    """Makes environments of a benchmark.

    Attributes:
        make: Makes one; it is pickled where several processes play.
        wrap: What is put around each.
    """

    make: Callable[[], TextEnv]
    wrap: Callable[[TextEnv], TextEnv] = unchanged

    @contextmanager
    def open(self, run: Run) -> Iterator[Environments]:
        """The environments of a run."""
        environments = TaskEnvironments(run.items, lambda: self.wrap(self.make()))
        try:
            yield environments
        finally:
            environments.close()


def copied(who: T, why: str) -> T:
    """A deep copy.

    Args:
        who: An agent or a DM.
        why: Why there must be one.

    Raises:
        ValueError: It cannot be copied.
    """
    try:
        return copy.deepcopy(who)
    except Exception as error:
        raise ValueError(
            f"{type(who).__name__} cannot be copied ({error}), and {why}: give it a __deepcopy__ that shares what may "
            "be shared"
        ) from None
