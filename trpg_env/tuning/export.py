"""`export`: trajectories → a refinement-tuning dataset in a folder.

Trajectories are read one by one and written as they come; what stays in memory is a few counts and the ids of what
was written.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trpg_env.trajectory import Trajectory
from trpg_env.trajectory.reading import what_is_wrong
from trpg_env.tuning.card import card
from trpg_env.tuning.conversation import conversation
from trpg_env.tuning.folder import README, Stage, staged
from trpg_env.tuning.formats import FORMATS, Format
from trpg_env.tuning.options import ExportError, Options, families, one_ablation
from trpg_env.tuning.selection import selected
from trpg_env.tuning.subset import draw, is_held_out
from trpg_env.tuning.summary import Summary

WHOLE, TRAIN, HELD_OUT = "data.jsonl", "train.jsonl", "test.jsonl"
"""The data files: all in one, or with a split the two that Hugging Face's `datasets` knows by their names."""

SPLITS = {WHOLE: "train", TRAIN: "train", HELD_OUT: "test"}
"""What `datasets` calls them."""


def export(
    trajectories: Iterable[Trajectory | Mapping[str, Any]],
    format: str,
    out: str | os.PathLike[str],
    *,
    min_refinements: int = 2,
    success_only: bool = True,
    train_errors: bool = False,
    mask_refinements: bool = False,
    drop_refinements: bool = False,
    exclude: Iterable[str] = (),
    limit: int | None = None,
    seed: int = 0,
    split: float | None = None,
) -> Summary:
    """Write a dataset: `data.jsonl`, or with a split `train.jsonl` and `test.jsonl`, and a README.

    A trajectory that broke, has no correct reply, or has the id of one that was written before is left out and
    counted; so is one in which no reply would count towards the loss.

    A script's path becomes its file name in the records, so that a dataset does not publish the folders of who made it.

    Args:
        trajectories: What was played: trajectories, or mappings as a trajectories' file holds them;
            `read_trajectories(path)` gives those of a file.
        format: `messages`: JSON Lines of `{"messages": […], "id", "script", "family"}`, each assistant message
            with `loss` and `error`. `openai`: `{"messages": […]}`, each assistant message with `weight` 0 or 1.
            `paper`: `{"trajectory": […], "id", "script", "family", "instruction"}` in the paper's wire format, without
            loss.
        out: The folder; it is made where it is missing, an earlier dataset in it is replaced.
        min_refinements: How many error-and-refines a trajectory must have (the paper's 2).
        success_only: Whether only trajectories that reach the goal are written (the paper's choice).
        train_errors: Whether erroneous replies count towards the loss too (an ablation).
        mask_refinements: Whether the correct replies right after erroneous ones do not count (an ablation).
        drop_refinements: Whether erroneous replies and the answers to them are cut out (an ablation; the
            refining replies do not count then, see `trpg_env.tuning.Ablation`).
        exclude: Families that are left out.
        limit: How many records there are at most, drawn evenly by id: with the same seed, a smaller limit gives the
            first records of a larger one. 1 or more.
        seed: Which subset `limit` draws, 0 or more.
        split: The share of families that is held out, above 0 and below 1. A family is held out if its hash is
            below the share, whatever other families there are; with few families that may be none.

    Returns:
        What the export came to; `lines()` tells it to people, `shortfalls()` where the dataset is not what was asked
        for.

    Raises:
        ExportError: An unknown format, options that contradict each other or are out of range, something that is no
            trajectory, or the folder holds other files or cannot be written.

    Example:
        >>> import tempfile
        >>> from trpg_env import export, rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> with tempfile.TemporaryDirectory() as out:
        ...     export(rollout("cool-tomato", PlannerAgent(), n=1), "messages", out, min_refinements=0).records
        1
    """
    if not isinstance(format, str) or format not in FORMATS:
        raise ExportError(f"{format!r} is no format of this version; the formats are {', '.join(FORMATS)}")
    options = Options(
        min_refinements=min_refinements,
        success_only=success_only,
        ablation=one_ablation(
            train_errors=train_errors, mask_refinements=mask_refinements, drop_refinements=drop_refinements
        ),
        exclude=families(exclude),
        limit=limit,
        seed=seed,
        split=split,
    )
    if not isinstance(out, str | os.PathLike):
        raise ExportError(f"out is a folder's path, not {out!r}")
    return _written(_checked(trajectories), FORMATS[format], Path(out), options)


