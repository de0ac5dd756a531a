"""What a suite hands to `trpg-env evaluate`, which knows nothing else of it."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.evaluation import Suite
from trpg_env.rollout.finished import Finished
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
    """

    suite: Suite
    n: int
    ids: Iterable[str]
    run: Mapping[str, Any]
    arguments: Mapping[str, Any]
    play: Callable[[Callable[[str], bool]], Generator[Finished]]
    scripts: Sequence[Script] = ()
