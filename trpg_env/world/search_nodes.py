"""The states that a search in bits has seen, and how it came to them."""

from collections.abc import Iterator

from trpg_env.world.search_bits import BitWorld


class Nodes:
    """The states that a search has seen, each with the rule that led to it.

    Attributes:
        states: Node → its state.
    """

    def __init__(self, state: int) -> None:
        self.states = [state]
        self._from = [(-1, -1)]
        self._seen = {state}

    def __len__(self) -> int:
        return len(self.states)

    def beyond(self, world: BitWorld, node: int) -> Iterator[tuple[int, int]]:
        """The rules that lead from a node to states not seen before, and these states; those that are lost left out."""
        seen = self._seen
        for rule, after in world.beyond(self.states[node]):
            if after not in seen:
                seen.add(after)
                if not world.fails(after):
                    yield rule, after

    def add(self, node: int, rule: int, state: int) -> int:
        """Keep the state that a rule leads to; its own node."""
        self.states.append(state)
        self._from.append((node, rule))
        return len(self.states) - 1

    def rules_to(self, node: int) -> list[int]:
        """The rules that lead to a node."""
        rules: list[int] = []
        while node:
            node, rule = self._from[node]
            rules.append(rule)
        return rules[::-1]