def _checked(trajectories: Iterable[Trajectory | Mapping[str, Any]]) -> Iterator[Trajectory]:
    """Trajectories, also where they are mappings.

    Raises:
        ExportError: Now where no trajectories are given, later where one of them is none.
    """
    if isinstance(trajectories, str | bytes | os.PathLike):
        raise ExportError(
            f"{trajectories!r} is a path, not trajectories; write read_trajectories({trajectories!r})"
        )
    if isinstance(trajectories, Trajectory | Mapping):
        raise ExportError("a single trajectory is given; write a list of trajectories: [trajectory]")
    if not isinstance(trajectories, Iterable):
        raise ExportError(f"trajectories are wanted, such as a list of them, not {trajectories!r}")
    return (_as_trajectory(one, i) for i, one in enumerate(trajectories))


def _as_trajectory(given: Trajectory | Mapping[str, Any], i: int) -> Trajectory:
    if isinstance(given, Trajectory):
        return given
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise ExportError(
            f"trajectories[{i}] is a {kind}; a trajectory is a Trajectory or a mapping of its keys"
        )
    try:
        return Trajectory.model_validate(dict(given))
    except ValidationError as error:
        raise ExportError(f"trajectories[{i}] is not a trajectory: {what_is_wrong(error)}") from None


def _written(trajectories: Iterable[Trajectory], format: Format, out: Path, options: Options) -> Summary:
    if options.ablation and not format.has_loss:
        others = ", ".join(other.name for other in FORMATS.values() if other.has_loss)
        raise ExportError(
            f"{format.name} does not say what counts towards the loss, so {options.ablation} does not go with it; "
            f"leave it out, or choose one of {others}"
        )
    data_files = [WHOLE] if options.split is None else [TRAIN, HELD_OUT]
    more_files = format.more_files(data_files)
    names = [README, *data_files, *more_files]
    summary = Summary(out, format.name, options, format.has_loss)
    with staged(out, names) as stage:
        for name in data_files:
            stage.write(name, b"")
        for trajectory in _drawn(selected(trajectories, summary), options, stage, summary):
            _write(trajectory, format, stage, summary)
        for name, text in more_files.items():
            stage.write(name, text.encode())
        stage.write(
            README, card(summary, format, {name: SPLITS[name] for name in data_files}, names).encode()
        )
    return summary


def _drawn(
    trajectories: Iterator[Trajectory], options: Options, stage: Stage, summary: Summary
) -> Iterator[Trajectory]:
    """All of them, or the subset that `limit` draws; those that were not drawn are counted."""
    if options.limit is None:
        yield from trajectories
        return
    yield from draw(trajectories, options.limit, options.seed, stage.store())
    wanted = summary.read.episodes - summary.left_out.total()
    if wanted > summary.kept.episodes:
        summary.left_out[f"not among the {options.limit} drawn"] += wanted - summary.kept.episodes


def _write(trajectory: Trajectory, format: Format, stage: Stage, summary: Summary) -> None:
    messages = conversation(trajectory, summary.options.ablation)
    share = summary.options.split
    held_out = share is not None and is_held_out(trajectory.family, share)
    file = WHOLE if share is None else HELD_OUT if held_out else TRAIN
    lines = [json.dumps(record, ensure_ascii=False) for record in format.records(trajectory, messages)]
    stage.write(file, "".join(f"{line}\n" for line in lines).encode())
    summary.add(trajectory, messages, len(lines), file)
    if held_out:
        summary.held_out[trajectory.family] += len(lines)
