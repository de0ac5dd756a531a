"""Every state that can be reached from a start, and how far each is from the goal.

Where a script's world is small enough, it is explored once, forwards, and measured once, backwards from the goal; a plan
from any of its states is then looked up. The distances count on favourable luck, as plans do.
"""

from trpg_env.world.relevance import relevant_slots
from trpg_env.world.search import STATES, identity, outcomes
from trpg_env.world.values import Value
from trpg_env.world.world import World

_Step = tuple[Value, int, int, str]
"""From which state, the how-manieth action there, the how-manieth of its outcomes, the action's text."""


class Atlas:
    """The states that can be reached from a start.

    Args:
        world: The world.
        values: The values of the start.
        states: How many states are explored at most.

    Attributes:
        complete: Whether all states are on the map: there were no more than that, no action had more outcomes than are
            tried, and no turn was the script's last where the turn has a bearing. Then a state without a distance is one
            from which no luck leads to the goal.

    Raises:
        TooManyActions: The script has too many ground actions to explore.
        VerificationFailed: A pattern or code did not answer.
    """

    def __init__(self, world: World, values: list[Value], *, states: int = STATES) -> None:
        self._world = world
        self._identity = identity(world)
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

    def _explore(self, values: list[Value], states: int) -> tuple[list[Value], dict[Value, list[_Step]]]:
        """The goal's states, and for each state the steps that lead to it."""
        world, identity_of = self._world, self._identity
        # Where the turn has a bearing no two turns are one state, and there would be no end to them.
        last = world.script.max_turns if 0 in relevant_slots(world) else None
        start = identity_of(values)
        self._seen.add(start)
        waiting = [(start, values)]
        goals: list[Value] = []
        leading: dict[Value, list[_Step]] = {}
        for state, before in waiting:
            if world.succeeds(before):
                goals.append(state)
                continue
            if last is not None and before[0] >= last:
                self.complete = False
                continue
            for number, action in enumerate(world.admissible.now(before)):
                for outcome, after in enumerate(outcomes(world, before, action, self._cut)):
                    following = identity_of(after)
                    step = (state, number, outcome, action.text)
                    if following in leading:
                        leading[following].append(step)
                    else:
                        leading[following] = [step]
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

    def _measure(self, goals: list[Value], leading: dict[Value, list[_Step]]) -> None:
        """Find each state's distance, layer by layer back from the goal, and its next action.

        Of the steps that bring it as near, the first of the script is taken, and of its outcomes the first that is
        tried: what is found hangs on the state alone, and not on the start from which it was explored.
        """
        nearest: dict[Value, tuple[int, int, int, str, Value]] = {goal: (0, 0, 0, "", goal) for goal in goals}
        layer, distance = goals, 0
        while layer:
            distance += 1
            reached: dict[Value, tuple[int, int, int, str, Value]] = {}
            for state in layer:
                for before, number, outcome, action in leading.get(state, ()):
                    if before in nearest:
                        continue
                    found = reached.get(before)
                    if found is None or (number, outcome) < found[1:3]:
                        reached[before] = (distance, number, outcome, action, state)
            nearest |= reached
            layer = list(reached)
        self._next = {
            state: (d, action, following) for state, (d, _, _, action, following) in nearest.items()
        }
