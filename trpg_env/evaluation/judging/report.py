"""How well a model judges, all in all: what is written to `judge.json`.

As results do, it follows from the judged episodes alone, in whatever order they come. An episode on which the model or
a check of the script's failed for good is counted apart and is part of no figure; so is a turn without a judgement.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
from pydantic import ValidationError

from trpg_env.evaluation.intervals import CONFIDENCE, RESAMPLES, Interval, Resampled
from trpg_env.evaluation.judging.counts import NAMES, count, figures_of, opinions
from trpg_env.evaluation.judging.record import Judged
from trpg_env.evaluation.results import SEED
from trpg_env.evaluation.statistic import figures
from trpg_env.trajectory import Agreement, Participant
from trpg_env.trajectory.reading import reason, what_is_wrong
from trpg_env.trajectory.record import Record
from trpg_env.trajectory.software import software

FILE: Final = "judge.json"

NOTE: Final = (
    "Parameter errors are decided by verification code always. The model was not told what code says: its opinion on them "
    "is measured under own, and never counts in play."
)


class JudgingError(ValueError):
    """Judgements that cannot be put together or read; the text says why."""


class Figure(Record):
    """A figure and how sure it is.

    Attributes:
        value: The figure; None where it is not defined.
        low: The lower bound of its interval; None where there is none.
        high: The upper bound, likewise.
        n: What it is a share of, in turns or conditions; with F1, those said and those ruled together.
        resampled: What was resampled for the interval: `items` (scripts), `episodes`, or None where nothing was.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    resampled: Resampled | None


class Shares(Record):
    """Precision, recall and F1 of one label."""

    precision: Figure
    recall: Figure
    f1: Figure


class Errors(Shares):
    """Right or wrong, whatever the kind of error; precision and recall are those of wrong.

    Attributes:
        agreement: The share of turns that both call right, or both call wrong.
        kappa: Cohen's.
    """

    agreement: Figure
    kappa: Figure


class Agreed(Record):
    """How far a model agrees with the engine.

    Attributes:
        turns: Of how many turns.
        matrix: How many there are of each pair: what the model says outside, what the engine rules inside.
        agreement: The share of turns of which both say the same: the same kind of error, or none.
        kappa: Cohen's, over the four.
        error: Right or wrong, whatever the kind.
        kinds: Each kind of error, and `none`; None where verification code decides.
    """

    turns: int
    matrix: dict[str, dict[str, int]]
    agreement: Figure
    kappa: Figure
    error: Errors
    kinds: dict[str, Shares | None]


class Counts(Record):
    """How much there is.

    Attributes:
        episodes: Judged episodes.
        counted: Those that the figures are of.
        broken: Those on which a model, or a check of the script's, failed for good, by kind of error.
        turns: The player's turns in those that are counted.
        judged: Those with a judgement.
        malformed: Those on which the model's answer had not the form that was asked for.
        too_long: Those of which the question did not fit into the model's context.
        unread: Those in which the player's own reply named no action, so that nobody was asked.
    """

    episodes: int
    counted: int
    broken: dict[str, int]
    turns: int
    judged: int
    malformed: int
    too_long: int
    unread: int


class Item(Record):
    """A script, and how often model and engine said the same of it."""

    name: str
    hash: str
    family: str
    episodes: int
    turns: int
    agreed: int


class Method(Record):
    """How intervals are drawn: percentiles of replicates in which scripts are resampled."""

    confidence: float
    resamples: int
    seed: int


