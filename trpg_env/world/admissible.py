"""Which ground actions would be carried out now.

The conditions of all ground actions are laid out as a tree, those that most actions share at its root: where
`near(fridge)` is false, no action on the fridge is looked at further. The order in which conditions are tried
makes no difference to whether all of them hold, since conditions change nothing and always have a value.
"""

from collections import Counter
from functools import cached_property

from trpg_env.world.code import OUTSIDE, Function
from trpg_env.world.grounding import GroundAction, Grounder
from trpg_env.world.resolution import Resolver
from trpg_env.world.values import Value


class _Branch:
    """The actions that are possible once the conditions down to here hold, and further conditions."""

    __slots__ = ("actions", "branches")

    def __init__(self) -> None:
        self.actions: list[int] = []
        self.branches: list[tuple[Function, _Branch]] = []


class Admissible:
    """Lists the ground actions of one program that would be carried out in a state."""

    def __init__(self, grounder: Grounder, resolver: Resolver) -> None:
        self._grounder = grounder
        self._resolver = resolver

    @cached_property
    def actions(self) -> tuple[GroundAction, ...]:
        """All ground actions whose own text means them (or may, where code decides), in script order.

        Raises:
            TooManyActions: There are too many to list.
            VerificationFailed: A pattern or code did not answer.
        """
        found = list(self._grounder.all())
        self._resolver.prepare([action.text for action in found])
        kept: dict[str, GroundAction] = {}
        for action in found:
            if self._resolver.is_open(action.text):
                kept.setdefault(action.text, action)
                continue
            meaning = self._resolver.resolve(action.text, [])
            if isinstance(meaning, GroundAction) and _same(meaning, action):
                kept.setdefault(action.text, action)
        return tuple(kept.values())

    @cached_property
    def _open(self) -> frozenset[int]:
        return frozenset(i for i, action in enumerate(self.actions) if self._resolver.is_open(action.text))

    @cached_property
    def _tree(self) -> _Branch:
        possible = [
            (i, list(dict.fromkeys(c.run for c in action.conjuncts)))
            for i, action in enumerate(self.actions)
            if not any(c.constant for c in action.conjuncts)
        ]
        uses = Counter(run for _, runs in possible for run in runs)
        order = {run: place for place, (run, _) in enumerate(uses.most_common())}
        root = _Branch()
        inner: dict[tuple[int, Function], _Branch] = {}
        for i, runs in possible:
            branch = root
            for run in sorted(runs, key=order.__getitem__):
                following = inner.get((id(branch), run))
                if following is None:
                    following = inner[id(branch), run] = _Branch()
                    branch.branches.append((run, following))
                branch = following
            branch.actions.append(i)
        return root

    def now(self, values: list[Value]) -> list[GroundAction]:
        """The ground actions that would be carried out in a state, in script order.

        Args:
            values: The state's values.

        Raises:
            TooManyActions: There are too many to list.
            VerificationFailed: A pattern or code did not answer.
        """
        found: list[int] = []
        _collect(self._tree, values, found)
        found.sort()
        actions = self.actions
        if self._open:
            found = [i for i in found if i not in self._open or self._means(actions[i], values)]
        return [actions[i] for i in found]

    def _means(self, action: GroundAction, values: list[Value]) -> bool:
        meaning = self._resolver.resolve(action.text, values)
        return isinstance(meaning, GroundAction) and _same(meaning, action)


def _collect(branch: _Branch, values: list[Value], found: list[int]) -> None:
    found += branch.actions
    for holds, following in branch.branches:
        if holds(values, OUTSIDE):
            _collect(following, values, found)


def _same(a: GroundAction, b: GroundAction) -> bool:
    return a.action is b.action and a.parameters == b.parameters
