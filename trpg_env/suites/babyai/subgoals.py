"""AgentBoard's subgoals in BabyAI: patterns that are looked for in observations, and how much of them has been reached."""

from collections.abc import Sequence


def _pieces(pattern: str) -> list[str]:
    """What has to stand in one sentence for a pattern to be found; its stars are what may stand between, before and after."""
    pattern = pattern.strip()
    parts = pattern.split("**" if "**" in pattern else "*")
    return [piece for piece in (part.strip(".") for part in parts) if piece]


class Subgoals:
    """The subgoals of a task.

    Args:
        patterns: For each subgoal its patterns, one of which is to be found.

    Example:
        >>> subgoals = Subgoals([["There is a red ball **"], ["You are carrying a red ball."]])
        >>> left = subgoals.left_after(subgoals.all, "There is a red ball 1 right in front of you 2 steps away.  You are not")
        >>> left, subgoals.progress(left)
        ((1,), 0.5)
    """

    def __init__(self, patterns: Sequence[Sequence[str]]) -> None:
        self._pieces = [[_pieces(one) for one in alternatives] for alternatives in patterns]
        self.all = tuple(range(len(patterns)))

    def left_after(self, left: tuple[int, ...], observation: str) -> tuple[int, ...]:
        """The subgoals that are not reached yet after an observation: it reaches one at most, the first that is found in it.

        Args:
            left: Those that were not reached before, by index.
            observation: What the player was told.
        """
        sentences = observation.split(".")
        for one in left:
            for pieces in self._pieces[one]:
                if any(all(piece in sentence for piece in pieces) for sentence in sentences):
                    return tuple(other for other in left if other != one)
        return left

    def progress(self, left: tuple[int, ...]) -> float:
        """The share of the subgoals that is reached."""
        return (len(self.all) - len(left)) / len(self.all)
