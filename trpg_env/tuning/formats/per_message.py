"""What the formats have in common in which each message says whether it counts towards the loss."""

from collections.abc import Callable, Iterable, Iterator

from trpg_env.tuning.formats.base import Encode, Entry, Episode, Record
from trpg_env.tuning.options import Options
from trpg_env.tuning.prefixes import prefix_ends


def per_message(record: Callable[[Episode], Record]) -> Callable[[Options], Encode]:
    """The encoder of a format that has one record for an episode, up to the last reply that counts.

    What comes after that reply teaches nothing. It is left away, for a trainer may train the end of the last reply
    whether it counts or not (ms-swift does). That cuts conversations in ablations alone, which mask correct replies.

    Args:
        record: The record of an episode.
    """

    def encode(episodes: Iterable[Episode]) -> Iterator[Entry]:
        for episode in episodes:
            end = prefix_ends(episode.messages, 1)[-1]
            written = Episode(episode.trajectory, episode.messages[: end + 1])
            yield Entry(written, [record(written)])

    return lambda options: encode
