"""Expressions as closures over a state's values.

A compiled expression is called as `f(values, scope)`: `values` is the state's list, `scope` a tuple with
the work meter at 0 and the values of loops' and definitions' variables after it. A parameter of a ground action is
known when it is compiled, so that `thing.open` becomes one list access; what is constant is computed once.
"""

from collections.abc import Callable
from typing import Any

from trpg_env.script.analysis import step_name
from trpg_env.script.nodes import (
    And,
    Attribute,
    Binary,
    Call,
    Compare,
    Comprehension,
    Defined,
    Entity,
    Expression,
    Item,
    Kind,
    ListOf,
    Literal,
    Look,
    Loop,
    Not,
    Or,
    Turn,
    Variable,
    children,
    walk,
)
from trpg_env.script.program import Program
from trpg_env.world.code import OUTSIDE, Code, Function, Names, Scope, constant, mapped, tabled
from trpg_env.world.layout import Layout
from trpg_env.world.look import Look as LookText
from trpg_env.world.values import (
    ARITHMETIC,
    WORK,
    Exhausted,
    Value,
    charge,
    contains,
    elements,
    equal,
    is_number,
    key_text,
    largest,
    less,
    less_equal,
    smallest,
    total,
)
from trpg_env.world.whereabouts import Whereabouts

MAX_UNROLLED = 256
"""Loops whose elements are known are compiled round by round, up to so many copies."""


