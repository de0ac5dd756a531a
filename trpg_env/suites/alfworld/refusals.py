"""Why an action cannot be carried out in a house of ALFWorld: the preconditions of its PDDL domain, one by one."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from trpg_env.suites.alfworld.actions import Action
from trpg_env.suites.alfworld.house import House

KNIVES = frozenset({"knife", "butterknife"})
APPLIANCES = {
    "clean": ("cleanable", "sinkbasin"),
    "heat": ("heatable", "microwave"),
    "cool": ("coolable", "fridge"),
}
"""What must be able to be treated so, and the kind of receptacle that does it. It need not be open for that."""


class Refusal(NamedTuple):
    """Why an action cannot be carried out.

    Attributes:
        kind: `place` where the player would have to be elsewhere, else `logic`.
        message: Why, in a sentence.
    """

    kind: Literal["place", "logic"]
    message: str


def refusal(house: House, action: Action) -> Refusal | None:
    """Why an action cannot be carried out now; None where it can be.

    Args:
        house: Where.
        action: An action of which each value is a thing of the right sort.
    """
    name, values = action
    receptacle, thing = values.get("recep", ""), values.get("obj", "")
    if name == "go":
        return _logic(f"You are at {receptacle} already.") if house.here(receptacle) else None
    if receptacle and not house.here(receptacle):
        return Refusal("place", f"You are not at {receptacle}.")
    if name in ("open", "close"):
        found = _of_doors(house, name, receptacle)
    elif name == "take":
        found = _of_taking(house, thing, receptacle)
    elif name == "move":
        found = _of_putting(house, thing, receptacle)
    elif name in APPLIANCES:
        found = _of_treating(house, name, thing, receptacle)
    elif name == "use":
        found = _of_use(house, thing)
    elif name == "slice":
        found = _of_slicing(house, thing, values["tool"])
    elif name == "examine":
        found = _of_looking(house, values["thing"])
    else:
        return None
    return next(found, None)


def _logic(message: str) -> Refusal:
    return Refusal("logic", message)


def _of_doors(house: House, name: str, receptacle: str) -> Iterator[Refusal]:
    if not house.layout.can_be(receptacle, "openable"):
        yield _logic(f"{receptacle} cannot be opened or closed.")
    elif house.shut(receptacle) != (name == "open"):
        yield _logic(f"{receptacle} is {'open' if name == 'open' else 'closed'} already.")


def _of_taking(house: House, thing: str, receptacle: str) -> Iterator[Refusal]:
    if house.shut(receptacle):
        yield _logic(f"{receptacle} is closed.")
    if (thing, receptacle) not in house.inside:
        yield _logic(f"{thing} is not in or on {receptacle}.")
    if house.held is not None:
        yield _logic(f"You carry {house.held} already.")
    if not house.layout.can_be(thing, "pickupable"):
        yield _logic(f"{thing} cannot be picked up.")


def _of_putting(house: House, thing: str, receptacle: str) -> Iterator[Refusal]:
    if house.shut(receptacle):
        yield _logic(f"{receptacle} is closed.")
    if house.held != thing:
        yield _logic(f"You do not carry {thing}.")
    if not house.layout.takes(receptacle, thing):
        yield _logic(f"{thing} does not fit into or onto {receptacle}.")


def _of_treating(house: House, name: str, thing: str, receptacle: str) -> Iterator[Refusal]:
    able, kind = APPLIANCES[name]
    if house.layout.kinds[receptacle] != kind:
        yield _logic(f"{receptacle} is nothing to {name} things with.")
    if house.held != thing:
        yield _logic(f"You do not carry {thing}.")
    if not house.layout.can_be(thing, able):
        yield _logic(f"{thing} is nothing to {name}.")


def _of_use(house: House, thing: str) -> Iterator[Refusal]:
    if not house.layout.can_be(thing, "toggleable"):
        yield _logic(f"{thing} cannot be turned on.")
    yield from _of_reach(house, thing, house.homes(thing))


def _of_slicing(house: House, thing: str, tool: str) -> Iterator[Refusal]:
    if house.held != tool:
        yield _logic(f"You do not carry {tool}.")
    if house.layout.objects[tool] not in KNIVES:
        yield _logic(f"{tool} is no knife.")
    if not house.layout.can_be(thing, "sliceable"):
        yield _logic(f"{thing} cannot be sliced.")
    if (thing, house.spot) not in house.lying:
        yield Refusal("place", f"{thing} is not here.")


def _of_looking(house: House, thing: str) -> Iterator[Refusal]:
    if thing in house.layout.receptacles:
        yield from _of_reach(house, thing, [thing])
    elif thing != house.held:
        # A comma in the domain's list of parameters keeps what lies about from ever being examined.
        yield _logic(f"You do not carry {thing}.")


def _of_reach(house: House, thing: str, homes: Iterable[str]) -> Iterator[Refusal]:
    if not any(map(house.here, homes)):
        yield Refusal("place", f"{thing} is not here.")
