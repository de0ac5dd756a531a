"""`export`: trajectories → a refinement-tuning dataset in a folder.

Trajectories are read one by one and written as they come; what stays in memory is a few counts and the ids of what
was written.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trpg_env.prompts import prompt
from trpg_env.trajectory import Trajectory
from trpg_env.trajectory.reading import what_is_wrong
from trpg_env.tuning.card import card
from trpg_env.tuning.conversation import conversation
from trpg_env.tuning.folder import README, Stage, staged
from trpg_env.tuning.formats import FORMATS, Episode, Format, Telling
from trpg_env.tuning.options import (
    HELD_OUT,
    SPECIAL,
    TRAIN,
    WHOLE,
    ExportError,
    Options,
    families,
    one_ablation,
)
from trpg_env.tuning.selection import selected
from trpg_env.tuning.subset import draw, is_held_out
from trpg_env.tuning.summary import Summary

SPLITS = {WHOLE: "train", TRAIN: "train", HELD_OUT: "test"}
"""What `datasets` calls them."""

PLAYER = "player"
"""The prompt that the `llm` player's system message is."""


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
    system_prompt: bool = False,
    max_prefixes: int | None = None,
    tokenizer: object = None,
    max_length: int | None = None,
) -> Summary:
    """Write a dataset: `data.jsonl`, or with a split `train.jsonl` and `test.jsonl`, a README, and what a trainer needs.

    A trajectory that broke, has no correct reply, or has the id of one that was written before is left out and
    counted; so is one in which no reply would count towards the loss.

    A script's path becomes its file name in the records, so that a dataset does not publish the folders of who made it.

    Args:
        trajectories: What was played: trajectories, or mappings as a trajectories' file holds them;
            `read_trajectories(path)` gives those of a file.
        format: `messages`: JSON Lines of `{"messages": […], "id", "script", "family"}`, each assistant message
            with `loss` and `error`. `openai`: `{"messages": […]}`, each assistant message with `weight` 0 or 1.
            `paper`: `{"trajectory": […], "id", "script", "family", "instruction"}` in the paper's wire format, without
            loss. `swift`, `axolotl`: with `loss` or `train` on the messages, and a configuration. `llamafactory`: for
            each reply that counts, the conversation up to it; with `dataset_info.json` and configurations. `tokens`:
            Parquet files of `input_ids`, `attention_mask` and `labels`, -100 where there is no loss.
        out: The folder; it is made where it is missing, an earlier dataset in it is replaced.
        min_refinements: How many error-and-refines a trajectory must have (the paper's 2).
        success_only: Whether only trajectories that reach the goal are written (the paper's choice).
        train_errors: Whether erroneous replies count towards the loss too (an ablation).
        mask_refinements: Whether the correct replies right after erroneous ones do not count (an ablation).
        drop_refinements: Whether erroneous replies and the answers to them are cut out (an ablation; the
            refining replies do not count then, see `trpg_env.tuning.Ablation`).
        exclude: Families that are left out.
        limit: How many episodes there are at most, drawn evenly by id: with the same seed, a smaller limit gives the
            first ones of a larger one. 1 or more.
        seed: Which subset `limit` draws, 0 or more.
        split: The share of families that is held out, above 0 and below 1. A family is held out if its hash is
            below the share, whatever other families there are; with few families that may be none.
        system_prompt: Whether each conversation begins with the system message that the `llm` player gives, so that
            a model meets in play what it met in training. Not for `paper`.
        max_prefixes: The most records that an episode becomes, 1 or more, where a record is a prefix of it:
            `llamafactory`, and `tokens` with a chat template that rewrites what was said before.
        tokenizer: For `tokens`: the folder of a Hugging Face tokenizer with a chat template, its name on the hub, or
            a tokenizer of `transformers`.
        max_length: For `tokens`: the most tokens in a record, 1 or more. A longer conversation is cut after a reply. As
            many as the tokenizer says (`model_max_length`) where this is None.

    Returns:
        What the export came to; `lines()` tells it to people, `shortfalls()` where the dataset is not what was asked
        for.

    Raises:
        ExportError: An unknown format, options that contradict each other or are out of range, something that is no
            trajectory, a tokenizer that is not there or does not do, or the folder holds other files or cannot be written.

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
        system_prompt=system_prompt,
        max_prefixes=max_prefixes,
        tokenizer=tokenizer,
        max_length=max_length,
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
    _refuse_options(format, options)
    encode = format.encoder(options)
    parts = (WHOLE,) if options.split is None else (TRAIN, HELD_OUT)
    data_files = {f"{part}{format.suffix}": SPLITS[part] for part in parts}
    written = [file for name in data_files for file in format.files(name)]
    names = [README, *written, *format.more_files(list(data_files), options)]
    summary = Summary(out, format.name, options, format.has_loss)
    if isinstance(encode, Telling):
        summary.facts.update(encode.facts)
    with staged(out, names) as stage:
        with ExitStack() as stack:
            sinks = [stack.enter_context(format.sink(stage, name)) for name in data_files]
            for entry in encode(_episodes(trajectories, options, summary, stage)):
                summary.remarks.update(entry.remarks)
                if entry.left_out is not None:
                    summary.left_out[entry.left_out] += 1
                    continue
                episode, records = entry.episode, len(entry.records)
                family = episode.trajectory.family
                held_out = options.split is not None and is_held_out(family, options.split)
                sinks[held_out].write(entry.records)
                summary.add(episode.trajectory, episode.messages, records, list(data_files)[held_out])
                if held_out:
                    summary.held_out[family] += records
        summary.not_drawn()
        # A trainer stops where there is nothing to evaluate on.
        train, *held_out_files = data_files
        filled = [train, *(name for name in held_out_files if summary.files[name])]
        for name, text in format.more_files(filled, options).items():
            stage.write(name, text.encode())
        stage.write(README, card(summary, format, data_files, names).encode())
    return summary


def _refuse_options(format: Format, options: Options) -> None:
    """Refuse what the format does not take.

    Raises:
        ExportError: It says which format does.
    """
    if options.ablation and not format.has_loss:
        others = ", ".join(other.name for other in FORMATS.values() if other.has_loss)
        raise ExportError(
            f"{format.name} does not say what counts towards the loss, so {options.ablation} does not go with it; "
            f"leave it out, or choose one of {others}"
        )
    for name in SPECIAL:
        if options.asks_for(name) and name not in format.takes:
            takers = ", ".join(other.name for other in FORMATS.values() if name in other.takes)
            raise ExportError(f"{format.name} takes no {name}; leave it out, or choose one of {takers}")


def _episodes(
    trajectories: Iterable[Trajectory], options: Options, summary: Summary, stage: Stage
) -> Iterator[Episode]:
    """The episodes that are written, all that are wanted or the subset that `limit` draws."""
    system = prompt(PLAYER) if options.system_prompt else None
    wanted = selected(trajectories, summary, system)
    if options.limit is None:
        yield from wanted
        return
    drawn = draw((one.trajectory for one in wanted), options.limit, options.seed, stage.store())
    for trajectory in drawn:
        yield Episode(trajectory, conversation(trajectory, options.ablation, system))
