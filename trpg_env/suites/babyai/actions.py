"""The actions that AgentBoard offers in BabyAI, each with the moves it stands for, and why any other cannot be done.

Things of the same name are numbered as they are seen, the nearest first, but in `go to` and `pickup` only as far as there is a way to them:
an oddity of AgentBoard's.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trpg_env.envs.game import ErrorKind
from trpg_env.suites.babyai.board import DROP, FORWARD, LEFT, PICKUP, RIGHT, TOGGLE, Thing
from trpg_env.suites.babyai.view import Scene, Sight
from trpg_env.suites.babyai.ways import Ways

CHECK = "check available actions"
"""Tells what can be done."""

_COLORS = "red|green|blue|purple|yellow|grey"
_ACTION = re.compile(
    rf"(toggle and go through|go through|go to|pickup) ((?:{_COLORS}) (?:(?:open|closed|locked) door|key|ball|box) [1-9][0-9]?)"
)
_PLAIN = ("turn left", "turn right", "move forward", "drop", "toggle", CHECK)


def offered(seen: Scene) -> dict[str, list[int]]:
    """The actions that AgentBoard offers, in its order, and the moves that each stands for."""
    ways = Ways(seen)
    barrier, carried = seen.barrier(), seen.carried
    actions = {"turn left": [LEFT], "turn right": [RIGHT]}
    if barrier is None or barrier[1] > 1:
        actions["move forward"] = [FORWARD]
    if carried is None:
        for name, moves in _numbered("pickup", (one for one in seen.things if one.thing.portable), ways):
            actions[name] = [*moves, PICKUP]
    elif seen.front is None or not seen.front.solid:
        actions["drop"] = [DROP]
    for one in seen.things:
        _through(actions, one, carried, ways)
    actions.update(_numbered("go to", seen.things, ways))
    actions[CHECK] = []
    return actions


def _numbered(verb: str, seen: Iterable[Sight], ways: Ways) -> Iterator[tuple[str, list[int]]]:
    """Actions on those of some things that can be reached; only these are counted."""
    counts: dict[str, int] = {}
    for one in seen:
        moves = ways.to(one)
        if moves is not None:
            number = counts[one.thing.name] = counts.get(one.thing.name, 0) + 1
            yield f"{verb} {one.thing.name} {number}", moves


def _through(actions: dict[str, list[int]], one: Sight, carried: Thing | None, ways: Ways) -> None:
    """Add what can be done about a door."""
    door = one.thing
    if door.state == "open":
        moves = ways.onto(one)
        if moves is not None:
            actions[f"go through {door.name} {one.number}"] = moves
    elif door.opened_with(carried):
        moves = ways.to(one)
        if moves is not None:
            actions[f"toggle and go through {door.name} {one.number}"] = [*moves, TOGGLE, FORWARD]
            if not moves:
                actions["toggle"] = [TOGGLE]


class Wrong(NamedTuple):
    """Why an action is not carried out."""

    kind: ErrorKind
    message: str


def read(action: str) -> tuple[str, str]:
    """The verb and the thing of an action, as AgentBoard writes them; `pick up` is read as `pickup`.

    Args:
        action: Any text.

    Returns:
        Both are empty where it is no action; the thing is where the verb stands alone.

    Example:
        >>> read("Pick up red ball 1")
        ('pickup', 'red ball 1')
    """
    text = action.lower().strip()
    if "check" in text:  # as AgentBoard has it
        return CHECK, ""
    if text in _PLAIN:
        return text, ""
    if text.startswith("pick up "):
        text = "pickup " + text.removeprefix("pick up ")
    found = _ACTION.fullmatch(text)
    return (found[1], found[2]) if found else ("", "")


def wrong(verb: str, named: str, seen: Scene) -> Wrong:
    """Why an action that is not offered is not.

    Args:
        verb: What `read` gave: the verb …
        named: … and the thing.
        seen: What is seen.
    """
    carried = seen.carried
    if not verb:
        return Wrong(
            "parameter", "There is no such action: check available actions tells those that can be done."
        )
    if verb == "move forward":
        return Wrong("logic", f"You cannot move forward: there is a {_front(seen)} in front of you.")
    if verb == "toggle":
        return Wrong("logic", "There is no door right in front of you that you could open.")
    if verb == "drop":
        why = "you carry nothing" if carried is None else f"there is a {_front(seen)} in front of you"
        return Wrong("logic", f"You cannot drop anything: {why}.")
    one = next((one for one in seen.things if f"{one.thing.name} {one.number}" == named), None)
    if one is None:
        return Wrong("place", f"You see no {named}.")
    why = _why(verb, one.thing, carried) or "there is no way to it"
    return Wrong("logic", f"You cannot {verb} {named}: {why}.")


def idle(seen: Scene) -> Wrong:
    """What is wrong with an action that AgentBoard offers and that changed nothing."""
    return Wrong("logic", f"That changed nothing: there is a {_front(seen)} in front of you.")


def _front(seen: Scene) -> str:
    one = seen.front
    return "wall" if one is None or one.kind == "wall" else one.name


def _why(verb: str, one: Thing, carried: Thing | None) -> str:
    if verb == "pickup":
        if one.kind == "door":
            return "it is a door"
        return "" if carried is None else f"you carry a {carried.name}"
    if verb == "go to":
        return ""
    if one.kind != "door":
        return "it is no door"
    if verb == "go through":
        return "" if one.state == "open" else f"it is {one.state}"
    if one.state == "open":
        return "it is open already"
    return "" if one.opened_with(carried) else f"it is locked, and you carry no {one.color} key"
