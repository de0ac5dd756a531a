"""What a format is: the records of an episode, the files beside them, and what the dataset card says of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.trajectory import Trajectory
from trpg_env.tuning.conversation import Message

Record = Mapping[str, Any]
Columns = Mapping[str, str | Mapping[str, str]]
"""The type of each of a record's values, in the words of Hugging Face's `datasets`; a mapping is a list of such objects."""


def _no_files(data_files: Sequence[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Format:
    """A format of datasets.

    Attributes:
        name: What `export` calls it.
        about: What a record is and how it is used, in Markdown, for the dataset card.
        columns: The types in a record. Without them a loader guesses, and wrongly where a file begins with nulls.
        records: The records of an episode, given its trajectory and its conversation; each is a line of JSON.
        has_loss: Whether records say which replies count towards the loss.
        more_files: What is written beside the data, such as a trainer's configuration, given the names of the
            data files: name → text.
    """

    name: str
    about: str
    columns: Columns
    records: Callable[[Trajectory, Sequence[Message]], Iterable[Record]]
    has_loss: bool = True
    more_files: Callable[[Sequence[str]], Mapping[str, str]] = _no_files
