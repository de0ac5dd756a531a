"""Where each attribute of each entity stands in a state, and the hash of a state.

A state's values are one list: at 0 the turn, then a slot for every attribute that an entity has or that an
effect may give it. The hash is the exclusive-or of one 128-bit number per slot that is not null, so a step
updates it from the slots it touched; it depends on names and values only, not on the slots' order.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from trpg_env.script.analysis import attributes_written
from trpg_env.script.domains import Free
from trpg_env.script.effects import Assign, walk_effects
from trpg_env.script.expressions import Attribute, Entity, Expression, Item, Variable
from trpg_env.script.names import fold
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
    everyone = program.entities
    for action in program.actions:
        for effect in walk_effects(action.effects):
            if isinstance(effect, Assign):
                yield from _targets(effect, action, everyone)
    for event in program.events:
        for effect in walk_effects(event.effects):
            if isinstance(effect, Assign):
                yield from _targets(effect, None, everyone)


def _targets(
    effect: Assign, action: Action | None, everyone: Mapping[str, Mapping[str, Value]]
) -> Iterable[tuple[str, str]]:
    node: Expression = effect.target
    while isinstance(node, Item):
        node = node.base
    entities: Iterable[str] = everyone
    assert isinstance(node, Attribute)
    if isinstance(node.base, Entity):
        entities = (node.base.name,)
    elif isinstance(node.base, Variable) and action is not None:
        entities = _values_of(node.base.name, action, everyone)
    names = attributes_written(effect)
    for entity in entities:
        yield from ((entity, attribute) for attribute in names)
    # `x.a[…]`, `x.a.b`: the way down may set a mapping in any attribute on it, or lead to another entity.
    while isinstance(node, Attribute | Item):
        node = node.base
        if isinstance(node, Attribute):
            for entity, attributes in everyone.items():
                if node.name in attributes:
                    yield (entity, node.name)
                yield from ((entity, attribute) for attribute in names)


def _values_of(placeholder: str, action: Action, everyone: Iterable[str]) -> Iterable[str]:
    for name, domain in zip(action.template.placeholders, action.domains, strict=True):
        if name == placeholder and not isinstance(domain, Free):
            values = {v.value for v in domain.samples}
            return [entity for entity in everyone if entity in values]
    return everyone
