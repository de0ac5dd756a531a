"""What a suite hands to `trpg-env evaluate`, which knows nothing else of it."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from trpg_env.evaluation import Suite
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.prepared import Ready
from trpg_env.script import Script


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that is ready to be played.

    Attributes:
        suite: What is played on.
        n: How many episodes there are in all, samples counted each.
        ids: What their trajectories are called, in order.
        run: What tells this run from another, as JSON-like data.
        arguments: What the episodes follow from besides suite, player and DM, as JSON-like data.
        play: Plays the episodes whose ids are wanted.
        scripts: Where the items are scripts, the scripts: they tell why an episode broke.
        packages: Distributions whose versions the episodes hang on.
        hints: What is to be said before it is played, once where the same is played several times.
        progress: How the suite counts an episode's progress: the item's hash and the trajectory's progress → its own. None where
            that is the trajectory's.
    """

    suite: Suite
    n: int
    ids: Iterable[str]
    run: Mapping[str, Any]
    arguments: Mapping[str, Any]
    play: Callable[[Callable[[str], bool]], Generator[Finished]]
    scripts: Sequence[Script] = ()
    packages: Sequence[str] = ()
    hints: Sequence[str] = ()
    progress: Callable[[str, float], float] | None = None


def sampled(ready: Callable[[int], Ready], samples: int, suite: Suite, stack: ExitStack) -> Evaluation:
    """An evaluation that plays each start once with each luck from 0 on.

    Args:
        ready: Makes ready the run with some luck.
        samples: How many lucks there are.
        suite: What is played on.
        stack: Closes the first run.
    """
    first = stack.enter_context(ready(0))
    runs = [replace(first.run, luck=luck) for luck in range(samples)]

    def play(wanted: Callable[[str], bool]) -> Generator[Finished]:
        yield from first.play(lambda episode: wanted(episode.id))
        for run in runs[1:]:
            if any(map(wanted, run.ids())):
                with ready(run.luck) as again:
                    yield from again.play(lambda episode: wanted(episode.id))

    run = first.run
    # One of each start makes the same run as `trpg-env rollout` does.
    several = {"samples": samples} if samples > 1 else {}
    return Evaluation(
        suite=suite,
        n=run.n * samples,
        ids=[id for run in runs for id in run.ids()],
        run=run.as_dict() | several,
        arguments={"n": run.n, "samples": samples, "seed": run.seed, "max_turns": run.max_turns},
        play=play,
    )
