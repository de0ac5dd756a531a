"""Every state that can be reached from a start, and how far each is from the goal.

Where a script's world is small enough, it is explored once, forwards, and measured once, backwards from the goal; a plan
from any of its states is then looked up. The distances count on favourable luck, as plans do.
"""

from collections.abc import Callable

from trpg_env.world.search import STATES, identity, outcomes
from trpg_env.world.values import Value
from trpg_env.world.world import World


class Atlas:
    """The states that can be reached from a start.

    Args:
        world: The world.
        values: The values of the start.
        states: How many states are explored at most.
        identity_of: What tells states apart, where it is known already (see `identity`).

    Attributes:
        complete: Whether there were no more states than that, and no action had more outcomes than are tried: then a
            state without a distance is one from which no luck leads to the goal.

    Raises:
        TooManyActions: The script has too many ground actions to explore.
        VerificationFailed: A pattern or code did not answer.
    """

    def __init__(
        self,
        world: World,
        values: list[Value],
        *,
        states: int = STATES,
        identity_of: Callable[[list[Value]], Value] | None = None,
    ) -> None:
        self._world = world
        self._identity = identity_of or identity(world)
        self.complete = True
        self._next: dict[Value, tuple[int, str, Value]] = {}
        """State → its distance, the next action of a shortest plan, the state that it leads to."""
        self._seen: set[Value] = set()
        self._measure(*self._explore(values, states))

    def __contains__(self, values: list[Value]) -> bool:
        """Whether a state is on the map."""
        return self._identity(values) in self._seen

    def __len__(self) -> int:
        return len(self._seen)

    def distance(self, values: list[Value]) -> int | None:
        """How many actions a shortest plan has; None where none is known."""
        found = self._next.get(self._identity(values))
        return None if found is None else found[0]

    def plan(self, values: list[Value], most: int | None = None) -> tuple[tuple[str, ...], int] | None:
        """A shortest plan from a state.

        Args:
            values: The state's values.
            most: How many of its actions are wanted at most; all where left out.

        Returns:
            Its first actions, and how many it has in all; none where there is no plan or the goal is reached. None for
            a state that is not on the map.
        """
        state = self._identity(values)
        found = self._next.get(state)
        if found is None:
            return ((), 0) if state in self._seen else None
        length, actions = found[0], []
        for _ in range(length if most is None else min(most, length)):
            _, action, state = self._next[state]
            actions.append(action)
        return tuple(actions), length

    def _explore(
        self, values: list[Value], states: int
    ) -> tuple[list[Value], dict[Value, list[tuple[Value, int, str]]]]:
        """The goal's states, and for each state the actions that lead to it: from where, the how-manieth there, its text."""
        world, identity_of = self._world, self._identity
        start = identity_of(values)
        self._seen.add(start)
        waiting = [(start, values)]
        goals: list[Value] = []
        leading: dict[Value, list[tuple[Value, int, str]]] = {}
        for state, before in waiting:
            if world.succeeds(before):
                goals.append(state)
                continue
            if before[0] >= world.script.max_turns:
                continue
            for number, action in enumerate(world.admissible.now(before)):
                for after in outcomes(world, before, action, self._cut):
                    following = identity_of(after)
                    leading.setdefault(following, []).append((state, number, action.text))
                    if following not in self._seen:
                        if len(self._seen) >= states:
                            self.complete = False
                            return [], {}
                        self._seen.add(following)
                        if not world.fails(after):
                            waiting.append((following, after))
        return goals, leading

    def _cut(self) -> None:
        self.complete = False

    def _measure(self, goals: list[Value], leading: dict[Value, list[tuple[Value, int, str]]]) -> None:
        nearest = {goal: (0, 0, "", goal) for goal in goals}
        layer, distance = goals, 0
        while layer:
            distance += 1
            reached: dict[Value, tuple[int, int, str, Value]] = {}
            for state in layer:
                for before, number, action in leading.get(state, ()):
                    if before in nearest:
                        continue
                    # Of the actions that lead there as fast, the first of the script is taken.
                    found = reached.get(before)
                    if found is None or number < found[1]:
                        reached[before] = (distance, number, action, state)
            nearest |= reached
            layer = list(reached)
        self._next = {state: (d, action, following) for state, (d, _, action, following) in nearest.items()}
