"""A world as bits, where all that has a bearing on the goal is simple enough: the ground for fast searches.

It is where every condition asks for one variable at a time (an attribute, or what stands at a key of one), every effect
sets one to a value that is written out, and nothing is left to chance, to the turn or to events. A state is then a whole
number with one bit set for each variable's value, and an action a few masks. A world that is not simple is none at all:
what is found in bits is exactly what the world itself does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trpg_env.world.code import OUTSIDE
from trpg_env.world.grounding import GroundAction
from trpg_env.world.search_paths import Place, dig
from trpg_env.world.search_reading import SCALARS, Condition, Key, Reading, conjuncts
from trpg_env.world.values import Value, put
from trpg_env.world.world import World


@dataclass(frozen=True, slots=True)
class Rule:
    """A ground action in bits.

    Attributes:
        action: The action.
        needs: A mask for each condition: one of its bits is set.
        clears: The bits of the variables that the action sets.
        sets: The bits of the values that they then have.
    """

    action: GroundAction
    needs: tuple[int, ...]
    clears: int
    sets: int


class _Branch:
    """The rules that are possible once the conditions down to here hold, and further conditions."""

    __slots__ = ("branches", "rules")

    def __init__(self) -> None:
        self.rules: list[int] = []
        self.branches: list[tuple[int, _Branch]] = []


class BitWorld:
    """A simple world.

    Args:
        world: The world.

    Attributes:
        rules: What can be done and has a bearing on the goal, in script order.
        goal: A mask for each completion condition: one of its bits is set where it holds.

    Raises:
        NotSimple: It is not simple.
        TooManyActions: It has too many ground actions to list.
        VerificationFailed: A pattern or code did not answer.
    """

    def __init__(self, world: World) -> None:
        reading = Reading(world)
        drafts = [
            (action, *found)
            for action in world.admissible.actions
            if (found := reading.action(action)) is not None
        ]
        goal = [
            reading.condition(node, {})
            for condition in world.program.completion
            if condition.when is not None
            for node in conjuncts(condition.when)
        ]
        failure = [reading.condition(c.when, {}) for c in world.program.failure if c.when is not None]
        self._bits = _Bits(reading)
        masks = self._bits.mask
        self.rules = tuple(
            Rule(action, tuple(map(masks, needs)), *self._bits.assigned(settings))
            for action, needs, settings in drafts
        )
        # A condition that always holds asks for nothing, one that never does for a bit that is never set.
        self.goal = tuple(masks(c) if isinstance(c, Condition) else 0 for c in goal if c is not True)
        self._failure = tuple(masks(c) if isinstance(c, Condition) else -1 for c in failure if c is not False)
        self._tree = _tree(self.rules)

    def state(self, values: list[Value]) -> int | None:
        """A state in bits; None where a variable has a value that no rule and no start ever gives it."""
        return self._bits.state(values)

    def succeeds(self, state: int) -> bool:
        """Whether the goal is reached in a state."""
        for mask in self.goal:
            if not state & mask:
                return False
        return not self.fails(state)

    def fails(self, state: int) -> bool:
        """Whether a state ends the episode without success."""
        for mask in self._failure:  # noqa: SIM110 - a generator would cost more than the conditions
            if state & mask:
                return True
        return False

    def beyond(self, state: int) -> list[tuple[int, int]]:
        """What can be done in a state: each rule's number and the state that it leads to, in script order."""
        found: list[int] = []
        _collect(self._tree, state, found)
        found.sort()
        return [(rule, self.after(state, rule)) for rule in found]

    def after(self, state: int, rule: int) -> int:
        """The state that a rule, by its number, leads to."""
        done = self.rules[rule]
        return state & ~done.clears | done.sets


def _tree(rules: Iterable[Rule]) -> _Branch:
    """The rules by their conditions, those that most of them share at the root."""
    listed = list(rules)
    uses = Counter(mask for rule in listed for mask in set(rule.needs))
    order = {mask: place for place, (mask, _) in enumerate(uses.most_common())}
    root = _Branch()
    inner: dict[tuple[int, int], _Branch] = {}
    for i, rule in enumerate(listed):
        branch = root
        for mask in sorted(set(rule.needs), key=order.__getitem__):
            following = inner.get((id(branch), mask))
            if following is None:
                following = inner[id(branch), mask] = _Branch()
                branch.branches.append((mask, following))
            branch = following
        branch.rules.append(i)
    return root


def _collect(branch: _Branch, state: int, found: list[int]) -> None:
    found += branch.rules
    for mask, following in branch.branches:
        if state & mask:
            _collect(following, state, found)


class _Bits:
    """Which bit is which variable's which value."""

    def __init__(self, reading: Reading) -> None:
        self._start = reading.world.layout.start
        self._numbers: dict[Place, dict[Key, int]] = {}
        number = 0
        for place, values in reading.values.items():
            self._numbers[place] = {key: 1 << number + i for i, key in enumerate(values)}
            number += len(values)
        self._masks: dict[Condition, int] = {}

    def mask(self, condition: Condition) -> int:
        """The bits of the values for which a condition holds."""
        mask = self._masks.get(condition)
        if mask is None:
            slot, keys = condition.place
            probe = list(self._start)
            mask = 0
            for (_, value), bit in self._numbers[condition.place].items():
                probe[slot] = put(self._start[slot], keys, value)
                if condition.run(probe, OUTSIDE):
                    mask |= bit
            self._masks[condition] = mask
        return mask

    def assigned(self, settings: Mapping[Place, Value]) -> tuple[int, int]:
        """The bits that an action clears, and those that it sets."""
        clears = sets = 0
        for place, value in settings.items():
            numbers = self._numbers[place]
            clears |= sum(numbers.values())
            sets |= numbers[value.__class__, value]
        return clears, sets

    def state(self, values: list[Value]) -> int | None:
        state = 0
        for (slot, keys), numbers in self._numbers.items():
            value = dig(values[slot], keys)
            bit = numbers.get((value.__class__, value)) if value.__class__ in SCALARS else None
            if bit is None:
                return None
            state |= bit
        return state
