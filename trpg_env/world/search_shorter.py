"""Making a plan shorter: from each of its states, what a small search shows to be nearer."""

from collections.abc import Sequence

from trpg_env.world.search_bits import BitWorld
from trpg_env.world.search_nodes import Nodes


def shortened(world: BitWorld, start: int, rules: Sequence[int], states: int) -> list[int]:
    """A plan with its detours cut.

    Args:
        world: The world in bits.
        start: The state that the plan begins in.
        rules: The plan: rules' numbers.
        states: How many states are looked at, about, in all.
    """
    plan = list(rules)
    budget = max(1, states // max(1, len(plan)))
    i = 0
    while i < len(plan):
        cut = _cut(world, _path(world, start, plan), i, budget)
        if cut is not None:
            instead, until = cut
            plan = [*plan[:i], *instead, *plan[until:]]
        i += 1
    return plan


def _cut(world: BitWorld, path: Sequence[int], i: int, budget: int) -> tuple[list[int], int] | None:
    """The best short cut from a plan's state: its rules, and how many of the plan's own are behind it then."""
    last = len(path) - 1
    later = {state: j for j, state in enumerate(path) if j > i}
    nodes = Nodes(path[i])
    best, saved = None, 0
    first, beyond, depth = 0, 1, 0
    while first < beyond and len(nodes) < budget and last - i - depth - 1 > saved:
        depth += 1
        for node in range(first, beyond):
            for rule, after in nodes.beyond(world, node):
                j = last if world.succeeds(after) else later.get(after, 0)
                if j - i - depth > saved:
                    best, saved = ([*nodes.rules_to(node), rule], j), j - i - depth
                nodes.add(node, rule, after)
        first, beyond = beyond, len(nodes)
    return best


def _path(world: BitWorld, state: int, plan: Sequence[int]) -> list[int]:
    path = [state]
    for rule in plan:
        state = world.after(state, rule)
        path.append(state)
    return path
