"""The results of an evaluation: every figure with its interval, and all that is needed to get them again.

They follow from the episodes and the arguments alone: no clock, no path, and the order in which episodes ended makes no
difference. An episode that broke (model, sandbox, script) is counted apart and is part of no figure.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import ValidationError

from trpg_env.evaluation.contamination import Contamination
from trpg_env.evaluation.intervals import CONFIDENCE, RESAMPLES
from trpg_env.evaluation.measures import WITHIN, Measures, measure
from trpg_env.evaluation.metrics import Estimates, best_of, estimates
from trpg_env.evaluation.suite import Item, Suite
from trpg_env.trajectory import Participant, Trajectory
from trpg_env.trajectory.origin import limit_of
from trpg_env.trajectory.reading import reason, what_is_wrong
from trpg_env.trajectory.record import Record
from trpg_env.trajectory.software import PACKAGES, software

FILE = "results.json"

SEED = 0
"""The seed of the replicates, wherever no generator is handed in."""


class ResultsError(ValueError):
    """Results that cannot be read or made; the text says why."""


class Method(Record):
    """How figures are measured and intervals are drawn.

    Attributes:
        within: In how many turns after an error a correct one must come.
        confidence: The share of intervals that would hold the true figure.
        resamples: How many replicates an interval is read off.
        seed: The seed of the replicates.
    """

    within: int
    confidence: float
    resamples: int
    seed: int


class Counts(Record):
    """How many episodes there are.

    Attributes:
        episodes: In all.
        counted: Those that the figures are of.
        outcomes: How they ended.
        broken: Those that broke, by kind of error.
        context_too_long: Those that were truncated because the conversation no longer fitted into a model's context.
    """

    episodes: int
    counted: int
    outcomes: dict[str, int]
    broken: dict[str, int]
    context_too_long: int


class Results(Record):
    """The results of an evaluation.

    Attributes:
        schema_version: The format's version.
        suite: What was played on.
        player: Who played, with model, sampling and prompt; None where nothing was played.
        dm: Who answered, likewise.
        arguments: What else the episodes follow from: the run's seed, the number of starts and of samples.
        software: Versions.
        method: How figures are measured and intervals are drawn.
        counts: How many episodes there are.
        metrics: All figures over all episodes that did not break.
        best_of: Success and progress of the best of several samples of each start; None where there is one of each.
        families: All figures of each family.
        difficulties: All figures of each difficulty, where the suite knows it.
        contamination: What the player was trained on of this; None where nobody said what it was trained on.
        episodes: What was measured of each episode, by item, seed and luck.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> found = Results.of(rollout(["ship", "garden"], PlannerAgent(), n=4))
        >>> found.metrics["success"].value, found.counts.counted
        (1.0, 4)
    """

    schema_version: Literal[1] = 1
    suite: Suite
    player: Participant | None
    dm: Participant | None
    arguments: dict[str, Any]
    software: dict[str, str]
    method: Method
    counts: Counts
    metrics: Estimates
    best_of: Estimates | None
    families: dict[str, Estimates]
    difficulties: dict[str, Estimates]
    contamination: Contamination | None
    episodes: list[Measures]

    def text(self) -> str:
        """The results as the text of `results.json`: keys in alphabetical order, an episode a line."""
        return _text(self.model_dump(mode="json"))

    @classmethod
    def of(
        cls,
        trajectories: Iterable[Trajectory],
        suite: Suite | None = None,
        *,
        samples: int = 1,
        within: int = WITHIN,
        arguments: Mapping[str, Any] | None = None,
        contamination: Contamination | None = None,
        packages: Sequence[str] = (),
        progress: Callable[[str, float], float] | None = None,
        resamples: int = RESAMPLES,
        seed: int = SEED,
    ) -> Self:
        """Measure episodes and put the figures together.

        Args:
            trajectories: The episodes, all with one player and one DM, in any order.
            suite: What they were played on; the items of the trajectories themselves where left out.
            samples: How many episodes there are of each start (item and seed), 1 or more.
            within: In how many turns after an error a correct one must come, 1 or more.
            arguments: What else the episodes follow from, as JSON-like data.
            contamination: What the player was trained on.
            packages: Distributions beside the usual ones whose versions the episodes hang on.
            progress: How the suite counts progress, from an item's hash and a trajectory's progress; the trajectory's own where
                left out.
            resamples: How many replicates an interval is read off, 1 or more.
            seed: The seed of the replicates, 0 or more.

        Raises:
            ResultsError: Several players or DMs, the same episode twice, or one of no item of the suite.
            ValueError: A number is out of its range.
        """
        if samples < 1:
            raise ValueError(f"samples={samples} is too few: there is 1 or more of each start")
        measured: list[Measures] = []
        items: dict[str, Item] = {}
        played: list[Participant | None] = [None, None]
        for t in trajectories:
            _same(played, (t.player, t.dm))
            measured.append(measure(t, within))
            if t.script_hash not in items:
                name = t.family if t.script is None else Path(t.script).stem
                items[t.script_hash] = Item(
                    name=name, hash=t.script_hash, family=t.family, max_turns=limit_of(t)
                )
        if suite is None:
            suite = Suite(name="scripts", items=[items[key] for key in sorted(items)])
        measured.sort(key=lambda m: (m.item, m.seed, m.luck, m.id))
        _refuse_strangers(measured, suite)
        if progress is not None:
            measured = [m.model_copy(update={"progress": progress(m.item, m.progress)}) for m in measured]
        counted = [m for m in measured if not m.broken]
        rng = np.random.default_rng(seed)
        return cls(
            suite=suite,
            player=played[0],
            dm=played[1],
            arguments={"samples": samples, **(arguments or {})},
            software=software([*PACKAGES, *packages]),
            method=Method(within=within, confidence=CONFIDENCE, resamples=resamples, seed=seed),
            counts=_counts(measured, counted),
            metrics=estimates(counted, rng, resamples),
            best_of=best_of(counted, samples, rng, resamples) if samples > 1 else None,
            families=_grouped(counted, {m.item: m.family for m in counted}, rng, resamples),
            difficulties=_grouped(counted, _difficulties(suite), rng, resamples),
            contamination=contamination,
            episodes=measured,
        )


def read_results(path: str | Path) -> Results:
    """Read results.

    Args:
        path: The folder of an evaluation, or its results.json.

    Raises:
        ResultsError: There are none.
    """
    path = Path(path)
    try:
        file = path / FILE if path.is_dir() else path
        return Results.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ResultsError(
            f"{file} holds no results of this version of trpg_env: {what_is_wrong(error)}"
        ) from None
    except FileNotFoundError:
        raise ResultsError(
            f"{file} is not there; name the folder that trpg-env evaluate wrote, once the evaluation is done"
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {reason(error)}") from None


def _same(played: list[Participant | None], who: Sequence[Participant]) -> None:
    for i, (role, one) in enumerate(zip(("players", "DMs"), who, strict=True)):
        if played[i] is None:
            played[i] = one
        elif played[i] != one:
            raise ResultsError(
                f"the episodes have several {role}; make results of one player and one DM at a time"
            )


def _refuse_strangers(measured: Sequence[Measures], suite: Suite) -> None:
    known = suite.by_hash()
    for before, m in zip([None, *measured], measured, strict=False):
        if m.item not in known:
            raise ResultsError(f"episode {m.id} was played on none of the suite's items: {m.item[:12]}")
        if before is not None and before.id == m.id:
            raise ResultsError(f"episode {m.id} is here a second time; give each once")


def _counts(measured: Sequence[Measures], counted: Sequence[Measures]) -> Counts:
    return Counts(
        episodes=len(measured),
        counted=len(counted),
        outcomes=dict(Counter(m.outcome for m in measured)),
        broken=dict(Counter(m.error or "error" for m in measured if m.broken)),
        context_too_long=sum(m.context_too_long for m in counted),
    )


def _grouped(
    counted: Sequence[Measures], groups: Mapping[str, str], rng: np.random.Generator, resamples: int
) -> dict[str, Estimates]:
    """All figures of each group of items, in the order of the groups' names."""
    names = sorted({groups[m.item] for m in counted if m.item in groups})
    return {
        name: estimates([m for m in counted if groups.get(m.item) == name], rng, resamples) for name in names
    }


def _difficulties(suite: Suite) -> dict[str, str]:
    return {item.hash: item.difficulty for item in suite.items if item.difficulty is not None}


def _text(data: Mapping[str, Any]) -> str:
    parts = []
    for key, value in sorted(data.items()):
        if key == "episodes" and value:
            rows = ",\n".join(f" {json.dumps(row, sort_keys=True)}" for row in value)
            parts.append(f'"{key}": [\n{rows}\n]')
        else:
            parts.append(f'"{key}": {json.dumps(value, sort_keys=True, indent=1)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
