"""Telling what a model says from what it thinks before it, where both come in one text."""

from typing import Final

OPEN: Final = "<think>"
CLOSE: Final = "</think>"


def split_reasoning(content: str) -> tuple[str | None, str]:
    """Split a reply into its hidden reasoning and what it says.

    Reasoning is what a reply begins with between `<think>` and `</think>`, once or several times; what comes before a
    lone `</think>` (some chat templates write the `<think>` themselves); and everything after a `<think>` that is
    never closed, for then the model was cut off before it said anything. Tags further on are part of what is said.

    Args:
        content: The reply, as the model gave it.

    Returns:
        The reasoning, None where there is none, and what is said; both without blanks around them.

    Example:
        >>> split_reasoning("<think>East, I think.</think>Action: go east")
        ('East, I think.', 'Action: go east')
        >>> split_reasoning("Action: go east")
        (None, 'Action: go east')
    """
    said = content.strip()
    first = said.find(CLOSE)
    if first >= 0 and OPEN not in said[:first]:
        said = OPEN + said
    thoughts = []
    at = 0
    while said.startswith(OPEN, at):
        end = said.find(CLOSE, at)
        end = end if end >= 0 else len(said)
        thoughts.append(said[at + len(OPEN) : end].strip())
        at = end + len(CLOSE)
        while at < len(said) and said[at].isspace():
            at += 1
    return "\n\n".join(filter(None, thoughts)) or None, said[at:]
