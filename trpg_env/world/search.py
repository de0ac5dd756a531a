"""A search for a shortest plan, over the same transitions as play.

Breadth first from a state, every outcome of a chance tried (the luck of a plan is favourable), never through
a state that ends the episode without success. The budget is counted in states, not in seconds, so that the
answer is the same on every machine. States that differ only in what can have no bearing on the outcome count as one.
"""

import heapq
import marshal
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import itemgetter

from trpg_env.world.grounding import GroundAction
from trpg_env.world.plan import Plan
from trpg_env.world.relevance import relevant_slots
from trpg_env.world.search_quick import QuickSearch
from trpg_env.world.values import Value
from trpg_env.world.world import World

STATES = 40_000
"""States looked at before a search gives up: about 2 s for a script of usual size."""
MAX_OUTCOMES = 64


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


def outcomes(
    world: World, values: list[Value], action: GroundAction, cut: Callable[[], None] = lambda: None
) -> Iterable[list[Value]]:
    """Every state that an admissible action can lead to, the luckiest first.

    Args:
        world: The world.
        values: The state's values.
        action: The action.
        cut: Called where there may be more than the `MAX_OUTCOMES` that are tried.
    """
    fate = _Scripted([])
    after = world.transition(values, action, fate)
    # Mostly nothing is left to chance.
    return chain((after,), _unluckier(world, values, action, fate, cut)) if fate.taken else (after,)


def _unluckier(
    world: World, values: list[Value], action: GroundAction, fate: _Scripted, cut: Callable[[], None]
) -> Iterator[list[Value]]:
    """The outcomes but for the one that a favourable fate has led to."""
    waiting: list[list[bool]] = []
    decided = 0
    for tried in range(1, MAX_OUTCOMES + 1):
        for i in range(decided, len(fate.taken)):
            happens, free = fate.taken[i]
            if free:
                waiting.append([*(h for h, _ in fate.taken[:i]), not happens])
        if not waiting:
            return
        if tried == MAX_OUTCOMES:
            cut()
            return
        decisions = waiting.pop()
        decided = len(decisions)
        fate = _Scripted(decisions)
        yield world.transition(values, action, fate)


class _Tree:
    """The states that a search has seen, each with the action that led to it.

    Attributes:
        cut: Whether some action had more outcomes than are tried.
    """

    def __init__(self, world: World, values: list[Value]) -> None:
        self._world = world
        self._identity = identity(world)
        self._nodes: list[tuple[int, str, list[Value]]] = [(-1, "", values)]
        self._seen = {self._identity(values)}
        self.cut = False

    def __len__(self) -> int:
        return len(self._nodes)

    def beyond(self, node: int) -> Iterator[tuple[str, list[Value]]]:
        """The actions from a node that lead to states not seen before, those that are lost left out."""
        world, before = self._world, self._nodes[node][2]
        for action in world.admissible.now(before):
            for after in outcomes(world, before, action, self._cut):
                seen = self._identity(after)
                if seen not in self._seen:
                    self._seen.add(seen)
                    if not world.fails(after):
                        yield action.text, after

    def _cut(self) -> None:
        self.cut = True

    def add(self, node: int, action: str, after: list[Value]) -> int:
        """Keep the state that an action leads to; its own node."""
        self._nodes.append((node, action, after))
        return len(self._nodes) - 1

    def plan(self, node: int, last: str) -> Plan:
        """The plan that leads to a node and ends with one more action."""
        actions, path = [last], [self._nodes[node][2]]
        while node:
            node, action, _ = self._nodes[node]
            actions.append(action)
            path.append(self._nodes[node][2])
        return Plan(tuple(actions[::-1]), len(self) + 1, decided=True, path=tuple(path[::-1]))


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
    tree = _Tree(world, values)
    layer = [0]
    for _ in range(depth):
        following: list[int] = []
        for node in layer:
            for action, after in tree.beyond(node):
                if world.succeeds(after):
                    return tree.plan(node, action)
                if len(tree) >= states:
                    return Plan(None, len(tree), decided=False)
                following.append(tree.add(node, action, after))
        if not following:
            break
        layer = following
    return Plan(None, len(tree), decided=not tree.cut)


def find_some_plan(world: World, values: list[Value], *, depth: int, states: int = STATES) -> Plan:
    """Search for a plan where a shortest one is out of reach.

    In a simple world relaxed plans show the way (see `QuickSearch`); elsewhere it is best first, by the milestones and
    conditions still unmet.

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
    if world.succeeds(values):
        return Plan((), 1, decided=True)
    quick = QuickSearch.of(world)
    found = None if quick is None else quick.some(values, depth=depth, states=states)
    if found is not None:
        return found
    tree = _Tree(world, values)
    heap = [(world.unmet(values), 0, 0)]
    while heap:
        _, steps, node = heapq.heappop(heap)
        if steps == depth:
            continue
        for action, after in tree.beyond(node):
            if world.succeeds(after):
                return tree.plan(node, action)
            if len(tree) >= states:
                return Plan(None, len(tree), decided=False)
            heapq.heappush(heap, (world.unmet(after), steps + 1, tree.add(node, action, after)))
    return Plan(None, len(tree), decided=False)


def identity(world: World) -> Callable[[list[Value]], Value]:
    """What tells states apart where only what has a bearing on the outcome counts: values → something hashable."""
    slots = sorted(relevant_slots(world))
    if not slots:
        return lambda _: None
    chosen, dumped = itemgetter(*slots), marshal.dumps
    # Equal for equal states only: as keys of Python's own, true would be 1.
    return lambda values: dumped(chosen(values), 0)
