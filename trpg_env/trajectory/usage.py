"""What models cost, as `usage` in a trajectory counts it."""

from collections.abc import Mapping

COUNTS = ("calls", "retries", "prompt_tokens", "cached_tokens", "completion_tokens")
"""What is counted: of both participants together under these names, of each with its own name and `_` before."""
PARTICIPANTS = {"player": "player", "dm": "DM"}
"""The participants' names before the counts, and what people call them."""
CONTEXT_TOO_LONG = "context_too_long"
"""1 where the episode was truncated because the conversation no longer fitted into a model's context."""

KNOWN = (*COUNTS, *(f"{who}_{name}" for who in PARTICIPANTS for name in COUNTS), CONTEXT_TOO_LONG)
"""All names, in the order in which they are written."""


def counted(usage: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What a usage says, name by name; zeros and names that nobody knows are left out."""
    return tuple((name, usage[name]) for name in KNOWN if usage.get(name))


def usage_lines(usage: Mapping[str, int]) -> list[str]:
    """A usage as lines for people, one for each participant that is a model.

    Example:
        >>> print(*usage_lines({"player_calls": 4, "player_prompt_tokens": 2500, "player_completion_tokens": 90}))
        player's model      4 calls, 0 retries; tokens: 2,500 sent, 0 of them cached, 90 answered
    """
    each = [(f"{name}'s model", f"{who}_") for who, name in PARTICIPANTS.items()]
    lines = [_line(label, usage, before) for label, before in each if _any(usage, before)]
    if not lines and _any(usage, ""):
        lines = [_line("model", usage, "")]
    if usage.get(CONTEXT_TOO_LONG):
        lines.append(f"{'context too long':<20}{usage[CONTEXT_TOO_LONG]}")
    return lines


def _any(usage: Mapping[str, int], before: str) -> bool:
    return any(usage.get(before + name) for name in COUNTS)


def _line(label: str, usage: Mapping[str, int], before: str) -> str:
    calls, retries, sent, cached, answered = (usage.get(before + name, 0) for name in COUNTS)
    return (
        f"{label:<20}{calls:,} {'call' if calls == 1 else 'calls'}, {retries:,} "
        f"{'retry' if retries == 1 else 'retries'}; tokens: {sent:,} sent, {cached:,} of them cached, {answered:,} answered"
    )
