"""Effects and texts as closures: what an action does to a state's values, and what it says."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trpg_env.script.analysis import step_name
from trpg_env.script.effects import Assign, Chance, Effect, For, Say, Text, When, walk_effects
from trpg_env.script.nodes import Attribute, Expression, Item, Kind, Look
from trpg_env.world.code import Code, Function, Names, Scope
from trpg_env.world.compile import Compiler
from trpg_env.world.fate import Fate
from trpg_env.world.layout import Layout
from trpg_env.world.values import (
    MAX_LENGTH,
    WORK,
    Exhausted,
    Value,
    add_to,
    charge,
    fits,
    key_text,
    put,
    show,
    take_from,
)

MAX_TEXT = MAX_LENGTH
TURN_WORK = 10 * WORK
"""The cap on the work of one list of effects with loops in it."""


class Turn(NamedTuple):
    """What happens in one turn: collected while effects run, then thrown away.

    Attributes:
        fate: Decides the turn's chances.
        touched: The slots that were set, in order.
        said: The texts that effects say; None where nobody listens.
    """

    fate: Fate
    touched: list[int]
    said: list[str] | None


Run = Callable[[list[Value], Scope, Turn], None]
Render = Callable[[list[Value], Scope], str]


class Statements:
    """Compiles effects and texts of one program."""

    def __init__(self, compiler: Compiler, layout: Layout) -> None:
        self._compiler = compiler
        self._layout = layout
        self._entities = frozenset(layout.spellings.values())

    def text(self, text: Text, names: Names) -> Render:
        """Compile a text."""
        parts: list[str | Function] = []
        for part in text:
            if isinstance(part, str):
                parts.append(part)
                continue
            code = self._compiler.condition(part, names)
            parts.append(show(code.value) if code.constant else code.run)
        if all(isinstance(part, str) for part in parts):
            whole = "".join(map(str, parts))[:MAX_TEXT]
            return lambda _v, _s: whole
        if len(text) == 1 and isinstance(text[0], Look):
            look = self._compiler.look
            return lambda v, _s: look(v)[:MAX_TEXT]
        if len(parts) == 1 and callable(parts[0]):
            only = parts[0]
            return lambda v, s: show(only(v, s))[:MAX_TEXT]

        def render(v: list[Value], s: Scope) -> str:
            return "".join([p if p.__class__ is str else show(p(v, s)) for p in parts])[:MAX_TEXT]  # type: ignore[operator]

        return render

    def effects(self, effects: Sequence[Effect], names: Names) -> Run:
        """Compile a whole list of effects, with the cap on the rounds of its loops."""
        run = self._block(effects, names)
        if not any(isinstance(e, For) and not self._is_short(e, names) for e in walk_effects(tuple(effects))):
            return run

        def capped(v: list[Value], s: Scope, turn: Turn) -> None:
            meter = [TURN_WORK]
            try:
                run(v, (meter, *s[1:]), turn)
            except Exhausted:
                return

        return capped

    def _is_short(self, effect: For, names: Names) -> bool:
        """Whether a loop is over a kind that is known and small, with no loop within."""
        nested = any(isinstance(e, For) for e in walk_effects(effect.then))
        return (
            isinstance(effect.loop.source, Kind)
            and not nested
            and self._compiler.unrolled(effect.loop, names) is not None
        )

    def _block(self, effects: Sequence[Effect], names: Names) -> Run:
        runs = [self._effect(effect, names) for effect in effects]
        if not runs:
            return lambda _v, _s, _t: None
        if len(runs) == 1:
            return runs[0]
        if len(runs) == 2:
            first, second = runs

            def both(v: list[Value], s: Scope, turn: Turn) -> None:
                first(v, s, turn)
                second(v, s, turn)

            return both

        def block(v: list[Value], s: Scope, turn: Turn) -> None:
            for run in runs:
                run(v, s, turn)

        return block

    def _effect(self, effect: Effect, names: Names) -> Run:
        match effect:
            case Assign():
                return self._assign(effect, names)
            case Say(text):
                return self._say(self.text(text, names))
            case When(condition, then, otherwise):
                return self._when(condition, then, otherwise, names)
            case Chance():
                return self._chance(effect, names)
            case For():
                return self._for(effect, names)

    def _say(self, render: Render) -> Run:
        def say(v: list[Value], s: Scope, turn: Turn) -> None:
            if turn.said is not None:
                turn.said.append(render(v, s))

        return say

    def _when(
        self, condition: Expression, then: Sequence[Effect], otherwise: Sequence[Effect], names: Names
    ) -> Run:
        test = self._compiler.expression(condition, names)
        yes, no = self._block(then, names), self._block(otherwise, names)

        def when(v: list[Value], s: Scope, turn: Turn) -> None:
            (yes if test(v, s) else no)(v, s, turn)

        return when

    def _chance(self, effect: Chance, names: Names) -> Run:
        yes, no = self._block(effect.then, names), self._block(effect.otherwise, names)
        place, probability = effect.place, effect.probability

        def chance(v: list[Value], s: Scope, turn: Turn) -> None:
            (yes if turn.fate(v[0], place, s[1:], probability) else no)(v, s, turn)

        return chance

    def _for(self, effect: For, names: Names) -> Run:
        rounds, inner = self._compiler.loop(effect.loop, names)
        each = self._compiler.unrolled(effect.loop, names)
        if each is not None:
            runs = {x: self._block(effect.then, known) for x, known in each}

            def unrolled(v: list[Value], s: Scope, turn: Turn) -> None:
                for x in rounds(v, s):
                    charge(s[0], 1)
                    runs[x](v, (*s, x), turn)

            return unrolled
        run = self._block(effect.then, inner)

        def loop(v: list[Value], s: Scope, turn: Turn) -> None:
            for x in rounds(v, s):
                charge(s[0], 1)
                run(v, (*s, x), turn)

        return loop

    def _assign(self, effect: Assign, names: Names) -> Run:
        value = self._compiler.expression(effect.value, names)
        combine = {"=": None, "+=": add_to, "-=": take_from}[effect.op]
        target = effect.target
        if isinstance(target, Attribute):
            base = self._compiler.condition(target.base, names)
            if base.constant:
                return self._set_slot(base, target.name, value, combine)
        resolve = self._target(target, names)

        def assign(v: list[Value], s: Scope, turn: Turn) -> None:
            slot, keys = resolve(v, s)
            if not slot:
                return
            new = value(v, s)
            if combine is not None:
                new = combine(_dig(v[slot], keys), new)
            if keys:
                new = put(v[slot], keys, new)
            elif self._layout.names[slot][1] == "at":
                new = self._whereabouts(new)
            if not _settled(new, s):
                return
            v[slot] = new
            turn.touched.append(slot)

        return assign

    def _set_slot(
        self, base: Code, attribute: str, value: Function, combine: Callable[[Value, Value], Value] | None
    ) -> Run:
        slot = self._layout.slots.get(attribute, {}).get(self._layout.entity(base.value) or "")
        if slot is None:
            return lambda _v, _s, _t: None
        if combine is not None:

            def update(v: list[Value], s: Scope, turn: Turn) -> None:
                new = combine(v[slot], value(v, s))
                if _settled(new, s):
                    v[slot] = new
                    turn.touched.append(slot)

            return update

        def assign(v: list[Value], s: Scope, turn: Turn) -> None:
            new = value(v, s)
            if new.__class__ in _SCALARS or _settled(new, s):
                v[slot] = new
                turn.touched.append(slot)

        entities, whereabouts = self._entities, self._whereabouts

        def move(v: list[Value], s: Scope, turn: Turn) -> None:
            new = value(v, s)
            v[slot] = new if new.__class__ is str and new in entities else whereabouts(new)
            turn.touched.append(slot)

        return move if attribute == "at" else assign

    def _whereabouts(self, value: Value) -> Value:
        if value.__class__ is not str or value in self._entities:
            return value
        return self._layout.whereabouts(value)

    def _target(
        self, target: Expression, names: Names
    ) -> Callable[[list[Value], Scope], tuple[int, list[Value]]]:
        """Where a target leads: its slot (0: nowhere) and the keys within the slot's value."""
        steps: list[str | Function] = []
        node = target
        while isinstance(node, Attribute | Item):
            name = step_name(node)
            if name is None:
                assert isinstance(node, Item)
                steps.append(self._compiler.expression(node.key, names))
            else:
                steps.append(name)
            node = node.base
        steps.reverse()
        root = self._compiler.expression(node, names)
        slots, entity = self._layout.slots, self._layout.entity

        def resolve(v: list[Value], s: Scope) -> tuple[int, list[Value]]:
            x = root(v, s)
            slot = 0
            keys: list[Value] = []
            written_out = True
            for step in steps:
                key = step if isinstance(step, str) else step(v, s)
                owner = entity(x) if x.__class__ is str else None
                if owner is not None:
                    # An attribute that is not written out leads on, but is not set.
                    written_out = isinstance(step, str)
                    slot, keys = slots.get(key, {}).get(owner, 0) if key.__class__ is str else 0, []
                    if not slot:
                        return 0, []
                    x = v[slot]
                elif slot and (x is None or x.__class__ in (dict, tuple)):
                    keys = [*keys, key]
                    x = _dig(x, [key])
                else:
                    return 0, []
            return (slot, keys) if written_out else (0, [])

        return resolve


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _settled(new: Value, s: Scope) -> bool:
    """Whether a value can be put into the state; in a loop, lists and mappings cost work."""
    if new.__class__ in _SCALARS:
        return True
    charge(s[0], len(new))
    return fits(new)


def _dig(value: Value, keys: list[Value]) -> Value:
    for key in keys:
        if value.__class__ is dict:
            value = value.get(key_text(key))
        elif value.__class__ is tuple and key.__class__ is int and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value