class Compiler:
    """Compiles the expressions of one program; equal parts share one closure."""

    def __init__(self, program: Program, layout: Layout) -> None:
        self._program = program
        self._layout = layout
        self._definitions: dict[tuple[Any, ...], Code] = {}
        self._whereabouts = Whereabouts(program, layout)
        self.look = LookText(program, layout)

    def expression(self, node: Expression, names: Names) -> Function:
        """Compile a whole expression, with its cap on work."""
        return self._capped(node, self._code(node, names)).run

    def condition(self, node: Expression, names: Names) -> Code:
        """Compile a whole expression; what is known of its value comes with it."""
        return self._capped(node, self._code(node, names))

    def _capped(self, node: Expression, code: Code) -> Code:
        if code.constant or not self._loops(node):
            return code
        run = code.run

        def capped(v: list[Value], s: Scope) -> Value:
            outer = s[0]
            granted = WORK if outer is None else min(WORK, outer[0])
            meter = [granted]
            try:
                return run(v, (meter, *s[1:]))
            except Exhausted:
                return None
            finally:
                if outer is not None:
                    outer[0] -= granted - meter[0]

        return Code(capped)

    def _loops(self, node: Expression, unrolled: int = 1) -> bool:
        """Whether an expression's work must be counted: not where all its loops are over small kinds."""
        if isinstance(node, Comprehension):
            source = node.loop.source
            rounds = (
                len(self._program.kinds.get(source.name, ())) if isinstance(source, Kind) else MAX_UNROLLED
            )
            unrolled *= max(1, rounds)
            if not isinstance(source, Kind) or unrolled > MAX_UNROLLED:
                return True
        if isinstance(node, Defined) and self._loops(self._program.definitions[node.name].body, unrolled):
            return True
        return any(self._loops(part, unrolled) for part in children(node))

    def _code(self, node: Expression, names: Names) -> Code:
        match node:
            case Literal(value):
                return constant(value)
            case Entity(name):
                return constant(name)
            case Kind(name):
                return constant(self._program.kinds.get(name, ()))
            case Variable(name):
                return self._variable(name, names)
            case Turn():
                return Code(lambda v, _s: v[0])
            case Look():
                return Code(lambda v, _s: self.look(v), name=True)
            case Attribute(base, name):
                return self._attribute(self._code(base, names), name)
            case Item(base, key):
                return self._item(self._code(base, names), self._code(key, names))
            case Not(operand):
                return self._not(self._code(operand, names))
            case And(operands):
                return self._and([self._code(o, names) for o in operands])
            case Or(operands):
                return self._or([self._code(o, names) for o in operands])
            case Compare(left, rest):
                return self._compare(left, rest, names)
            case Binary(op, left, right):
                return self._binary(op, self._code(left, names), self._code(right, names))
            case ListOf(parts):
                return self._list([self._code(p, names) for p in parts])
            case Comprehension(function, element, loop):
                return self._comprehension(function, element, loop, names)
            case Call(function, arguments):
                return self._call(function, [self._code(a, names) for a in arguments])
            case Defined(name, arguments):
                return self._defined(name, [self._code(a, names) for a in arguments], names.unrolled)

    def _variable(self, name: str, names: Names) -> Code:
        if name in names.positions:
            position = names.positions[name]
            return Code(lambda _v, s: s[position])
        return constant(names.known[name])

    def _slot(self, slot: int) -> Code:
        if slot in self._layout.constant:
            return constant(self._layout.start[slot])
        return Code(lambda v, _s: v[slot], slot=slot)

    def _attribute(self, base: Code, name: str) -> Code:
        slots = self._layout.slots.get(name, {})
        if base.constant:
            if base.value.__class__ is dict:
                return constant(base.value.get(name))
            slot = slots.get(self._layout.entity(base.value) or "")
            return constant(None) if slot is None else self._slot(slot)
        run, entity = base.run, self._layout.entity

        def attribute(v: list[Value], s: Scope) -> Value:
            x = run(v, s)
            if x.__class__ is str:
                slot = slots.get(x)
                if slot is None:
                    slot = slots.get(entity(x) or "")
                return None if slot is None else v[slot]
            return x.get(name) if x.__class__ is dict else None

        unchanging, start = self._layout.constant, self._layout.start
        if base.slot and slots and unchanging.issuperset(slots.values()):
            known = {e: start[slots[e]] if e in slots else None for e in self._program.entities}
            return tabled(Code(attribute), base.slot, known)
        return Code(attribute)

    def _item(self, base: Code, key: Code) -> Code:
        if key.constant and key.value.__class__ is str and base.constant and base.value.__class__ is str:
            return self._attribute(base, key.value)
        run, key_run, slots, entity = base.run, key.run, self._layout.slots, self._layout.entity

        def item(v: list[Value], s: Scope) -> Value:
            x, k = run(v, s), key_run(v, s)
            if x.__class__ is str:
                slot = slots.get(k, {}).get(entity(x) or "") if k.__class__ is str else None
                return None if slot is None else v[slot]
            return _element(x, k)

        if base.constant and key.constant and base.value.__class__ is not str:
            return constant(item([], OUTSIDE))
        if key.constant and base.table and not any(x.__class__ is str for x in base.table[1].values()):
            return mapped(base, Code(item), lambda x: _element(x, key.value))
        return Code(item)

    def _not(self, operand: Code) -> Code:
        if operand.constant:
            return constant(not operand.value)
        if operand.slot:
            slot = operand.slot
            return Code(lambda v, _s: not v[slot])
        run = operand.run
        return mapped(operand, Code(lambda v, s: not run(v, s)), lambda x: not x)

    def _and(self, operands: list[Code]) -> Code:
        kept = _kept(operands, decisive=False)
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:
            a, b = kept[0].run, kept[1].run
            return Code(lambda v, s: a(v, s) and b(v, s))
        runs, last = [k.run for k in kept[:-1]], kept[-1].run

        def conjunction(v: list[Value], s: Scope) -> Value:
            for run in runs:
                x = run(v, s)
                if not x:
                    return x
            return last(v, s)

        return Code(conjunction)

    def _or(self, operands: list[Code]) -> Code:
        kept = _kept(operands, decisive=True)
        if len(kept) == 1:
            return kept[0]
        runs, last = [k.run for k in kept[:-1]], kept[-1].run

        def disjunction(v: list[Value], s: Scope) -> Value:
            for run in runs:
                x = run(v, s)
                if x:
                    return x
            return last(v, s)

        return Code(disjunction)

    def _compare(self, left: Expression, rest: tuple[tuple[str, Expression], ...], names: Names) -> Code:
        links: list[Code] = []
        for op, right in rest:
            a, b = self._code(left, names), self._code(right, names)
            a, b = self._where(a, left, right), self._where(b, right, left)
            links.append(self._link(op, a, b))
            left = right
        return links[0] if len(links) == 1 else self._and(links)

    def _where(self, code: Code, node: Expression, other: Expression) -> Code:
        """A text compared with an `at` is read as a value of `at`: `nowhere`, or an entity in its own spelling."""
        if not _is_at(other) or _is_at(node):
            return code
        whereabouts, run = self._layout.whereabouts, code.run
        if code.constant:
            return constant(whereabouts(code.value))
        return mapped(code, Code(lambda v, s: whereabouts(run(v, s)), name=code.name), whereabouts)

    def _link(self, op: str, a: Code, b: Code) -> Code:
        link = self._equality(a, b) if op in ("==", "!=") else self._order(op, a, b)
        if a.constant and b.constant:
            link = constant(link.run([], OUTSIDE))
        return self._not(link) if op in ("!=", "not in") else link

    def _equality(self, a: Code, b: Code) -> Code:
        if a.constant and not b.constant:
            a, b = b, a
        run, other, slot = a.run, b.run, a.slot
        if b.constant and b.value is None:
            return mapped(a, Code(lambda v, s: run(v, s) is None), lambda x: x is None)
        if b.constant and b.value.__class__ is str:
            text = b.value
            if slot:
                return Code(lambda v, _s: v[slot] == text)
            return mapped(a, Code(lambda v, s: run(v, s) == text), lambda x: x == text)
        if a.name or b.name:
            return Code(lambda v, s: run(v, s) == other(v, s))
        return Code(lambda v, s: equal(run(v, s), other(v, s), s[0]))

    def _order(self, op: str, a: Code, b: Code) -> Code:
        run, other = a.run, b.run
        if op in ("in", "not in"):
            if a.constant and b.slot and a.value.__class__ is str:
                return self._text_in_slot(a.value, b.slot)
            code = Code(lambda v, s: contains(run(v, s), other(v, s), s[0]))
            return mapped(b, code, lambda x: contains(a.value, x)) if a.constant else code
        if op in (">", ">="):
            run, other = other, run
        if op in ("<", ">"):
            return Code(lambda v, s: less(run(v, s), other(v, s)))
        return Code(lambda v, s: less_equal(run(v, s), other(v, s)))

    @staticmethod
    def _text_in_slot(text: str, slot: int) -> Code:
        def text_in(v: list[Value], s: Scope) -> Value:
            x = v[slot]
            return text in x if x.__class__ is tuple else contains(text, x, s[0])

        return Code(text_in)

    def _binary(self, op: str, a: Code, b: Code) -> Code:
        operate, run, other = ARITHMETIC[op], a.run, b.run
        if a.constant and b.constant:
            return constant(operate(a.value, b.value, None))
        return Code(lambda v, s: operate(run(v, s), other(v, s), s[0]))

    def _list(self, parts: list[Code]) -> Code:
        if all(p.constant for p in parts):
            return constant(tuple(p.value for p in parts))
        runs = [p.run for p in parts]
        return Code(lambda v, s: tuple([run(v, s) for run in runs]))

    def loop(self, loop: Loop, names: Names) -> tuple[Function, Names]:
        """A loop's elements, in order, and the names inside it."""
        source = self._code(loop.source, names)
        inner = names.with_variable(loop.variable)
        if self._unrolls(source, names):
            return self._unrolled(source.value, loop, names), inner
        ranged = source.run
        conditions = [self._code(c, inner) for c in loop.conditions]
        runs = [c.run for c in conditions if not (c.constant and c.value)]

        def rounds(v: list[Value], s: Scope) -> Value:
            found = elements(ranged(v, s))
            charge(s[0], len(found))
            for run in runs:
                found = tuple([x for x in found if run(v, (*s, x))])
            return found

        return rounds, inner

    def unrolled(self, loop: Loop, names: Names) -> list[tuple[Value, Names]] | None:
        """The elements and the names in each round, where they are known and few; else None."""
        source = self._code(loop.source, names)
        if not self._unrolls(source, names):
            return None
        known = elements(source.value)
        return [(x, names.with_known(loop.variable, x, len(known))) for x in known]

    @staticmethod
    def _unrolls(source: Code, names: Names) -> bool:
        known = elements(source.value) if source.constant else ()
        return (
            source.constant
            and len(known) * names.unrolled <= MAX_UNROLLED
            and all(x.__class__ is str for x in known)
        )

    def _unrolled(self, source: Value, loop: Loop, names: Names) -> Function:
        """A loop over what is known: each element with its own conditions, in which it is a constant."""
        always: list[Value] = []
        rounds: list[tuple[Value, Function]] = []
        known = elements(source)
        for x in known:
            inner = names.with_known(loop.variable, x, len(known))
            test = self._and([self._code(c, inner) for c in loop.conditions] or [constant(True)])
            if not test.constant:
                rounds.append((x, test.run))
            elif test.value:
                always.append(x)
                rounds.append((x, _yes))
        if len(always) == len(rounds):
            fixed = tuple(always)
            return lambda _v, _s: fixed
        work = len(rounds)

        def tested(v: list[Value], s: Scope) -> Value:
            charge(s[0], work)
            inside = (*s, None)
            return tuple([x for x, test in rounds if test(v, inside)])

        return tested

    def _comprehension(self, function: str, element: Expression, loop: Loop, names: Names) -> Code:
        rounds, inner = self.loop(loop, names)
        if element == Variable(loop.variable):
            if function == "list":
                return Code(rounds)
            if function in _OF_LIST and function != "count":
                of_list = _OF_LIST[function]
                return Code(lambda v, s: of_list(rounds(v, s)))
        run = self._code(element, inner).run

        def any_of(v: list[Value], s: Scope) -> Value:
            return any(run(v, (*s, x)) for x in rounds(v, s))

        def all_of(v: list[Value], s: Scope) -> Value:
            return all(run(v, (*s, x)) for x in rounds(v, s))

        def count_of(v: list[Value], s: Scope) -> Value:
            return sum(1 for x in rounds(v, s) if run(v, (*s, x)))

        if function in ("any", "all") and not loop.conditions:
            each = self.unrolled(loop, names)
            if each is not None:
                parts = [self._code(element, known) for _, known in each]
                join = self._or if function == "any" else self._and
                truth = join([*parts, constant(function == "all")]).run
                return Code(lambda v, s: bool(truth(v, (*s, None))))
        if function == "any":
            return Code(any_of)
        if function == "all":
            return Code(all_of)
        if function == "count":
            return Code(count_of)
        combine = _COMBINE[function]
        return Code(lambda v, s: combine(tuple([run(v, (*s, x)) for x in rounds(v, s)])))

    def _call(self, function: str, arguments: list[Code]) -> Code:
        if function in ("place_of", "visible", "inside"):
            return self._whereabouts.code(function, arguments)
        run = arguments[0].run
        if function == "abs":
            code = Code(lambda v, s: _absolute(run(v, s)))
        elif function == "count":
            code = Code(lambda v, s: len(elements(run(v, s))))
        elif len(arguments) > 1:
            runs, combine = [a.run for a in arguments], _COMBINE[function]
            code = Code(lambda v, s: combine(tuple([r(v, s) for r in runs])))
        else:
            of_list = _OF_LIST[function]

            def over_list(v: list[Value], s: Scope) -> Value:
                x = run(v, s)
                found = elements(x)
                charge(s[0], len(found))
                return of_list(found) if x.__class__ in (tuple, dict) else of_list((x,))

            code = Code(over_list)
        return constant(code.run([], OUTSIDE)) if all(a.constant for a in arguments) else code

    def _defined(self, name: str, arguments: list[Code], unrolled: int) -> Code:
        definition = self._program.definitions[name]
        pairs = list(zip(definition.parameters, arguments, strict=True))
        known = {p: a.value for p, a in pairs if a.constant}
        computed = [(p, a.run) for p, a in pairs if not a.constant]
        key = (
            name,
            unrolled,
            tuple(p for p, _ in computed),
            *((p, x.__class__, repr(x)) for p, x in known.items()),
        )
        body = self._definitions.get(key)
        if body is None:
            positions = {p: i for i, (p, _) in enumerate(computed, start=1)}
            body = self._code(definition.body, Names(known, positions, 1 + len(computed), unrolled))
            self._definitions[key] = body
        # A body without arguments and loops reads nothing of the scope, and can be called with any.
        loops = any(isinstance(part, Comprehension) for part in walk(definition.body))
        if body.constant or not (computed or loops):
            return body
        run, runs = body.run, [r for _, r in computed]
        return Code(lambda v, s: run(v, (s[0], *[r(v, s) for r in runs])), name=body.name)


