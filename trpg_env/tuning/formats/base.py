"""What a format is: what becomes of episodes, the files beside them, and what the dataset card says of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from trpg_env.trajectory import Trajectory
from trpg_env.tuning.conversation import Message
from trpg_env.tuning.folder import Stage
from trpg_env.tuning.options import Options
from trpg_env.tuning.sinks import JsonLines, Sink

Record = Mapping[str, Any]
Columns = Mapping[str, str | tuple[str] | Mapping[str, str]]
"""The type of each of a record's values, in the words of Hugging Face's `datasets`; a tuple is a list of such values, a
mapping a list of such objects."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode on its way into a dataset.

    Attributes:
        trajectory: What was played.
        messages: Its conversation.
    """

    trajectory: Trajectory
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of an episode.

    Attributes:
        episode: The episode, with the part of its conversation that is written.
        records: Its records; none where it is left out.
        left_out: Why it is left out, where it is.
        remarks: What was done to it that a user should know of; the summary counts them.
    """

    episode: Episode
    records: Sequence[Record]
    left_out: str | None = None
    remarks: Sequence[str] = ()


Encode = Callable[[Iterable[Episode]], Iterator[Entry]]
"""Episodes → what becomes of each, in their order; it may look ahead to work on several at once."""


@runtime_checkable
class Telling(Protocol):
    """What encodes and has something to tell on the dataset card.

    Attributes:
        facts: What the records hang on beside the options: name → text.
    """

    facts: Mapping[str, str]


def one_by_one(records: Callable[[Episode, Options], Iterable[Record]]) -> Callable[[Options], Encode]:
    """The encoder of a format whose records follow from the episode alone.

    Args:
        records: The records of an episode.
    """

    def encoder(options: Options) -> Encode:
        return lambda episodes: (Entry(one, list(records(one, options))) for one in episodes)

    return encoder


def _itself(data_file: str) -> Sequence[str]:
    return (data_file,)


def _no_files(data_files: Sequence[str], options: Options) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Format:
    """A format of datasets.

    Attributes:
        name: What `export` calls it.
        about: What a record is and how it is used, in Markdown, for the dataset card.
        columns: The types in a record. Without them a loader guesses, and wrongly where a file begins with nulls.
        encoder: What makes records of episodes; called once for a dataset, before anything is read.
        has_loss: Whether records say which replies count towards the loss.
        takes: The options that only some formats take and this one does, by their names in `Options`.
        suffix: How the names of its data files end.
        sink: What writes the records of a data file, given where it is written and its name.
        files: The files that the sink writes, given that name.
        more_files: What is written beside the data, such as a trainer's configuration, given the names of the
            data files that there is something in, that of the training part first, and the options: name → text. Which
            files there are hangs on the options alone.
    """

    name: str
    about: str
    columns: Columns
    encoder: Callable[[Options], Encode]
    has_loss: bool = True
    takes: frozenset[str] = frozenset({"system_prompt"})
    suffix: str = ".jsonl"
    sink: Callable[[Stage, str], Sink] = JsonLines
    files: Callable[[str], Sequence[str]] = _itself
    more_files: Callable[[Sequence[str], Options], Mapping[str, str]] = _no_files
