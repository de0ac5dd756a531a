"""What never changes in a house of ALFWorld: its receptacles and objects, where they stand, and what can be done with them.

It is read from the facts by which a game's PDDL problem begins.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trpg_env.suites.data import DataError

_FACT = re.compile(r"\(\s*(\w+)((?:\s+\w+)*)\s*\)")
_NAME = re.compile(r"[a-z]+ [0-9]+")

Fact = tuple[str, ...]
"""A predicate and the PDDL names that it holds of, all in small letters."""


def read_facts(problem: str) -> list[Fact]:
    """The facts by which a problem begins; numbers, such as distances, are left out.

    Args:
        problem: The PDDL problem.

    Raises:
        DataError: It has no beginning.
    """
    start, goal = problem.find("(:init"), problem.find("(:goal")
    if not 0 <= start < goal:
        raise DataError("the problem has no (:init …) before its (:goal …)")
    found = _FACT.finditer(problem.lower(), start + len("(:init"), goal)
    return [(fact[1], *fact[2].split()) for fact in found if fact[1] != "distance"]


def numbered(ids: Iterable[str]) -> dict[str, str]:
    """What the player calls things, as ALFWorld numbers them where nothing is shuffled.

    PDDL's names are a kind and a position (`cabinet_bar__minus_01…`). The last of a kind in alphabetical order is number 1.

    Args:
        ids: PDDL's names.

    Returns:
        Of each name with a position, what the player calls it, in alphabetical order of PDDL's names.

    Example:
        >>> numbered({"mug_bar__plus_01", "mug_bar__minus_02", "agent1"})
        {'mug_bar__minus_02': 'mug 2', 'mug_bar__plus_01': 'mug 1'}
    """
    of_kind: dict[str, list[str]] = defaultdict(list)
    for one in sorted(ids):
        kind, bar, _ = one.partition("_bar_")
        if bar:
            of_kind[f"{kind}basin" if "basin" in one else kind].append(one)
    names = {
        one: f"{kind} {len(members) - place}"
        for kind, members in of_kind.items()
        for place, one in enumerate(members)
    }
    return dict(sorted(names.items()))


@dataclass(frozen=True)
class Layout:
    """What never changes in a house. Things are named as the player names them, in the order in which they are told.

    Attributes:
        receptacles: Where each receptacle stands: several may stand at one spot.
        objects: The objects, each with its kind, such as `mug`.
        kinds: The kind of each receptacle, such as `cabinet`.
        fits: Which kind of receptacle takes which kind of object.
        nested: What lies in an object that can hold others; nothing can be done with that.
        able: Of each property (`openable`, `pickupable`, `cleanable`, `heatable`, `coolable`, `toggleable`, `sliceable`), what has it.
    """

    receptacles: Mapping[str, str]
    objects: Mapping[str, str]
    kinds: Mapping[str, str]
    fits: frozenset[tuple[str, str]]
    nested: Mapping[str, tuple[str, ...]]
    able: Mapping[str, frozenset[str]]

    def can_be(self, name: str, able: str) -> bool:
        """Whether a thing has a property."""
        return name in self.able.get(able, ())

    def takes(self, receptacle: str, thing: str) -> bool:
        """Whether an object may lie in or on a receptacle."""
        return (self.kinds[receptacle], self.objects[thing]) in self.fits

    def objects_of(self, kind: str) -> list[str]:
        """The objects of a kind."""
        return [name for name, its in self.objects.items() if its == kind]

    def receptacles_of(self, kind: str) -> list[str]:
        """The receptacles of a kind."""
        return [name for name, its in self.kinds.items() if its == kind]


def read_layout(facts: Iterable[Fact]) -> tuple[Layout, list[Fact]]:
    """What never changes, and the facts in the player's names.

    Args:
        facts: The facts by which a game begins.

    Raises:
        DataError: They do not fit together.
    """
    facts = list(facts)
    names = numbered({one for fact in facts for one in fact[1:]})
    told = [(fact[0], *(names.get(one, one) for one in fact[1:])) for fact in facts]
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    able: dict[str, set[str]] = defaultdict(set)
    for fact in told:
        if len(fact) == 3:
            pairs[fact[0]].append((fact[1], fact[2]))
        elif len(fact) == 2:
            able[fact[0]].add(fact[1])
    places, kinds = dict(pairs["receptacleatlocation"]), dict(pairs["receptacletype"])
    objects = dict(pairs["objecttype"])
    if places.keys() != kinds.keys() or not all(map(_NAME.fullmatch, [*places, *objects])):
        raise DataError("the problem's receptacles do not each have a kind, a spot and a name")
    vessels: dict[str, list[str]] = {name: [] for name in able["isreceptacleobject"]}
    for inner, outer in pairs["inreceptacleobject"]:
        if outer in vessels:
            vessels[outer].append(inner)
    order = {name: place for place, name in enumerate(names.values())}

    def ordered(things: Iterable[str]) -> list[str]:
        return sorted(things, key=lambda name: order.get(name, 0))

    layout = Layout(
        receptacles={name: places[name] for name in ordered(places)},
        objects={name: objects[name].removesuffix("type") for name in ordered(objects)},
        kinds={name: kinds[name].removesuffix("type") for name in ordered(kinds)},
        fits=frozenset(
            (one.removesuffix("type"), other.removesuffix("type")) for one, other in pairs["cancontain"]
        ),
        nested={name: tuple(ordered(inner)) for name, inner in vessels.items()},
        able={what: frozenset(things) for what, things in able.items()},
    )
    return layout, told
