"""Which slots a condition can read: where none of them was set, its value is what it was."""

from trpg_env.script.nodes import Attribute, Call, Defined, Entity, Expression, Item, Literal, Turn, walk
from trpg_env.script.program import Program
from trpg_env.world.layout import Layout

READ_BY_FUNCTION = {"place_of": {"at"}, "inside": {"at"}, "visible": {"at", "hidden", "container", "open"}}
"""The attributes that the functions read of whatever they come past."""


def slots_read(expression: Expression, program: Program, layout: Layout) -> frozenset[int] | None:
    """The slots that an expression's value may hang on; None where that cannot be told, or on the turn."""
    slots: set[int] = set()
    seen: set[str] = set()
    waiting = [expression]
    while waiting:
        for node in walk(waiting.pop()):
            match node:
                case Turn():
                    return None
                case Item(_, key) if not isinstance(key, Literal):
                    return None
                case Attribute(Entity(entity), name):
                    slots |= {layout.slots.get(name, {}).get(entity, 0)}
                case Attribute(_, name) | Item(_, Literal(str(name))):
                    slots.update(layout.slots.get(name, {}).values())
                case Call(function, _):
                    for name in READ_BY_FUNCTION.get(function, ()):
                        slots.update(layout.slots.get(name, {}).values())
                case Defined(name, _) if name not in seen:
                    seen.add(name)
                    waiting.append(program.definitions[name].body)
    return frozenset(slots)
