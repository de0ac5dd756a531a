"""A search for a shortest plan, over the same transitions as play.

Breadth first from a state, every outcome of a chance tried (the luck of a plan is favourable), never through
a state that ends the episode without success. The budget is counted in states, not in seconds, so that the
answer is the same on every machine. States that differ only in what can have no bearing on the outcome count as one.
"""

import heapq
import marshal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter

from trpg_env.world.grounding import GroundAction
from trpg_env.world.relevance import relevant_slots
from trpg_env.world.values import Value
from trpg_env.world.world import World

STATES = 40_000
"""States looked at before a search gives up: about 2 s for a script of usual size."""
MAX_OUTCOMES = 64


@dataclass(frozen=True)
class Plan:
    """What a search found.

    Attributes:
        actions: The actions of a shortest plan, as texts; None where there is none or the search gave up.
        states: How many states were looked at.
        decided: Whether the search came to an end within its budget: without a plan there then is none.
        path: The state's values before each action of the plan, with the luck that the plan counts on.
    """

    actions: tuple[str, ...] | None
    states: int
    decided: bool
    path: tuple[list[Value], ...] = ()


class _Scripted:
    """A fate that follows a list of decisions, favourable beyond its end, and writes down how it went."""

    def __init__(self, decisions: list[bool]) -> None:
        self._decisions = decisions
        self.taken: list[tuple[bool, bool]] = []

    def __call__(self, turn: int, place: str, elements: tuple[Value, ...], probability: float) -> bool:
        i = len(self.taken)
        free = 0 < probability < 1
        happens = self._decisions[i] if i < len(self._decisions) else probability > 0
        self.taken.append((happens, free))
        return happens


def outcomes(world: World, values: list[Value], action: GroundAction) -> Iterator[list[Value]]:
    """Every state that an admissible action can lead to, at most `MAX_OUTCOMES`."""
    waiting: list[list[bool]] = [[]]
    for _ in range(MAX_OUTCOMES):
        if not waiting:
            return
        decisions = waiting.pop()
        fate = _Scripted(decisions)
        yield world.transition(values, action, fate)
        for i in range(len(decisions), len(fate.taken)):
            happens, free = fate.taken[i]
            if free:
                waiting.append([*(h for h, _ in fate.taken[:i]), not happens])


def find_plan(world: World, values: list[Value], *, depth: int, states: int = STATES) -> Plan:
    """Search for a shortest plan from a state.

    Args:
        world: The world.
        values: The state's values.
        depth: The most actions that a plan may have.
        states: The budget.

    Returns:
        The plan; empty where the goal is reached already.

    Raises:
        TooManyActions: The script has too many ground actions to search.
        VerificationFailed: A pattern or code did not answer.
    """
    if world.succeeds(values):
        return Plan((), 1, decided=True)
    identity = _identity(world)
    nodes: list[tuple[int, str, list[Value]]] = [(-1, "", values)]
    layer = [0]
    cut = False
    seen = {identity(values)}
    for _ in range(depth):
        following: list[int] = []
        for node in layer:
            before = nodes[node][2]
            for action in world.admissible.now(before):
                for tried, after in enumerate(outcomes(world, before, action), start=1):
                    cut = cut or tried == MAX_OUTCOMES
                    known = identity(after)
                    if known in seen:
                        continue
                    seen.add(known)
                    if world.fails(after):
                        continue
                    if world.succeeds(after):
                        actions, path = _trace(nodes, node)
                        return Plan(
                            (*actions, action.text), len(nodes) + 1, decided=True, path=(*path, before)
                        )
                    if len(nodes) >= states:
                        return Plan(None, len(nodes), decided=False)
                    following.append(len(nodes))
                    nodes.append((node, action.text, after))
        if not following:
            break
        layer = following
    return Plan(None, len(nodes), decided=not cut)


def find_some_plan(world: World, values: list[Value], *, depth: int, states: int = STATES) -> Plan:
    """Search for a plan where a shortest one is out of reach: best first, by milestones and conditions still unmet.

    Args:
        world: The world.
        values: The state's values.
        depth: The most actions that a plan may have.
        states: The budget.

    Returns:
        A plan, not always a shortest one; `decided` only where one was found.

    Raises:
        TooManyActions: The script has too many ground actions to search.
        VerificationFailed: A pattern or code did not answer.
    """
    identity = _identity(world)
    nodes: list[tuple[int, str, list[Value]]] = [(-1, "", values)]
    seen = {identity(values)}
    heap = [(world.unmet(values), 0, 0)]
    while heap:
        _, steps, node = heapq.heappop(heap)
        before = nodes[node][2]
        for action in world.admissible.now(before) if steps < depth else ():
            for after in outcomes(world, before, action):
                known = identity(after)
                if known in seen or world.fails(after):
                    continue
                seen.add(known)
                if world.succeeds(after):
                    actions, path = _trace(nodes, node)
                    return Plan((*actions, action.text), len(nodes) + 1, decided=True, path=(*path, before))
                if len(nodes) >= states:
                    return Plan(None, len(nodes), decided=False)
                heapq.heappush(heap, (world.unmet(after), steps + 1, len(nodes)))
                nodes.append((node, action.text, after))
    return Plan(None, len(nodes), decided=False)


def _identity(world: World) -> Callable[[list[Value]], Value]:
    """What tells the states of a search apart."""
    slots = sorted(relevant_slots(world))
    if not slots:
        return lambda _: None
    chosen = itemgetter(*slots)
    return lambda values: _key(chosen(values))


def _key(values: Value) -> bytes:
    """Equal for equal states only: as keys of Python's own, true would be 1."""
    return marshal.dumps(values, 0)


def _trace(nodes: list[tuple[int, str, list[Value]]], node: int) -> tuple[list[str], list[list[Value]]]:
    """The actions that lead to a node, and the values before each."""
    actions: list[str] = []
    path: list[list[Value]] = []
    while node:
        node, action, _ = nodes[node]
        actions.append(action)
        path.append(nodes[node][2])
    return actions[::-1], path[::-1]
