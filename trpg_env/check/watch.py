"""A world that notes what comes to pass in it, so that a search tells more than whether there is a plan."""

import json
from collections.abc import Sequence
from typing import Literal

from trpg_env.sandbox import Sandbox
from trpg_env.script.model import Script
from trpg_env.world import Fate, GroundAction, World
from trpg_env.world.admissible import Admissible
from trpg_env.world.code import OUTSIDE, Function
from trpg_env.world.search import MAX_OUTCOMES, STATES
from trpg_env.world.statements import Turn
from trpg_env.world.values import Value, plain

_COST_OF_CODE = 20
_SLOTS_AT_THE_PRICE_OF_ONE = 100
_LISTED_AT_THE_PRICE_OF_ONE = 20


class Spent(Exception):
    """The budget of transitions is used up: a question is left open, nothing is wrong."""


What = tuple[Literal["action", "event", "place", "milestone", "completion", "precondition"], int | str]
"""Something that can come to pass, by its index or name."""


class WatchedWorld(World):
    """A world that counts its transitions and notes what comes to pass.

    Attributes:
        budget: How many transitions may still be made; `transition` raises `Spent` when there are none.
        states: How many states one search may look at.
        cut: Whether an action had more outcomes than a search looks at.
        noted: What came to pass so far: actions carried out, events fired, places visited, conditions that held.
        watched: The conditions, any of which is noted where it holds in a state.
    """

    def __init__(self, script: Script, sandbox: Sandbox) -> None:
        super().__init__(script, sandbox)
        self.budget = 0
        self.cut = False
        self.noted: set[What] = set()
        self.watched: dict[What, Sequence[Function]] = {
            **{("milestone", i): [holds] for i, holds in enumerate(self._milestones)},
            **{("completion", i): [holds] for i, holds in self._completion},
        }
        self.admissible = _Charged(self)
        self._at = self.layout.slots.get("at", {})
        self._place_names = frozenset(self.program.places)
        # Large states take longer to copy and compare. Code that reads the state is asked anew in each state, and
        # its answer takes as long as many transitions.
        size = 1 + len(self.layout.names) // _SLOTS_AT_THE_PRICE_OF_ONE
        self._price = size + (_COST_OF_CODE if self.resolver.reads_state else 0)
        self.states = STATES // self._price
        self._last: tuple[list[Value], GroundAction] | None = None
        self._outcomes = 0

    @property
    def walks(self) -> bool:
        """Whether the player is anywhere, or may come to be."""
        return "player" in self._at

    def spend(self, amount: int) -> None:
        """Take from the budget.

        Args:
            amount: How much, in transitions.

        Raises:
            Spent: There is not so much left.
        """
        self.budget -= amount
        if self.budget < 0:
            raise Spent

    def transition(self, values: list[Value], action: GroundAction, fate: Fate) -> list[Value]:
        """The values after an action that can be carried out, as `World` has it, with what happens noted.

        Args:
            values: The values before.
            action: The action.
            fate: Decides the turn's chances.

        Raises:
            Spent: The budget is used up.
        """
        self.spend(self._price)
        self._count_outcomes(values, action)
        turn = Turn(fate, [], None)
        values = values.copy()
        values[0] += 1
        action.effects(values, OUTSIDE, turn)
        for i, (when, effects, _) in enumerate(self._events):
            if when(values, OUTSIDE):
                self.noted.add(("event", i))
                effects(values, OUTSIDE, turn)
        self.noted.add(("action", action.action.index))
        self.note(values)
        return values

    def _count_outcomes(self, values: list[Value], action: GroundAction) -> None:
        if self._last is not None and self._last[0] is values and self._last[1] is action:
            self._outcomes += 1
            self.cut = self.cut or self._outcomes >= MAX_OUTCOMES
        else:
            self._last, self._outcomes = (values, action), 1

    def note(self, values: list[Value]) -> None:
        """Note what holds in a state.

        Args:
            values: The state's values.
        """
        for what, conditions in self.watched.items():
            if what not in self.noted and any(holds(values, OUTSIDE) for holds in conditions):
                self.noted.add(what)
        where: Value = "player"
        for _ in range(len(self._at) + 1):
            slot = self._at.get(where) if isinstance(where, str) else None
            if slot is None:
                break
            where = values[slot]
            if where in self._place_names:
                self.noted.add(("place", where))
                break

    def describe(self, variations: list[int]) -> str:
        """Which variations are meant, to end a sentence with; nothing where the script has none.

        Args:
            variations: Their numbers.
        """
        if self.program.variation_count == 1:
            return ""
        first = variations[0]
        settings = [
            f"{'.'.join([s.entity, s.attribute, *map(str, s.keys)])} = {_json(s.value)}"
            for s in self.settings(first)
        ]
        more = f" and in {len(variations) - 1} more" if len(variations) > 1 else ""
        return f" in variation {first} ({', '.join(settings)[:200]}){more}"


def _json(value: Value) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


class _Charged(Admissible):
    """Lists what is possible at a price: where there are very many actions, that takes longer than carrying out a few."""

    def __init__(self, world: WatchedWorld) -> None:
        super().__init__(world.grounder, world.resolver)
        self._world = world

    def now(self, values: list[Value]) -> list[GroundAction]:
        self._world.spend(len(self.actions) // _LISTED_AT_THE_PRICE_OF_ONE)
        return super().now(values)
