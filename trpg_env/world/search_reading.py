"""What a simple world's actions need and set, read off the script."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trpg_env.script.analysis import attributes_written
from trpg_env.script.effects import Assign, Chance, Effect, For, When, walk_effects
from trpg_env.script.nodes import And, Expression
from trpg_env.world.code import OUTSIDE, Function, Names
from trpg_env.world.grounding import GroundAction
from trpg_env.world.relevance import relevant_slots
from trpg_env.world.search_paths import At, NotSimple, Paths, Place
from trpg_env.world.values import Value, key_text
from trpg_env.world.world import World

Key = tuple[type, Value]
"""A value as what it is: true is not 1."""
SCALARS = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one variable, as the closure that the world itself asks."""

    place: Place
    run: Function


class Reading:
    """Reads a world's conditions and effects.

    Attributes:
        world: The world.
        values: Variable → the values that it may have, as far as was read.

    Raises:
        NotSimple: The world is not simple.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._paths = Paths(world.program, world.layout)
        relevant = relevant_slots(world)
        program = world.program
        if 0 in relevant or world.resolver.reads_state:
            raise NotSimple
        self._slots = relevant
        self._attributes = frozenset(world.layout.names[slot][1] for slot in relevant)
        if any(self._sets(event.effects) for event in program.events):
            raise NotSimple
        for action in program.actions:
            self._look_at(action.effects)
        self.values: dict[Place, dict[Key, None]] = {}
        self._mappings: set[Place] = set()
        for slot in sorted(relevant):
            self._know((slot, ()), world.layout.start[slot])
        for axis in program.variations:
            for setting in (s for settings in axis for s in settings):
                slot = world.layout.slots[setting.attribute][setting.entity]
                if slot in relevant:
                    self._know((slot, tuple(key_text(key) or "" for key in setting.keys)), setting.value)
        self._conditions: dict[Function, Condition | bool] = {}

    def _sets(self, effects: Iterable[Effect]) -> bool:
        """Whether effects set anything that has a bearing on the goal."""
        return any(
            isinstance(effect, Assign) and attributes_written(effect) & self._attributes
            for effect in walk_effects(tuple(effects))
        )

    def _look_at(self, effects: Iterable[Effect]) -> None:
        """See before anything is ground that an action is of the simple kind."""
        for effect in effects:
            match effect:
                case Assign(_, op, _) if op != "=" and self._sets((effect,)):
                    raise NotSimple
                case When() | Chance() | For() if self._sets((effect,)):
                    raise NotSimple

    def _know(self, place: Place, value: Value) -> None:
        """Take note of a value that a variable may have; of a mapping, of what stands in it.

        Raises:
            NotSimple: It is a list, or what is a mapping here is none elsewhere.
        """
        slot, keys = place
        if value.__class__ is dict:
            self._mappings.add(place)
            if place in self.values:
                raise NotSimple
            for key, inner in value.items():
                self._know((slot, (*keys, key)), inner)
            return
        if value.__class__ not in SCALARS:
            raise NotSimple
        if place not in self.values:
            above = [(slot, keys[:i]) for i in range(len(keys))]
            if place in self._mappings or any(other in self.values for other in above):
                raise NotSimple
            self._mappings.update(above)
            self.values[place] = {}
        self.values[place][value.__class__, value] = None

    def _variable(self, place: Place) -> Place:
        """A variable that is asked for or set; missing is null, until an action puts something there.

        Raises:
            NotSimple: It is a mapping as a whole, or something within what is none.
        """
        if place not in self.values:
            self._know(place, None)
        return place

    def action(self, action: GroundAction) -> tuple[list[Condition], dict[Place, Value]] | None:
        """What an action needs and what it sets; None for what can never be done or has no bearing on the goal.

        Raises:
            NotSimple: It is not simple.
        """
        if any(conjunct.constant for conjunct in action.conjuncts):
            return None
        template, domains = action.action.template, action.action.domains
        known: dict[str, Value] = {}
        for placeholder, domain in zip(template.placeholders, domains, strict=True):
            value = domain.parse(action.parameters[placeholder])
            known[placeholder] = None if value is None else value.value
        settings: dict[Place, Value] = {}
        for effect in action.action.effects:
            if isinstance(effect, Assign) and self._sets((effect,)):
                self._assign(effect, known, settings)
        if not settings:
            return None
        needs: list[Condition] = []
        for precondition in action.action.preconditions:
            for node in conjuncts(precondition.when):
                condition = self.condition(node, known)
                if condition is False:
                    return None
                if isinstance(condition, Condition):
                    needs.append(condition)
        return needs, settings

    def _assign(self, effect: Assign, known: Mapping[str, Value], settings: dict[Place, Value]) -> None:
        target, value = self._paths.of(effect.target, known), self._paths.of(effect.value, known)
        if isinstance(value, At):
            raise NotSimple
        if not isinstance(target, At):
            # An attribute that its entity does not have, and no effect gives it: nothing is set.
            return
        slot, keys = target.place
        if slot not in self._slots:
            return
        new = value.value
        if self.world.layout.names[slot][1] == "at" and not keys:
            new = self.world.layout.whereabouts(new)
        place = self._variable(target.place)
        self._know(place, new)
        settings[place] = new

    def condition(self, node: Expression, known: Mapping[str, Value]) -> Condition | bool:
        """A condition on one variable; true or false where it is known to hold or not.

        Raises:
            NotSimple: It asks for more.
        """
        code = self.world.grounder.condition(node, Names(known, {}))
        if code.constant:
            return bool(code.value)
        found = self._conditions.get(code.run)
        if found is None:
            places = set(self._paths.read_by(node, known))
            if len(places) > 1:
                raise NotSimple
            if places:
                found = Condition(self._variable(places.pop()), code.run)
            else:
                found = bool(code.run(list(self.world.layout.start), OUTSIDE))
            self._conditions[code.run] = found
        return found


def conjuncts(node: Expression) -> Iterator[Expression]:
    """The parts of an expression that all must hold for it to hold."""
    if isinstance(node, And):
        for operand in node.operands:
            yield from conjuncts(operand)
    else:
        yield node
