"""`export`: trajectories → a refinement-tuning dataset in a folder.

Every file is written beside its place and then renamed, so that a run that dies leaves the folder as it was.
"""

import contextlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from trpg_env.trajectory import Statistics, Trajectory, error_and_refines
from trpg_env.tuning.card import card
from trpg_env.tuning.conversation import Message, conversation

FORMATS = ("messages",)


class ExportError(ValueError):
    """A dataset that cannot be written; the text says why."""


@dataclass
class Summary:
    """What an export came to.

    Attributes:
        out: The folder.
        format: The format.
        records: How many conversations were written.
        replies: The assistant's messages in all.
        trained: Those that count towards the loss.
        read: What was read, counted.
        kept: What was written, counted.
        left_out: Why trajectories were left out, and how many.
        families: The records of each family.
    """

    out: Path
    format: str
    records: int = 0
    replies: int = 0
    trained: int = 0
    read: Statistics = field(default_factory=Statistics)
    kept: Statistics = field(default_factory=Statistics)
    left_out: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """The summary as lines for people."""
        lines = [
            f"records             {self.records} of {self.read.episodes} trajectories",
            f"replies             {self.replies}, of which {self.trained} count towards the loss",
        ]
        lines += [f"left out            {count}: {reason}" for reason, count in sorted(self.left_out.items())]
        return [*lines, f"written to          {self.out}"]


def export(
    trajectories: Iterable[Trajectory],
    format: str,
    out: str | os.PathLike[str],
    *,
    min_refinements: int = 2,
    success_only: bool = True,
    train_errors: bool = False,
) -> Summary:
    """Write a dataset.

    Args:
        trajectories: What was played.
        format: `messages`: JSON Lines of `{"messages": […], "id", "script", "family"}`, each assistant message
            with `loss` and `error`.
        out: The folder; it is made where it is missing, an earlier dataset in it is replaced.
        min_refinements: How many error-and-refines a trajectory must have (the paper's 2).
        success_only: Whether only trajectories that reach the goal are written (the paper's choice).
        train_errors: Whether erroneous replies count towards the loss too (an ablation).

    Raises:
        ExportError: An unknown format, or the folder holds other files or cannot be written.

    Example:
        >>> import tempfile
        >>> from trpg_env import export, rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> with tempfile.TemporaryDirectory() as out:
        ...     export(rollout("cool-tomato", PlannerAgent(), n=1), "messages", out, min_refinements=0).records
        1
    """
    if format not in FORMATS:
        raise ExportError(f"{format!r} is no format of this version; the formats are {', '.join(FORMATS)}")
    summary = Summary(Path(out), format)
    if "\0" in str(out):
        raise ExportError(f"{out!r} cannot be a folder's name: there is a null character in it")
    try:
        summary.out.mkdir(parents=True, exist_ok=True)
        _refuse_other_files(summary.out)
        with _written(summary.out / "data.jsonl") as file:
            for trajectory in trajectories:
                messages = _selected(trajectory, summary, min_refinements, success_only, train_errors)
                if messages:
                    file.write(json.dumps(_record(trajectory, messages), ensure_ascii=False).encode())
                    file.write(b"\n")
        with _written(summary.out / "README.md") as file:
            file.write(card(summary).encode())
    except OSError as error:
        raise ExportError(f"{summary.out} cannot be written: {error.strerror}") from None
    return summary


def _refuse_other_files(folder: Path) -> None:
    """Let a dataset go into a folder of its own only: trainers read every `*.jsonl` there, and its README is replaced."""
    others = sorted(p.name for p in folder.rglob("*.jsonl") if p != folder / "data.jsonl")
    if (folder / "README.md").exists() and not (folder / "data.jsonl").exists():
        others.append("README.md")
    if others:
        raise ExportError(
            f"{folder} holds {others[0]}, which is no part of a dataset; name a new or empty folder"
        )


def _selected(
    trajectory: Trajectory, summary: Summary, min_refinements: int, success_only: bool, train_errors: bool
) -> list[Message]:
    """The conversation of a trajectory that is wanted; nothing for one that is left out, and why is counted."""
    summary.read.add(trajectory)
    messages: list[Message] = []
    if trajectory.outcome == "error":
        reason = "the episode broke"
    elif success_only and not trajectory.success:
        reason = "the goal was not reached"
    elif error_and_refines(trajectory) < min_refinements:
        reason = f"fewer than {min_refinements} error-and-refines"
    else:
        messages = conversation(trajectory, train_errors=train_errors)
        reason = "no correct reply"
    if not messages:
        summary.left_out[reason] += 1
        return []
    summary.records += 1
    summary.kept.add(trajectory)
    summary.families[trajectory.family] += 1
    replies = [m for m in messages if m.role == "assistant"]
    summary.replies += len(replies)
    summary.trained += sum(m.loss is True for m in replies)
    return messages


def _record(trajectory: Trajectory, messages: list[Message]) -> dict[str, object]:
    return {
        "messages": [m.as_dict() for m in messages],
        "id": trajectory.id,
        "script": trajectory.script,
        "family": trajectory.family,
    }


@contextlib.contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place only when it is whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