class Judgements(Record):
    """How well a model judges.

    Attributes:
        schema_version: The format's version.
        judge: The model, with its sampling and the hash of the prompts.
        players: Who played.
        software: Versions.
        method: How intervals are drawn.
        note: Who decides what.
        counts: How much there is.
        own: What the model says itself, of all turns.
        in_play: What it would have decided in play: place and logic, in the turns that verification code accepts.
        completed: Completion conditions said to be met, in turns that both call right.
        usage: What the questions cost.
        items: The scripts, by name.
    """

    schema_version: Literal[1] = 1
    judge: Participant | None
    players: list[Participant]
    software: dict[str, str]
    method: Method
    note: str = NOTE
    counts: Counts
    own: Agreed
    in_play: Agreed
    completed: Shares
    usage: dict[str, int]
    items: list[Item]

    def text(self) -> str:
        """The text of `judge.json`: keys in alphabetical order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=1) + "\n"

    @classmethod
    def of(cls, judged: Iterable[Judged], *, resamples: int = RESAMPLES, seed: int = SEED) -> Self:
        """Put judged episodes together.

        Args:
            judged: The episodes, all judged by one model.
            resamples: How many replicates an interval is read off, 1 or more.
            seed: The seed of the replicates, 0 or more.

        Raises:
            JudgingError: Several models judged.
            ValueError: A number is out of its range.
        """
        every = sorted(judged, key=lambda one: (one.script_hash, one.seed, one.luck, one.id))
        judges = {one.judge.model_dump_json(): one.judge for one in every}
        if len(judges) > 1:
            raise JudgingError(
                "several models judged, or one in several ways; put together those of one at a time"
            )
        counted = [one for one in every if one.error is None]
        return cls(
            judge=next(iter(judges.values()), None),
            players=_players(every),
            software=software(),
            method=Method(confidence=CONFIDENCE, resamples=resamples, seed=seed),
            counts=_counts(every, counted),
            usage=_usage(every),
            items=_items(counted),
            **_figures(counted, resamples, seed),
        )


def read_judgements(path: Path) -> Judgements:
    """Read a `judge.json`.

    Args:
        path: The file, or its folder.

    Raises:
        JudgingError: There is none.
    """
    try:
        file = path / FILE if path.is_dir() else path
        return Judgements.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise JudgingError(
            f"{file} holds no judgements of this version of trpg_env: {what_is_wrong(error)}"
        ) from None
    except (OSError, ValueError) as error:
        raise JudgingError(f"{path} cannot be read: {reason(error)}") from None


def agreement_of(judged: Iterable[Judged], *, in_play: bool) -> Agreement:
    """What a model says of all turns against what the engine rules.

    Args:
        judged: The episodes.
        in_play: Only what the model decides in play.
    """
    agreement = Agreement()
    for one in judged:
        agreement.add(opinions(one, in_play=in_play))
    return agreement


def _figures(counted: Sequence[Judged], resamples: int, seed: int) -> dict[str, Any]:
    rows = np.array([count(one) for one in counted])
    if not counted:
        rows = np.zeros((0, 2 * len(NAMES) ** 2 + 3))
    each = figures_of(rows.sum(axis=0, keepdims=True))
    intervals = figures(
        rows,
        [one.script_hash for one in counted],
        lambda sums: np.stack([value for value, _ in figures_of(sums).values()], axis=1),
        np.random.default_rng(seed),
        resamples=resamples,
    )
    found = {
        name: _figure(interval, n) for (name, (_, n)), interval in zip(each.items(), intervals, strict=True)
    }
    return {
        "own": _agreed("own", found, agreement_of(counted, in_play=False), decided=NAMES),
        "in_play": _agreed(
            "in_play",
            found,
            agreement_of(counted, in_play=True),
            decided=[name for name in NAMES if name != "parameter"],
        ),
        "completed": _shares("completed", found),
    }


def _figure(interval: Interval, n: Any) -> Figure:
    value, low, high, resampled = interval
    return Figure(value=value, low=low, high=high, n=round(float(n[0])), resampled=resampled)


def _agreed(
    part: str, found: Mapping[str, Figure], agreement: Agreement, *, decided: Sequence[str]
) -> Agreed:
    error = _shares(f"{part}.error", found)
    return Agreed(
        turns=agreement.turns,
        matrix=agreement.as_dict()["matrix"],
        agreement=found[f"{part}.agreement"],
        kappa=found[f"{part}.kappa"],
        error=Errors(
            precision=error.precision,
            recall=error.recall,
            f1=error.f1,
            agreement=found[f"{part}.error.agreement"],
            kappa=found[f"{part}.error.kappa"],
        ),
        kinds={name: _shares(f"{part}.{name}", found) if name in decided else None for name in NAMES},
    )


def _shares(name: str, found: Mapping[str, Figure]) -> Shares:
    return Shares(
        precision=found[f"{name}.precision"], recall=found[f"{name}.recall"], f1=found[f"{name}.f1"]
    )


def _counts(every: Sequence[Judged], counted: Sequence[Judged]) -> Counts:
    faults = Counter(turn.fault for one in counted for turn in one.turns)
    return Counts(
        episodes=len(every),
        counted=len(counted),
        broken=dict(Counter(one.error.kind for one in every if one.error is not None)),
        turns=faults.total(),
        judged=faults[None],
        malformed=faults["format"],
        too_long=faults["context"],
        unread=faults["reply"],
    )


def _usage(every: Sequence[Judged]) -> dict[str, int]:
    usage: Counter[str] = Counter()
    for one in every:
        usage.update(one.usage)
    return dict(usage)


def _players(every: Sequence[Judged]) -> list[Participant]:
    players = {one.player.model_dump_json(): one.player for one in every}
    return [players[key] for key in sorted(players)]


def _items(counted: Sequence[Judged]) -> list[Item]:
    by_hash: dict[str, list[Judged]] = {}
    for one in counted:
        by_hash.setdefault(one.script_hash, []).append(one)
    items = []
    for key, episodes in by_hash.items():
        agreement = agreement_of(episodes, in_play=False)
        items.append(
            Item(
                name=episodes[0].script,
                hash=key,
                family=episodes[0].family,
                episodes=len(episodes),
                turns=agreement.turns,
                agreed=agreement.turns - agreement.differing,
            )
        )
    return sorted(items, key=lambda item: (item.name, item.hash))
