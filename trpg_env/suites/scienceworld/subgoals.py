"""AgentBoard's subgoals of a task: patterns that are to be seen in observations, in whatever order."""

import re
from collections.abc import Sequence


class Subgoals:
    """Which subgoals have been reached.

    A pattern is a regular expression that is searched for, as AgentBoard does. Some contain brackets that are meant as such
    (`book (Sherlock Holmes)`) and could never be seen, so a pattern counts too where it stands in the observation as it is.

    Args:
        patterns: One for each subgoal.

    Raises:
        ValueError: One is no regular expression.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        try:
            self._compiled = [re.compile(pattern) for pattern in patterns]
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"a subgoal is no regular expression ({error})") from None
        self.reached = [False] * len(patterns)

    def see(self, observation: str) -> None:
        """Count the subgoals that an observation shows."""
        for number, pattern in enumerate(self._compiled):
            if not self.reached[number]:
                self.reached[number] = bool(
                    pattern.search(observation) or self.patterns[number] in observation
                )

    @property
    def ahead(self) -> list[str]:
        """The patterns that have not been seen yet."""
        return [pattern for pattern, done in zip(self.patterns, self.reached, strict=True) if not done]

    @property
    def progress(self) -> float:
        """The share that has been reached, from 0 to 1."""
        return sum(self.reached) / len(self.reached)
