"""Where each attribute of each entity stands in a state, and the hash of a state.

A state's values are one list: at 0 the turn, then a slot for every attribute that an entity has or that an
effect may give it. The hash is the exclusive-or of one 128-bit number per slot that is not null, so a step
updates it from the slots it touched; it depends on names and values only, not on the slots' order.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping

from trpg_env.script.analysis import step_name
from trpg_env.script.domains import Free
from trpg_env.script.effects import Assign, Effect, For, walk_effects
from trpg_env.script.names import fold
from trpg_env.script.nodes import Attribute, Entity, Expression, Item, Variable
from trpg_env.script.program import Action, Program
from trpg_env.world.values import Value

_MAX_TOKENS = 10_000


class Layout:
    """The slots of one program.

    Attributes:
        slots: Attribute → entity → its slot.
        names: Slot → (entity, attribute); at 0 nothing of use.
        start: The values at the start, before any variation.
        constant: The slots that no effect and no variation ever sets.
    """

    def __init__(self, program: Program) -> None:
        self.slots: dict[str, dict[str, int]] = {}
        self.names: list[tuple[str, str]] = [("", "turn")]
        self.start: list[Value] = [0]
        for entity, attributes in program.entities.items():
            for attribute, value in attributes.items():
                self._add(entity, attribute, value)
        written = set(_written(program))
        for entity, attribute in sorted(written):
            if entity not in self.slots.get(attribute, {}):
                self._add(entity, attribute, None)
        varied = {
            (s.entity, s.attribute) for axis in program.variations for settings in axis for s in settings
        }
        for entity, attribute in sorted(varied):
            if entity not in self.slots.get(attribute, {}):
                self._add(entity, attribute, None)
        self.constant = frozenset(
            i for i, name in enumerate(self.names) if i and name not in written | varied
        )
        self.spellings = program.spellings
        self._tokens: list[dict[object, int]] = [{} for _ in self.names]

    def _add(self, entity: str, attribute: str, value: Value) -> None:
        self.slots.setdefault(attribute, {})[entity] = len(self.names)
        self.names.append((entity, attribute))
        self.start.append(value)

    def entity(self, name: Value) -> str | None:
        """The entity that a value names, in its own spelling; None where it names none."""
        return self.spellings.get(fold(name)) if name.__class__ is str else None

    def whereabouts(self, value: Value) -> Value:
        """A value of `at`: the text `nowhere` is null, and a name takes the script's spelling."""
        if value.__class__ is not str:
            return value
        folded = fold(value)
        return None if folded == "nowhere" else self.spellings.get(folded, value)

    def token(self, slot: int, value: Value) -> int:
        """What a slot with a value adds to a state's hash."""
        if value is None:
            return 0
        kind = value.__class__
        # Equal keys must be equal values: 1 and True are not, so each type has keys of its own.
        key = value if kind is str else (kind, repr(value))
        tokens = self._tokens[slot]
        token = tokens.get(key)
        if token is None:
            if len(tokens) >= _MAX_TOKENS:
                tokens.clear()
            text = json.dumps(
                [*self.names[slot], value], ensure_ascii=True, sort_keys=True, separators=(",", ":")
            )
            token = int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=16).digest(), "big")
            tokens[key] = token
        return token

    def hash(self, values: list[Value]) -> int:
        """The hash of a whole state."""
        total = 0
        for slot in range(1, len(values)):
            total ^= self.token(slot, values[slot])
        return total

    def by_entity(self, values: list[Value]) -> dict[str, dict[str, Value]]:
        """A state as verification code sees it: entity → attribute → value."""
        state: dict[str, dict[str, Value]] = {}
        for slot in range(1, len(values)):
            entity, attribute = self.names[slot]
            state.setdefault(entity, {})[attribute] = values[slot]
        return state


def _written(program: Program) -> Iterable[tuple[str, str]]:
    """Every attribute that an effect may set."""
    sources: list[tuple[Action | None, tuple[Effect, ...]]] = [(a, a.effects) for a in program.actions]
    sources += [(None, e.effects) for e in program.events]
    leading = may_hold_names(program)
    for action, block in sources:
        effects = list(walk_effects(block))
        loops = frozenset(e.loop.variable for e in effects if isinstance(e, For))
        for effect in effects:
            if isinstance(effect, Assign):
                yield from _targets(effect, action, loops, leading, program.entities)


def _targets(
    effect: Assign,
    action: Action | None,
    loops: frozenset[str],
    leading: frozenset[str],
    everyone: Mapping[str, Mapping[str, Value]],
) -> Iterable[tuple[str, str]]:
    steps: list[Attribute | Item] = []
    node: Expression = effect.target
    while isinstance(node, Attribute | Item):
        steps.append(node)
        node = node.base
    steps.reverse()
    entities: Iterable[str] = everyone
    if isinstance(node, Entity):
        entities = (node.name,)
    elif isinstance(node, Variable) and action is not None and node.name not in loops:
        entities = _values_of(node.name, action, everyone)
    first = step_name(steps[0])
    if first is not None:
        yield from ((entity, first) for entity in entities)
    # `x.a[…]`, `x.a.b`: what is on the way may be a mapping, or lead to another entity.
    for before, step in itertools.pairwise(steps):
        name = step_name(step)
        if name is None:
            continue
        leads = isinstance(step, Attribute) or isinstance(before, Item) or before.name in leading
        for entity, attributes in everyone.items():
            if leads or name in attributes:
                yield (entity, name)


def _values_of(placeholder: str, action: Action, everyone: Iterable[str]) -> Iterable[str]:
    for name, domain in zip(action.template.placeholders, action.domains, strict=True):
        if name == placeholder and not isinstance(domain, Free):
            values = {v.value for v in domain.samples}
            return [entity for entity in everyone if entity in values]
    return everyone


def may_hold_names(program: Program) -> frozenset[str]:
    """The attributes that may hold an entity's name, so that `x.attribute[y]` may be an attribute of it."""
    found: set[str] = set()

    def look_into(name: str, value: Value) -> None:
        if value.__class__ is str:
            found.add(name)
        elif value.__class__ is dict:
            for key, x in value.items():
                look_into(key, x)

    for attributes in program.entities.values():
        look_into("", attributes)
    for axis in program.variations:
        for setting in (s for settings in axis for s in settings):
            look_into(str(setting.keys[-1]) if setting.keys else setting.attribute, setting.value)
    for effects in [*(a.effects for a in program.actions), *(e.effects for e in program.events)]:
        for effect in walk_effects(effects):
            name = step_name(effect.target) if isinstance(effect, Assign) else None
            if name is not None:
                found.add(name)
    return frozenset(found)
