"""What a benchmark is here: its tasks, what plays them, and whose rules it is measured by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from trpg_env.envs.game import Game, Task
from trpg_env.suites.data import Data, DataError

STEPS = 30
"""After how many actions AgentBoard ends an episode."""


class MissingExtra(RuntimeError):
    """What a benchmark is played with is not installed; the text says what to run."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        name: What `--suite` calls it.
        about: What is played, in a line.
        rules: Whose instruction, progress, success, tasks and limit of turns these are: a word (`AgentBoard`, `ours`) and, where
            it is ours, what the rule is.
        tasks: Its tasks in order, from the data and the split.
        game: What plays them.
        packages: Distributions that it is played with, whose versions results hang on.
        modules: Modules that must be there.
        install: The commands that bring them.
        splits: The names of its splits, the usual one first; none where there is one set of tasks.
    """

    name: str
    about: str
    rules: Mapping[str, str]
    tasks: Callable[[Data, str | None], Sequence[Task]]
    game: Callable[[Data], Game]
    packages: Sequence[str] = ()
    modules: Sequence[str] = ()
    install: str = ""
    splits: Sequence[str] = ()

    def require(self) -> None:
        """See that what it is played with is installed.

        Raises:
            MissingExtra: It is not.
        """
        missing = [module for module in self.modules if find_spec(module) is None]
        if missing:
            raise MissingExtra(f"{self.name} needs {', '.join(missing)}; run: {self.install}")

    def read(self, data: Data, split: str | None) -> dict[str, Task]:
        """Its tasks in order, by name.

        Args:
            data: The folder of benchmarks' data.
            split: The split; the usual one where left out.

        Raises:
            DataError: Data is not there or cannot be read, or two tasks have the same name.
        """
        found: dict[str, Task] = {}
        for task in self.tasks(data, split):
            if found.setdefault(task.name, task) is not task:
                raise DataError(f"{self.name} has two tasks called {task.name!r}; get its data again")
        return found