def _kept(operands: list[Code], *, decisive: bool) -> list[Code]:
    """The operands of `and` or `or` that can make a difference: up to one that is known to decide."""
    kept: list[Code] = []
    for i, operand in enumerate(operands):
        if operand.constant and bool(operand.value) == decisive:
            return [*kept, operand]
        if not operand.constant or i == len(operands) - 1:
            kept.append(operand)
    return kept


def _is_at(node: Expression) -> bool:
    return isinstance(node, Attribute | Item) and step_name(node) == "at"


def _yes(_v: list[Value], _s: Scope) -> Value:
    return True


def _element(x: Value, key: Value) -> Value:
    """What a key names in a mapping or a list: a list's element by its number, or itself where it is there."""
    if x.__class__ is dict:
        return x.get(key if key.__class__ is str else key_text(key))
    if x.__class__ is tuple:
        if key.__class__ is int:
            return x[key] if -len(x) <= key < len(x) else None
        return key if key.__class__ is str and key in x else None
    return None


def _absolute(x: Value) -> Value:
    x = 0 if x is None else x
    return abs(x) if is_number(x) else None


_COMBINE: dict[str, Callable[[tuple[Value, ...]], Value]] = {
    "list": lambda found: found,
    "sum": total,
    "min": smallest,
    "max": largest,
}
_OF_LIST: dict[str, Callable[[tuple[Value, ...]], Value]] = _COMBINE | {"any": any, "all": all}
