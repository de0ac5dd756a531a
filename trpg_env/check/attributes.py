"""Attributes that are read although no entity has them and nothing sets them: mostly slips of the pen."""

from collections.abc import Iterator

from trpg_env.check.report import Findings
from trpg_env.script.effects import Assign, Chance, Effect, For, Say, Text, When, walk_effects
from trpg_env.script.faults import Path
from trpg_env.script.model import Script
from trpg_env.script.names import suggestion
from trpg_env.script.nodes import Attribute, Entity, Expression, Item, Literal, Variable, walk
from trpg_env.script.program import Condition, Program
from trpg_env.world.values import Value

Reading = tuple[Path, Expression]
"""An expression, and where it stands."""


def check_attributes(script: Script, findings: Findings) -> None:
    """Find attributes that are read and always null.

    Args:
        script: A grounded script.
        findings: Where faults go.
    """
    program = script.program
    settings = [s for axis in program.variations for alternative in axis for s in alternative]
    attributes = program.attributes | {s.attribute for s in settings}
    values = [x for of in program.entities.values() for x in of.values()] + [s.value for s in settings]
    keys = {str(key) for s in settings for key in s.keys}.union(*(_keys(x) for x in values))
    filled = _filled_by_key(program)
    for path, expression in _readings(script):
        for node in walk(expression):
            name, base = _read_by(node)
            if name is None or name in attributes:
                continue
            # What is not an entity's name may be a mapping, whose keys are read the same way.
            if not isinstance(base, Entity) and name in keys:
                continue
            if isinstance(base, Attribute) and base.name in filled:
                continue
            hint = suggestion(name, attributes) or "; give it to an entity, or let an effect set it"
            findings.fault(path, f"no entity has the attribute {name!r}, and no effect sets it{hint}")


def _read_by(node: Expression) -> tuple[str | None, Expression | None]:
    match node:
        case Attribute(base, name):
            return name, base
        case Item(Entity() | Variable() as base, Literal(str(name))):
            return name, base
    return None, None


def _keys(value: Value) -> Iterator[str]:
    """All keys of a value's mappings and, since `x[y]` reads them alike, the texts in its lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, tuple):
        for inner in value:
            if isinstance(inner, str):
                yield inner
            yield from _keys(inner)


def _filled_by_key(program: Program) -> frozenset[str]:
    """The attributes in which an effect sets keys that are not known before play."""
    found = set()
    for effects in (*(a.effects for a in program.actions), *(e.effects for e in program.events)):
        for effect in walk_effects(effects):
            node: Expression | None = effect.target if isinstance(effect, Assign) else None
            computed = False
            while isinstance(node, Item):
                computed = computed or not isinstance(node.key, Literal)
                node = node.base
            if computed and isinstance(node, Attribute):
                found.add(node.name)
    return frozenset(found)


def _readings(script: Script) -> Iterator[Reading]:
    """Every expression of a script that is read, with its place."""
    program = script.program
    yield from _in_text(program.opening, ("opening",))
    for key, definition in zip(script.define, program.definitions.values(), strict=True):
        yield ("define", key), definition.body
    for action in program.actions:
        for i, precondition in enumerate(action.preconditions):
            here: Path = (*action.path, "preconditions", i)
            yield (*here, "when"), precondition.when
            yield from _in_text(precondition.message, (*here, "message"))
        yield from _in_effects(action.effects, (*action.path, "effects"))
        yield from _in_text(action.observation, (*action.path, "observation"))
    for i, event in enumerate(program.events):
        yield ("events", i, "when"), event.when
        yield from _in_effects(event.effects, ("events", i, "effects"))
        yield from _in_text(event.observation, ("events", i, "observation"))
    yield from _in_conditions(program.completion, "completion_conditions")
    yield from _in_conditions(program.failure, "failure_conditions")
    if script.milestones:
        yield from _in_conditions(program.milestones, "milestones")


def _in_conditions(conditions: tuple[Condition, ...], name: str) -> Iterator[Reading]:
    for i, condition in enumerate(conditions):
        if condition.when is not None:
            yield (name, i, "when"), condition.when


def _in_text(text: Text | None, path: Path) -> Iterator[Reading]:
    yield from ((path, part) for part in text or () if not isinstance(part, str))


def _in_effects(effects: tuple[Effect, ...], path: Path) -> Iterator[Reading]:
    for i, effect in enumerate(effects):
        here: Path = (*path, i)
        match effect:
            case Assign(target, _, value):
                yield from ((here, part) for part in _read_in_target(target))
                yield here, value
            case Say(text):
                yield from _in_text(text, (*here, "say"))
            case When(condition, then, otherwise):
                yield (*here, "when"), condition
                yield from _in_effects(then, (*here, "then"))
                yield from _in_effects(otherwise, (*here, "else"))
            case Chance(_, _, then, otherwise):
                yield from _in_effects(then, (*here, "then"))
                yield from _in_effects(otherwise, (*here, "else"))
            case For(loop, then):
                yield from (((*here, "for"), part) for part in (loop.source, *loop.conditions))
                yield from _in_effects(then, (*here, "then"))


def _read_in_target(target: Expression) -> Iterator[Expression]:
    """What is read to find where an assignment goes: all but the attribute that is set."""
    while isinstance(target, Item):
        yield target.key
        target = target.base
    if isinstance(target, Attribute):
        yield target.base
