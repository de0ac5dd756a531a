"""Searches in bits, for worlds that are simple enough (see `search_bits`).

A shortest plan is found breadth first as in any world, and is the same one, only faster. Where it is out of reach, a plan
is found by following relaxed plans (see `search_relaxed`) and then made shorter, stretch by stretch.
"""

import heapq
from collections.abc import Sequence
from functools import cached_property

from trpg_env.world.fate import SeededFate
from trpg_env.world.grounding import TooManyActions
from trpg_env.world.plan import Plan
from trpg_env.world.ruling import VerificationFailed
from trpg_env.world.search_bits import BitWorld
from trpg_env.world.search_nodes import Nodes
from trpg_env.world.search_paths import NotSimple
from trpg_env.world.search_relaxed import Relaxation
from trpg_env.world.search_shorter import shortened
from trpg_env.world.values import Value
from trpg_env.world.world import World

_HEAD_START = 1_000
"""How many states that relaxed plans lead to are preferred each time the goal has come nearer."""


class QuickSearch:
    """Searches in one simple world; what it learns of the world serves all of them.

    Args:
        world: The world.

    Raises:
        NotSimple: The world is not simple.
        TooManyActions: The script has too many ground actions to search.
        VerificationFailed: A pattern or code did not answer.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._bits = BitWorld(world)

    @classmethod
    def of(cls, world: World) -> "QuickSearch | None":
        """The search in a world; None where it is not simple, or cannot be searched at all."""
        try:
            return cls(world)
        except (NotSimple, TooManyActions, VerificationFailed):
            return None

    @cached_property
    def _relaxation(self) -> Relaxation:
        return Relaxation(self._bits)

    def exceeds(self, values: list[Value], states: int) -> bool:
        """Whether more states than so many can be reached; those beyond success and failure do not count.

        Args:
            values: The values of the state to begin with.
            states: The number of states.
        """
        start = self._bits.state(values)
        if start is None:
            return False
        seen = {start}
        waiting = [start]
        for state in waiting:
            if self._bits.succeeds(state):
                continue
            for _, after in self._bits.beyond(state):
                if after not in seen:
                    if len(seen) >= states:
                        return True
                    seen.add(after)
                    if not self._bits.fails(after):
                        waiting.append(after)
        return False

    def shortest(self, values: list[Value], *, depth: int, states: int) -> Plan | None:
        """Search for a shortest plan.

        Args:
            values: The state's values.
            depth: The most actions that a plan may have.
            states: The budget.

        Returns:
            What was found, as `find_plan` gives it; None where the state is none that can be put into bits.
        """
        start = self._bits.state(values)
        if start is None:
            return None
        if self._bits.succeeds(start):
            return Plan((), 1, decided=True)
        nodes = Nodes(start)
        first, beyond = 0, 1
        for _ in range(depth):
            for node in range(first, beyond):
                for rule, after in nodes.beyond(self._bits, node):
                    if self._bits.succeeds(after):
                        return self._played(values, [*nodes.rules_to(node), rule], len(nodes) + 1)
                    if len(nodes) >= states:
                        return Plan(None, len(nodes), decided=False)
                    nodes.add(node, rule, after)
            first, beyond = beyond, len(nodes)
            if first == beyond:
                break
        return Plan(None, len(nodes), decided=True)

    def some(self, values: list[Value], *, depth: int, states: int) -> Plan | None:
        """Search for a plan where a shortest one is out of reach.

        Args:
            values: The state's values.
            depth: The most actions that a plan may have.
            states: The budget; making the plan shorter takes as much again.

        Returns:
            A plan, not always a shortest one; None where the state is none that can be put into bits.
        """
        start = self._bits.state(values)
        if start is None:
            return None
        if self._bits.succeeds(start):
            return Plan((), 1, decided=True)
        nodes = Nodes(start)
        found = self._greedy(nodes, states)
        if found is not None:
            found = shortened(self._bits, start, found, states)
        if found is None or len(found) > depth:
            return Plan(None, len(nodes), decided=False)
        return self._played(values, found, len(nodes) + 1)

    def _greedy(self, nodes: Nodes, states: int) -> list[int] | None:
        """The rules of a plan: the state with the shortest relaxed plan first.

        A state is measured when it is taken up, and until then counts as far as the one that it came from. Those that a
        relaxed plan itself leads to wait in a queue of their own, which is preferred while that goes well.
        """
        queues: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([(0, 0)], [])
        taken = [0, 0]
        nearest: int | None = None
        done: set[int] = set()
        while queues[0] or queues[1]:
            which = int(bool(queues[1]) and (taken[1] <= taken[0] or not queues[0]))
            taken[which] += 1
            _, node = heapq.heappop(queues[which])
            if node in done:
                continue
            done.add(node)
            relaxed = self._relaxation.plan(nodes.states[node])
            if relaxed is None:
                continue
            far, now = relaxed
            if nearest is None or far < nearest:
                nearest = far
                taken[1] -= _HEAD_START
            for rule, after in nodes.beyond(self._bits, node):
                if self._bits.succeeds(after):
                    return [*nodes.rules_to(node), rule]
                if len(nodes) >= states:
                    return None
                new = nodes.add(node, rule, after)
                heapq.heappush(queues[0], (far, new))
                if rule in now:
                    heapq.heappush(queues[1], (far, new))
        return None

    def _played(self, values: list[Value], rules: Sequence[int], states: int) -> Plan:
        """A plan with the world's own states on its way."""
        path, fate = [values], SeededFate(0, 0)
        for rule in rules:
            path.append(self._world.transition(path[-1], self._bits.rules[rule].action, fate))
        texts = tuple(self._bits.rules[rule].action.text for rule in rules)
        return Plan(texts, states, decided=True, path=tuple(path[:-1]))
