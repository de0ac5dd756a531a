"""A house of ALFWorld as it is played: what can be done, what comes of it, and how it is told.

It keeps the rules of ALFWorld's PDDL domain and the texts of its grammar, which are the same in all of its games, so neither a planner
nor the code in a game's grammar is run. Tests hold it against TextWorld's own play of the same games.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from trpg_env.suites.alfworld.actions import Action
from trpg_env.suites.alfworld.layout import Fact, Layout
from trpg_env.suites.data import DataError

MARKS = ("opened", "isclean", "ishot", "iscool", "istoggled", "issliced")
"""What a thing may come to be, as the PDDL domain calls it."""

DONE = {"clean": "isclean", "heat": "ishot", "cool": "iscool"}
"""What an object that is treated so comes to be."""


def told_list(things: Iterable[str]) -> str:
    """Things as the games list them.

    Example:
        >>> told_list(["mug 2", "mug 1"])
        'a mug 2, and a mug 1'
    """
    *first, last = [f"a {name}" for name in things] or ["nothing"]
    return f"{', '.join(first)}, and {last}" if first else last


class House:
    """A house in play.

    Attributes:
        layout: What never changes.
        spot: Where the player is.
        held: What the player carries.
        inside: What is in or on which receptacle.
        lying: What lies at which spot, whether in a receptacle or beside it.
        marks: Of each of `MARKS`, what bears it.

    Args:
        layout: What never changes.
        facts: The facts by which the game begins, in the player's names.

    Raises:
        DataError: Nobody is told to be anywhere.
    """

    def __init__(self, layout: Layout, facts: Iterable[Fact]) -> None:
        holding: dict[tuple[str, int], list[Fact]] = defaultdict(list)
        for fact in facts:
            holding[fact[0], len(fact) - 1].append(fact)
        self.layout = layout
        self.held: str | None = None
        self.marks = {mark: {fact[1] for fact in holding[mark, 1]} for mark in MARKS}
        self.inside = {(fact[1], fact[2]) for fact in holding["inreceptacle", 2]}
        self.lying = {(fact[1], fact[2]) for fact in holding["objectatlocation", 2]}
        if not holding["atlocation", 2]:
            raise DataError("the problem does not say where the player is")
        self.spot = holding["atlocation", 2][0][2]

    def here(self, receptacle: str) -> bool:
        """Whether the player is at a receptacle."""
        return self.layout.receptacles[receptacle] == self.spot

    def shut(self, receptacle: str) -> bool:
        """Whether a receptacle is closed."""
        return self.layout.can_be(receptacle, "openable") and receptacle not in self.marks["opened"]

    def contents(self, receptacle: str) -> list[str]:
        """What is in or on a receptacle, in the order in which it is told."""
        return [name for name in self.layout.objects if (name, receptacle) in self.inside]

    def homes(self, name: str) -> list[str]:
        """The receptacles that an object is in or on; now and then there are two."""
        return [one for one in self.layout.receptacles if (name, one) in self.inside]

    def do(self, action: Action) -> str:
        """Carry out an action that nothing speaks against.

        Returns:
            What the player is told.
        """
        carry_out: dict[str, Callable[..., str]] = {
            "go": self._go,
            "open": self._open,
            "close": self._close,
            "take": self._take,
            "move": self._move,
            "use": self._use,
            "heat": partial(self._treat, "heat"),
            "cool": partial(self._treat, "cool"),
            "clean": partial(self._treat, "clean"),
            "slice": self._slice,
            "examine": self._examine,
            "inventory": self._inventory,
        }
        return carry_out[action.name](**action.values)

    def view(self, receptacle: str) -> str:
        """How a receptacle is told."""
        if self.shut(receptacle):
            return f"The {receptacle} is closed."
        if self.layout.can_be(receptacle, "openable"):
            return f"The {receptacle} is open. In it, you see {told_list(self.contents(receptacle))}."
        return f"On the {receptacle}, you see {told_list(self.contents(receptacle))}."

    def _go(self, recep: str) -> str:
        self.spot = self.layout.receptacles[recep]
        return f"You arrive at {recep}. {self.view(recep)}"

    def _open(self, recep: str) -> str:
        self.marks["opened"].add(recep)
        return f"You open the {recep}. {self.view(recep)}"

    def _close(self, recep: str) -> str:
        self.marks["opened"].discard(recep)
        return f"You close the {recep}."

    def _take(self, obj: str, recep: str) -> str:
        self.inside.discard((obj, recep))
        self.lying.discard((obj, self.spot))
        self.held = obj
        return f"You pick up the {obj} from the {recep}."

    def _move(self, obj: str, recep: str) -> str:
        self.inside.add((obj, recep))
        self.lying.add((obj, self.spot))
        self.held = None
        return f"You move the {obj} to the {recep}."

    def _use(self, obj: str) -> str:
        self.marks["istoggled"].add(obj)
        return f"You turn on the {obj}."

    def _treat(self, how: str, obj: str, recep: str) -> str:
        self.marks[DONE[how]].add(obj)
        if how != "clean":
            self.marks[DONE["cool" if how == "heat" else "heat"]].discard(obj)
        return f"You {how} the {obj} using the {recep}."

    def _slice(self, obj: str, tool: str) -> str:
        self.marks["issliced"].add(obj)
        return f"You sliced the {obj} with the {tool}."

    def _inventory(self) -> str:
        return f"You are carrying: a {self.held}." if self.held else "You are not carrying anything."

    def _examine(self, thing: str) -> str:
        if thing in self.layout.receptacles:
            return self.view(thing)
        if thing in self.layout.nested:
            return f"This is a normal {thing}. In it, you see {told_list(self.layout.nested[thing])}."
        is_ = {mark for mark, things in self.marks.items() if thing in things}
        sliced = "sliced " * ("issliced" in is_)
        words = ["hot"] * ("ishot" in is_) or ["cool"] * ("iscool" in is_)
        words += ["clean"] * ("isclean" in is_)
        if words:
            words = ["cold"] if words == ["cool"] and not sliced else words
            return f"This is a {' and '.join(words)} {sliced}{thing}."
        if "istoggled" in is_:
            return f"This {thing} is on."
        return f"This is a {sliced}{thing}." if sliced else f"There's nothing special about {thing}."

    def state(self) -> str:
        """All that can change, in an order that hangs on nothing else."""
        kept: tuple[Any, ...] = (self.inside, self.lying, *self.marks.values())
        return repr((self.spot, self.held, *(sorted(one) for one in kept)))
