"""Which slots can have a bearing on how an episode ends.

Starting from what completion and failure read, everything is relevant that is read to decide whether, or to what, a
relevant slot is set; the rest (readings, moods, who heard what) only colours the story. Attributes are
told apart by name, not by entity: coarse, but never wrong.
"""

from collections.abc import Iterable, Iterator

from trpg_env.script.analysis import attributes_written, step_name
from trpg_env.script.effects import Assign, Chance, Effect, For, When
from trpg_env.script.nodes import Attribute, Call, Defined, Expression, Item, Literal, Turn, walk
from trpg_env.world.layout import may_hold_names
from trpg_env.world.reads import READ_BY_FUNCTION
from trpg_env.world.world import World

_EVERYTHING = "*"
_TURN = "turn"


def relevant_slots(world: World, deciding: Iterable[Expression] | None = None) -> frozenset[int]:
    """The slots that a search must tell states apart by; 0 (the turn) where anything reads it.

    Args:
        world: The world.
        deciding: What the search is to decide; left out, how an episode ends.
    """
    program = world.program
    textual = may_hold_names(program)
    definitions = {name: d.body for name, d in program.definitions.items()}

    def reads(expressions: Iterable[Expression]) -> set[str]:
        found: set[str] = set()
        seen: set[str] = set()
        waiting = list(expressions)
        while waiting:
            for node in walk(waiting.pop()):
                match node:
                    case Attribute(_, name):
                        found.add(name)
                    case Item(_, Literal(str(name))):
                        found.add(name)
                    case Item(base, _):
                        on_entity = (
                            not isinstance(base, Attribute)
                            or base.name in textual
                            or base.name not in world.layout.slots
                        )
                        found.add(_EVERYTHING if on_entity else "")
                    case Turn():
                        found.add(_TURN)
                    case Call(function, _):
                        found |= READ_BY_FUNCTION.get(function, set())
                    case Defined(name, _) if name not in seen:
                        seen.add(name)
                        waiting.append(definitions[name])
        return found

    # Each assignment: the attributes that it sets, and what decides whether and to what.
    rules: list[tuple[frozenset[str], set[str]]] = []
    for action in program.actions:
        guard = [p.when for p in action.preconditions]
        rules += [(names, reads(read)) for names, read in _assignments(action.effects, guard)]
    for event in program.events:
        rules += [(names, reads(read)) for names, read in _assignments(event.effects, [event.when])]
    if deciding is None:
        deciding = [c.when for c in (*program.completion, *program.failure) if c.when is not None]
    relevant = reads(deciding)
    if world.resolver.reads_state:
        relevant.add(_EVERYTHING)
    while True:
        more = (
            set().union(*(read for names, read in rules if names & relevant or _EVERYTHING in relevant))
            - relevant
        )
        if not more:
            break
        relevant |= more
    slots = {
        slot
        for slot, (_, attribute) in enumerate(world.layout.names)
        if slot and slot not in world.layout.constant and (attribute in relevant or _EVERYTHING in relevant)
    }
    return frozenset(slots | ({0} if _TURN in relevant else set()))


def _assignments(
    effects: Iterable[Effect], guard: list[Expression]
) -> Iterator[tuple[frozenset[str], list[Expression]]]:
    for effect in effects:
        match effect:
            case Assign(target, _, value):
                yield attributes_written(effect) | _on_the_way(target), [*guard, value, target]
            case When(condition, then, otherwise):
                yield from _assignments((*then, *otherwise), [*guard, condition])
            case Chance(_, _, then, otherwise):
                yield from _assignments((*then, *otherwise), guard)
            case For(loop, then):
                yield from _assignments(then, [*guard, loop.source, *loop.conditions])


def _on_the_way(target: Expression) -> frozenset[str]:
    names: set[str | None] = set()
    while isinstance(target, Attribute | Item):
        names.add(step_name(target))
        target = target.base
    return frozenset(name for name in names if name is not None)
