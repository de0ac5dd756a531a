"""Prefix records: where a trainer can put loss on the last reply alone, an episode becomes one record for each that counts.

A record is the conversation up to a reply; the loss on that reply alone, given all before, is its share of the
paper's Eq. 1, and the records of an episode together are the whole of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from trpg_env.tuning.conversation import Message


def prefix_ends(messages: Sequence[Message], most: int | None = None) -> list[int]:
    """Where the records of a conversation end: the indices of replies that count towards the loss.

    Args:
        messages: The conversation.
        most: How many there are at most, 1 or more; they are then spread evenly over those that count, the last one
            always among them. None for all.

    Example:
        >>> reply = Message("assistant", "Thought: …", loss=True, error=False)
        >>> prefix_ends([reply] * 9, most=3)
        [2, 5, 8]
    """
    ends = [i for i, message in enumerate(messages) if message.loss]
    if most is None or len(ends) <= most:
        return ends
    return [ends[(i + 1) * len(ends) // most - 1] for i in range(most)]


def counting_at(messages: Sequence[Message], ends: Collection[int]) -> list[Message]:
    """The conversation with loss on these replies alone: what the records that end there train on."""
    return [
        message if i in ends or not message.loss else replace(message, loss=False)
        for i, message in enumerate(messages)
    ]
