"""An expert for ALFWorld: it knows where everything is, and goes on from wherever the player has got to."""

from collections.abc import Iterable

from trpg_env.suites.alfworld.actions import Action
from trpg_env.suites.alfworld.goal import TREATED, Goal
from trpg_env.suites.alfworld.house import DONE, House
from trpg_env.suites.alfworld.refusals import APPLIANCES


def next_action(house: House, goal: Goal) -> Action | None:
    """What to do next; None where the game is won, or lost: some objects fit nowhere, and whoever has picked one up keeps it.

    Args:
        house: The house as it is now.
        goal: What is to be reached.
    """
    if goal.reached(house):
        return None
    held = house.held
    if held is None:
        return _fetch(house, goal)
    if not _wanted(house, goal, held):
        return _put(house, held, house.layout.receptacles)
    if goal.family == "look_at_obj_in_light":
        return _light(house, goal)
    treated = TREATED.get(goal.family)
    if treated and held not in house.marks[DONE[treated]]:
        return _reach(
            house, house.layout.receptacles_of(APPLIANCES[treated][1]), Action(treated, {"obj": held})
        )
    return _put(house, held, house.layout.receptacles_of(goal.other), goal)


def _wanted(house: House, goal: Goal, name: str) -> bool:
    layout, treated = house.layout, TREATED.get(goal.family)
    able = treated is None or layout.can_be(name, APPLIANCES[treated][0])
    return layout.objects[name] == goal.thing and able and layout.can_be(name, "pickupable")


def _reach(
    house: House, receptacles: Iterable[str], action: Action, *, opened: bool = False
) -> Action | None:
    """On the way to do something at one of several receptacles, the nearest first."""
    ranked = sorted(receptacles, key=lambda one: (not house.here(one), opened and house.shut(one)))
    if not ranked:
        return None
    if not house.here(ranked[0]):
        return Action("go", {"recep": ranked[0]})
    if opened and house.shut(ranked[0]):
        return Action("open", {"recep": ranked[0]})
    return Action(action.name, {**action.values, "recep": ranked[0]})


def _fetch(house: House, goal: Goal) -> Action | None:
    best = _best(house, goal)
    homes = {
        home: name
        for name in house.layout.objects_of(goal.thing)
        if _wanted(house, goal, name)
        for home in house.homes(name)
        if not (goal.fits(house, name) and home == best)
    }
    ahead = _reach(house, homes, Action("take"), opened=True)
    if ahead is None or ahead.name != "take":
        return ahead
    return Action("take", {"obj": homes[ahead.values["recep"]], **ahead.values})


def _best(house: House, goal: Goal) -> str | None:
    """The receptacle that holds most of what is wanted there already."""
    if goal.family == "look_at_obj_in_light":
        return None
    return max(
        house.layout.receptacles_of(goal.other),
        key=lambda one: (goal.placed(house, one), house.here(one), not house.shut(one)),
        default=None,
    )


def _put(house: House, held: str, receptacles: Iterable[str], goal: Goal | None = None) -> Action | None:
    fitting = [one for one in receptacles if house.layout.takes(one, held)]
    if goal is not None and goal.count > 1 and (best := _best(house, goal)) in fitting:
        fitting = [best] if best else []
    return _reach(house, fitting, Action("move", {"obj": held}), opened=True)


def _light(house: House, goal: Goal) -> Action | None:
    lamps = {
        home: name
        for name in house.layout.objects_of(goal.other)
        if house.layout.can_be(name, "toggleable")
        for home in house.homes(name)
    }
    ahead = _reach(house, lamps, Action("use"))
    if ahead is None or ahead.name == "go":
        return ahead
    return Action("use", {"obj": lamps[ahead.values["recep"]]})
