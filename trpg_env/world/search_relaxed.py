"""How far the goal seems: a plan that forgets what actions undo.

The delete relaxation, and of it the plan that the FF planner takes for its measure (Hoffmann and Nebel, 2001): without
what actions undo, whatever was reached stays reached, and a plan for that easier world is found without searching. Its
length tells how far the goal is about, and its first actions which way to go.
"""

from trpg_env.world.search_bits import BitWorld


class Relaxation:
    """The relaxed plans of one world.

    Args:
        world: The world in bits.
    """

    def __init__(self, world: BitWorld) -> None:
        rules = world.rules
        numbers: dict[int, int] = {}
        needs = [
            tuple(numbers.setdefault(m, len(numbers)) for m in dict.fromkeys(rule.needs)) for rule in rules
        ]
        self._goal = tuple(numbers.setdefault(mask, len(numbers)) for mask in dict.fromkeys(world.goal))
        self._masks = tuple(numbers)
        self._needs = needs
        self._adds = [
            tuple(number for mask, number in numbers.items() if mask & rule.sets and number not in needs[i])
            for i, rule in enumerate(rules)
        ]
        users: list[list[int]] = [[] for _ in numbers]
        for i, needed in enumerate(needs):
            for number in needed:
                users[number].append(i)
        self._users = [tuple(of) for of in users]
        self._open = [len(needed) for needed in needs]
        self._free = [i for i, needed in enumerate(needs) if not needed]

    def plan(self, state: int) -> tuple[int, frozenset[int]] | None:
        """A relaxed plan from a state.

        Args:
            state: The state in bits.

        Returns:
            How many actions it has, and which of them (rules' numbers) can be done now; None where even the relaxed world
            has no plan, and so the world has none.
        """
        costs = [-1] * len(self._masks)
        makers = [-1] * len(self._masks)
        layer = [number for number, mask in enumerate(self._masks) if state & mask]
        for number in layer:
            costs[number] = 0
        missing = sum(costs[number] < 0 for number in self._goal)
        open_, ready = self._open.copy(), self._free.copy()
        while missing:
            for number in layer:
                for rule in self._users[number]:
                    open_[rule] -= 1
                    if not open_[rule]:
                        ready.append(rule)
            layer = self._reach(ready, costs, makers)
            if not layer:
                return None
            missing = sum(costs[number] < 0 for number in self._goal)
            ready = []
        return self._chosen(costs, makers)

    def _reach(self, ready: list[int], costs: list[int], makers: list[int]) -> list[int]:
        """What the rules that have become possible add; of several that add a thing, the one easiest to come by counts."""
        reached: dict[int, int] = {}
        for rule in ready:
            cost = 1 + sum([costs[number] for number in self._needs[rule]])
            for number in self._adds[rule]:
                if costs[number] < 0 and cost < reached.get(number, cost + 1):
                    reached[number] = cost
                    makers[number] = rule
        for number, cost in reached.items():
            costs[number] = cost
        return list(reached)

    def _chosen(self, costs: list[int], makers: list[int]) -> tuple[int, frozenset[int]]:
        """The rules that the goal's conditions come from, back to what holds now."""
        chosen: set[int] = set()
        waiting = list(self._goal)
        while waiting:
            number = waiting.pop()
            rule = makers[number]
            if costs[number] > 0 and rule not in chosen:
                chosen.add(rule)
                waiting += self._needs[rule]
        return len(chosen), frozenset(
            rule for rule in chosen if not any(costs[number] for number in self._needs[rule])
        )
