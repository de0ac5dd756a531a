"""How much a player's figures hang on wording: mean and standard deviation over perturbations, beside the unperturbed run.

The standard deviation is the sample's (n - 1 below), and the unperturbed run is in neither: both are of the perturbations.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Final, Literal, Self

from pydantic import ValidationError

from trpg_env.evaluation.metrics import METRICS
from trpg_env.evaluation.results import Results, ResultsError
from trpg_env.trajectory import Participant
from trpg_env.trajectory.record import Record

FILE: Final = "robustness.json"

_KEY: Final = "perturbation"


class Perturbed(Record):
    """A run.

    Attributes:
        folder: The folder within the evaluation's in which it is.
        perturbation: What the words were perturbed with; None where they were not.
        changed: Of how many items the words were changed; None where that is not known beforehand.
        items: How many items there are.
        episodes: How many episodes did not break.
        figures: Every figure; None where it is of nothing.
    """

    folder: str
    perturbation: str | None
    changed: int | None
    items: int
    episodes: int
    figures: dict[str, float | None]


class Spread(Record):
    """A figure over perturbations.

    Attributes:
        unperturbed: The figure in the usual words.
        mean: Its mean over the perturbed runs that have it.
        std: The sample's standard deviation; None with fewer than two.
        n: How many runs have it.
    """

    unperturbed: float | None
    mean: float | None
    std: float | None
    n: int


class Robustness(Record):
    """Runs on the same items in different words.

    Attributes:
        schema_version: The format's version.
        suite: What was played on.
        player: Who played.
        runs: The runs, the unperturbed one first.
        left_out: Perturbations that cannot be had there, or change nothing in any of the items.
        spread: Every figure over the perturbed runs.
    """

    schema_version: Literal[1] = 1
    suite: str
    player: Participant | None
    runs: list[Perturbed]
    left_out: list[str]
    spread: dict[str, Spread]

    def text(self) -> str:
        """What is written to `robustness.json`: keys in alphabetical order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=1) + "\n"

    @classmethod
    def of(cls, results: Mapping[str, Results], unperturbed: str, left_out: Sequence[str] = ()) -> Self:
        """Put runs side by side.

        Args:
            results: The results of each run by its folder, played on the same items by one player.
            unperturbed: Which of them was played in the usual words.
            left_out: Perturbations that cannot be had there, or change nothing in any of the items.

        Raises:
            ResultsError: They were not.

        Example:
            >>> from trpg_env import rollout
            >>> from trpg_env.agents import PlannerAgent
            >>> usual = Results.of(rollout("ship", PlannerAgent(), n=2))
            >>> Robustness.of({"unperturbed": usual, "verb": usual}, "unperturbed").spread["success"]
            Spread(unperturbed=1.0, mean=1.0, std=None, n=1)
        """
        usual = results[unperturbed]
        for name, one in results.items():
            _refuse_others(usual, one, name)
        others = [one for name, one in results.items() if name != unperturbed]
        names = [unperturbed, *(name for name in results if name != unperturbed)]
        return cls(
            suite=usual.suite.name,
            player=usual.player,
            runs=[_run(name, results[name]) for name in names],
            left_out=list(left_out),
            spread={name: _spread(name, usual, others) for name in METRICS},
        )


def is_robustness(folder: Path) -> bool:
    """Whether the `robustness.json` of a folder is one."""
    try:
        Robustness.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return False
    return True


def _refuse_others(usual: Results, one: Results, name: str) -> None:
    if one.player != usual.player:
        raise ResultsError(f"{name} was played by another player; play all with the same")
    if one.suite.by_hash().keys() != usual.suite.by_hash().keys():
        raise ResultsError(f"{name} was played on other items; play all on the same")
    starts = [{(m.item, m.seed, m.luck) for m in each.episodes} for each in (usual, one)]
    if starts[0] != starts[1]:
        raise ResultsError(f"{name} has other starts; play all with the same -n, --seed and --samples")


def _run(folder: str, one: Results) -> Perturbed:
    return Perturbed(
        folder=folder,
        perturbation=one.arguments.get(_KEY),
        changed=one.arguments.get("changed") if _KEY in one.arguments else 0,
        items=len(one.suite.items),
        episodes=one.counts.counted,
        figures={name: one.metrics[name].value for name in METRICS},
    )


def _spread(name: str, usual: Results, others: Sequence[Results]) -> Spread:
    values = [value for one in others if (value := one.metrics[name].value) is not None]
    return Spread(
        unperturbed=usual.metrics[name].value,
        mean=mean(values) if values else None,
        std=stdev(values) if len(values) > 1 else None,
        n=len(values),
    )
