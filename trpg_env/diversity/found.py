"""What was found of the diversity of sources: all figures, the map, the heat map, and what is needed to get them again.

It follows from the trajectories and the arguments alone: no clock, no path, and the order in which trajectories come makes
no difference.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
from pydantic import ValidationError

from trpg_env.diversity.embedding import ITERATIONS, PERPLEXITY, embed, neighbours_kept
from trpg_env.diversity.environments import Environments, compare
from trpg_env.diversity.figures import Figures, measure
from trpg_env.diversity.gathering import DiversityError, Gathered, Gatherer, Thought
from trpg_env.diversity.vectors import cosines
from trpg_env.trajectory import Trajectory
from trpg_env.trajectory.reading import reason, what_is_wrong
from trpg_env.trajectory.record import Record
from trpg_env.trajectory.software import software

FILE: Final = "diversity.json"

SAMPLE: Final = 500
"""How many thoughts of each source are looked at."""
MAX_POINTS: Final = 1_500
"""How many thoughts the map shows, of all sources together."""
FEW: Final = 30
"""A source with fewer thoughts does not bring down the number at which the others are measured."""


class Source(Record):
    """A source.

    Attributes:
        name: What it is called.
        episodes: How many episodes there were.
        thoughts: How many thoughts there were.
        figures: How diverse they are; None where there is none.
    """

    name: str
    episodes: int
    thoughts: int
    figures: Figures | None


class Point(Record):
    """A thought in the map.

    Attributes:
        source: The source's place among all, from 0.
        episode: The episode's id.
        turn: The turn.
        x: To the right.
        y: Upwards.
    """

    source: int
    episode: str
    turn: int
    x: float
    y: float


class ThoughtMap(Record):
    """The map of thoughts.

    Attributes:
        points: The thoughts, source by source.
        perplexity: The perplexity that was used; None where there are too few thoughts for t-SNE.
        iterations: How many steps were taken.
        divergence: The Kullback-Leibler divergence that is left, in nats; likewise.
        neighbours_kept: The share of each thought's ten nearest in the map that are among its ten most alike ones.
    """

    points: list[Point]
    perplexity: float | None
    iterations: int
    divergence: float | None
    neighbours_kept: float | None


class Method(Record):
    """How all was measured.

    Attributes:
        by: What sources are told apart by.
        seed: The seed of samples and map.
        sample: How many thoughts of a source are looked at, at most.
        perplexity: The perplexity that was asked for.
        iterations: The steps of the map that were asked for.
    """

    by: str
    seed: int
    sample: int
    perplexity: float
    iterations: int


class Diversity(Record):
    """What was found.

    Attributes:
        schema_version: The format's version.
        method: How all was measured.
        software: Versions.
        sources: The sources with their figures.
        map: The map of thoughts.
        environments: The heat map of environments.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import ErringAgent
        >>> played = [(t.family, t) for t in rollout(["ship", "garden"], ErringAgent(), n=2)]
        >>> found = Diversity.of(played, sample=20, iterations=50, by="family")
        >>> [source.name for source in found.sources], len(found.map.points)
        (['garden', 'ship'], 40)
    """

    schema_version: Literal[1] = 1
    method: Method
    software: dict[str, str]
    sources: list[Source]
    map: ThoughtMap
    environments: Environments

    def text(self) -> str:
        """All of it as the text of `diversity.json`: keys in alphabetical order, a point of the map a line."""
        data = self.model_dump(mode="json")
        rows = ",\n".join(f"  {json.dumps(point, sort_keys=True)}" for point in data["map"].pop("points"))
        parts = {key: json.dumps(value, sort_keys=True, indent=1) for key, value in data.items()}
        parts["map"] = parts["map"].removesuffix("\n}") + f',\n "points": [\n{rows}\n ]\n}}'
        return "{\n" + ",\n".join(f'"{key}": {parts[key]}' for key in sorted(parts)) + "\n}\n"

    @classmethod
    def of(
        cls,
        trajectories: Iterable[tuple[str, Trajectory]],
        *,
        by: str = "source",
        seed: int = 0,
        sample: int = SAMPLE,
        perplexity: float = PERPLEXITY,
        iterations: int = ITERATIONS,
        order: Sequence[str] = (),
    ) -> Self:
        """Measure trajectories.

        Args:
            trajectories: Each with the name of its source; they are read one by one.
            by: What sources are told apart by, for people.
            seed: Draws samples and the map's start, 0 or more.
            sample: How many thoughts of each source are looked at, 1 or more.
            perplexity: About how many neighbours a thought has in the map, 1 or more.
            iterations: How many steps are taken for the map, 1 or more.
            order: Sources that come first, in this order; the others follow in the order of their names. One that has
                no trajectories is there all the same.

        Raises:
            DiversityError: There are no trajectories, or too many sources.
            ValueError: A number is out of its range.
        """
        if min(seed, sample - 1, iterations - 1) < 0 or not perplexity >= 1:
            raise ValueError("seed is 0 or more, sample, perplexity and iterations are 1 or more")
        rng = np.random.default_rng(seed)
        gatherer = Gatherer(sample, rng)
        for source, trajectory in trajectories:
            gatherer.add(source, trajectory)
        sources = _ordered(gatherer.gathered(), order)
        if not any(source.episodes for source in sources):
            raise DiversityError("there are no trajectories")
        measured = _measured_at(sources)
        return cls(
            method=Method(by=by, seed=seed, sample=sample, perplexity=perplexity, iterations=iterations),
            software=software(["numpy"]),
            sources=[_source(source, measured) for source in sources],
            map=_mapped(sources, rng, perplexity, iterations),
            environments=_rounded(compare([source.environments for source in sources])),
        )


def read_diversity(path: str | Path) -> Diversity:
    """Read what was found.

    Args:
        path: The folder that `trpg-env diversity` wrote, or its diversity.json.

    Raises:
        DiversityError: There is nothing of the kind.
    """
    path = Path(path)
    file = path / FILE if path.is_dir() else path
    try:
        return Diversity.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise DiversityError(
            f"{file} is not what trpg-env diversity writes: {what_is_wrong(error)}"
        ) from None
    except (OSError, ValueError) as error:
        raise DiversityError(
            f"{file} cannot be read: {reason(error)}; name the folder that trpg-env diversity wrote"
        ) from None


def _ordered(sources: Sequence[Gathered], order: Sequence[str]) -> list[Gathered]:
    named = {source.name: source for source in sources}
    first = [named.pop(name, Gathered(name, 0, 0, [], [])) for name in dict.fromkeys(order)]
    return [*first, *named.values()]


def _measured_at(sources: Sequence[Gathered]) -> int | None:
    """At how many thoughts sources are measured: most figures change with that number, so it is the same for all."""
    return min((len(s.sampled) for s in sources if len(s.sampled) >= FEW), default=None)


def _source(source: Gathered, measured: int | None) -> Source:
    # The first ones of a sample are a sample.
    thoughts = source.sampled[:measured]
    found = measure([t.words for t in thoughts], [t.episode for t in thoughts]) if thoughts else None
    if found is not None:
        numbers = {name: _round(value) for name, value in found if isinstance(value, float)}
        found = found.model_copy(update=numbers)
    return Source(name=source.name, episodes=source.episodes, thoughts=source.thoughts, figures=found)


def _mapped(
    sources: Sequence[Gathered], rng: np.random.Generator, perplexity: float, iterations: int
) -> ThoughtMap:
    share = max(1, MAX_POINTS // max(1, sum(bool(source.sampled) for source in sources)))
    shown: list[tuple[int, Thought]] = [
        (i, thought) for i, source in enumerate(sources) for thought in source.sampled[:share]
    ]
    alike = cosines([thought.words for _, thought in shown], rarity=True)
    found = embed(alike, rng, perplexity=perplexity, iterations=iterations)
    kept = neighbours_kept(alike, found.points)
    return ThoughtMap(
        points=[
            Point(source=i, episode=thought.episode, turn=thought.turn, x=round(x, 3), y=round(y, 3))
            for (i, thought), (x, y) in zip(shown, found.points.tolist(), strict=True)
        ],
        perplexity=found.perplexity,
        iterations=iterations if found.perplexity is not None else 0,
        divergence=None if found.divergence is None else _round(found.divergence),
        neighbours_kept=None if kept is None else _round(kept),
    )


def _rounded(found: Environments) -> Environments:
    rows = [[None if value is None else _round(value) for value in row] for row in found.similarity]
    return found.model_copy(update={"similarity": rows})


def _round(value: float) -> float:
    """Six digits: what is behind them hangs on the order in which a machine adds."""
    return round(value, 6)
