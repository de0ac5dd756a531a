"""What is to be reached in a game of ALFWorld, and AgentBoard's subgoals on the way there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trpg_env.suites.alfworld.house import DONE, House
from trpg_env.suites.alfworld.refusals import APPLIANCES
from trpg_env.suites.data import DataError

_PLACED = {"(inreceptacle ?o ?r)", "(objecttype ?o OBJ)", "(receptacletype ?r OTHER)"}
_FAMILIES: Mapping[str, set[str]] = {
    "pick_and_place_simple": _PLACED,
    "pick_clean_then_place_in_recep": _PLACED | {"(cleanable ?o)", "(isclean ?o)"},
    "pick_heat_then_place_in_recep": _PLACED | {"(heatable ?o)", "(ishot ?o)"},
    "pick_cool_then_place_in_recep": _PLACED | {"(coolable ?o)", "(iscool ?o)"},
    "pick_two_obj_and_place": {
        "(inreceptacle ?o1 ?r)", "(objecttype ?o1 OBJ)", "(receptacletype ?r OTHER)",
        "(inreceptacle ?o2 ?r)", "(objecttype ?o2 OBJ)", "(= ?o1 ?o2)",
    },
    "look_at_obj_in_light": {
        "(objecttype ?o OBJ)", "(holds ?a ?o)", "(objecttype ?ot OTHER)", "(toggleable ?ot)", "(istoggled ?ot)",
        "(receptacleatlocation ?r ?l)", "(atlocation ?a ?l)", "(inreceptacle ?ot ?r)",
    },
}  # fmt: skip
"""Of each kind of task, the atoms of its goal; OBJ and OTHER stand for kinds."""

TREATED = {
    "pick_clean_then_place_in_recep": "clean",
    "pick_heat_then_place_in_recep": "heat",
    "pick_cool_then_place_in_recep": "cool",
}
"""What must be done with the object before it is put where it belongs."""

_ATOM = re.compile(r"\([a-z=]+(?: (?:\?\w+|[a-z]+))+\)")


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Attributes:
        family: The kind of task.
        thing: The kind of object, such as `mug`.
        other: The kind of receptacle that it is to be put in or on, or of lamp.
    """

    family: str
    thing: str
    other: str

    @property
    def count(self) -> int:
        """How many objects it takes."""
        return 2 if self.family == "pick_two_obj_and_place" else 1

    def fits(self, house: House, name: str) -> bool:
        """Whether an object is of the kind that is wanted, and as it is wanted."""
        treated = TREATED.get(self.family)
        if house.layout.objects[name] != self.thing:
            return False
        return treated is None or (
            name in house.marks[DONE[treated]] and house.layout.can_be(name, APPLIANCES[treated][0])
        )

    def placed(self, house: House, receptacle: str) -> int:
        """How many objects lie in or on a receptacle as they are wanted there."""
        return sum(self.fits(house, name) for name in house.contents(receptacle))

    def reached(self, house: House) -> bool:
        """Whether the game is won."""
        if self.family == "look_at_obj_in_light":
            lit = any(
                name in house.marks["istoggled"] and any(map(house.here, house.homes(name)))
                for name in house.layout.objects_of(self.other)
            )
            return lit and house.held is not None and house.layout.objects[house.held] == self.thing
        return any(self.placed(house, one) >= self.count for one in house.layout.receptacles_of(self.other))

    def subgoals(self) -> list[re.Pattern[str]]:
        """What AgentBoard looks for in observations: each found is a step, and winning is one more.

        Its published labels hang on the kind of task alone: the object is seen, it is picked up, and it is treated, or the first
        of two is put down, or the lamp is seen.
        """
        seen = "^(?=.* you see)(?=.*a {})".format
        third = {
            "pick_clean_then_place_in_recep": rf"You clean the {self.thing} \d+",
            "pick_heat_then_place_in_recep": rf"You heat the {self.thing} \d+ using the",
            "pick_cool_then_place_in_recep": rf"You cool the {self.thing} \d+ using the",
            "pick_two_obj_and_place": rf"You move the {self.thing} \d+ to the {self.other} \d+",
            "look_at_obj_in_light": seen(self.other),
        }.get(self.family)
        patterns = [seen(rf"{self.thing} \d+"), rf"You pick up the {self.thing} \d+", third]
        return [re.compile(pattern) for pattern in patterns if pattern]

    @property
    def difficulty(self) -> str:
        """AgentBoard's: tasks with two subgoals are easy, those with three hard."""
        return "easy" if len(self.subgoals()) == 2 else "hard"


def read_goal(family: str, problem: str) -> Goal:
    """What a game's PDDL problem asks for.

    Args:
        family: The kind of task, as the game's folder says.
        problem: The problem.

    Raises:
        DataError: It asks for something else.
    """
    text = problem[max(problem.find("(:goal"), 0) :].lower()
    atoms = set(_ATOM.findall(" ".join(re.sub(r";.*", "", text).split())))
    wanted = _FAMILIES.get(family)
    if wanted is None:
        raise DataError(f"{family!r} is no kind of task of ALFWorld's; they are {', '.join(_FAMILIES)}")
    things = {atom.split()[2].rstrip(")") for atom in atoms if re.match(r"\(objecttype \?o[12]? ", atom)}
    others = {
        atom.split()[2].rstrip(")")
        for atom in atoms
        if re.match(r"\((objecttype \?ot|receptacletype) ", atom)
    }
    if len(things) == len(others) == 1:
        thing, other = *things, *others
        if atoms == {atom.replace("OBJ", thing).replace("OTHER", other) for atom in wanted}:
            return Goal(family, thing.removesuffix("type"), other.removesuffix("type"))
    raise DataError(f"its goal is not that of a task of the kind {family}")
