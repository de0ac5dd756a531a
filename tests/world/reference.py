"""The language a second time, as plainly as can be: the yardstick for what is compiled.

A tree walker over parsed nodes. A state is a dictionary: entity → attribute → value; lists are tuples.
"""

import math
from collections.abc import Mapping
from typing import Any

from trpg_env.script import expressions as x
from trpg_env.script.effects import Assign, Effect, For, Say, When
from trpg_env.script.names import fold
from trpg_env.script.program import Program

State = dict[str, dict[str, Any]]

LIMIT = 10_000


def same(a: Any, b: Any) -> bool:
    """The same value: true is not 1, and whole numbers are ints."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(i, j) for i, j in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def is_number(a: Any) -> bool:
    return isinstance(a, int | float) and not isinstance(a, bool)


def bounded(a: Any) -> Any:
    a = max(-(2**53), min(2**53, a))
    return int(a) if a == int(a) else a


def text_of(a: Any) -> str:
    if a is None:
        return "nothing"
    if isinstance(a, bool):
        return str(a).lower()
    if isinstance(a, str):
        return a
    if is_number(a):
        return repr(a)
    words = [text_of(part) for part in a]
    if len(words) > 1:
        words = [", ".join(words[:-1]), words[-1]]
    return " and ".join(words) if words else "nothing"


def key_of(a: Any) -> str | None:
    return text_of(a) if isinstance(a, str | bool) or is_number(a) else None


class Reference:
    """Evaluates expressions and carries out effects of one program.

    Args:
        program: Whose names are meant.
        state: Entity → attribute → value; effects change it.
        turn: The number of actions taken.
    """

    def __init__(self, program: Program, state: State, turn: int = 0) -> None:
        self.program, self.state, self.turn = program, state, turn
        self.said: list[str] = []

    # Expressions

    def value(self, node: x.Expression, names: Mapping[str, Any]) -> Any:
        return getattr(self, f"_{type(node).__name__}")(node, names)

    def _Literal(self, node: x.Literal, _: Any) -> Any:
        return node.value

    def _Entity(self, node: x.Entity, _: Any) -> Any:
        return node.name

    def _Kind(self, node: x.Kind, _: Any) -> Any:
        return tuple(self.program.kinds.get(node.name, ()))

    def _Variable(self, node: x.Variable, names: Mapping[str, Any]) -> Any:
        return names[node.name]

    def _Turn(self, node: x.Turn, _: Any) -> Any:
        return self.turn

    def _Attribute(self, node: x.Attribute, names: Mapping[str, Any]) -> Any:
        return self.part(self.value(node.base, names), node.name, dotted=True)

    def _Item(self, node: x.Item, names: Mapping[str, Any]) -> Any:
        return self.part(self.value(node.base, names), self.value(node.key, names))

    def part(self, base: Any, key: Any, *, dotted: bool = False) -> Any:
        if isinstance(base, str):
            return self.state.get(self.entity(base) or "", {}).get(key) if isinstance(key, str) else None
        if isinstance(base, dict):
            return base.get(key_of(key))
        if isinstance(base, tuple) and not dotted:
            if isinstance(key, int) and not isinstance(key, bool):
                return base[key] if -len(base) <= key < len(base) else None
            return key if isinstance(key, str) and any(same(key, e) for e in base) else None
        return None

    def entity(self, name: Any) -> str | None:
        return next((e for e in self.state if fold(e) == fold(name)), None) if isinstance(name, str) else None

    def _Not(self, node: x.Not, names: Mapping[str, Any]) -> Any:
        return not self.value(node.operand, names)

    def _And(self, node: x.And, names: Mapping[str, Any]) -> Any:
        result: Any = True
        for operand in node.operands:
            result = self.value(operand, names)
            if not result:
                break
        return result

    def _Or(self, node: x.Or, names: Mapping[str, Any]) -> Any:
        result: Any = False
        for operand in node.operands:
            result = self.value(operand, names)
            if result:
                break
        return result

    def _Compare(self, node: x.Compare, names: Mapping[str, Any]) -> Any:
        left = node.left
        for op, right in node.rest:
            a, b = self.value(left, names), self.value(right, names)
            if self.is_at(left) != self.is_at(right):
                a, b = (a, self.whereabouts(b)) if self.is_at(left) else (self.whereabouts(a), b)
            if not self.holds(op, a, b):
                return False
            left = right
        return True

    @staticmethod
    def is_at(node: x.Expression) -> bool:
        return (isinstance(node, x.Attribute) and node.name == "at") or (
            isinstance(node, x.Item) and node.key == x.Literal("at")
        )

    def whereabouts(self, value: Any) -> Any:
        if isinstance(value, str):
            return None if fold(value) == "nowhere" else self.entity(value) or value
        return value

    def holds(self, op: str, a: Any, b: Any) -> bool:
        if op.startswith("not"):
            return not self.holds("in", a, b)
        if op == "in":
            if isinstance(b, tuple):
                return any(same(a, e) for e in b)
            if isinstance(b, dict):
                return key_of(a) in b
            return isinstance(b, str) and isinstance(a, str) and a in b
        if op in ("==", "!="):
            return same(a, b) == (op == "==")
        alike = (is_number(a) and is_number(b)) or (type(a) is type(b) and isinstance(a, str | bool))
        return alike and bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])

    def _Binary(self, node: x.Binary, names: Mapping[str, Any]) -> Any:
        return self.arithmetic(node.op, self.value(node.left, names), self.value(node.right, names))

    def arithmetic(self, op: str, a: Any, b: Any) -> Any:
        if op == "+" and isinstance(a, str | tuple) and type(a) is type(b):
            return (a + b)[:LIMIT]
        a, b = (0 if v is None else v for v in (a, b))
        if not (is_number(a) and is_number(b)) or (op in ("//", "%") and b == 0):
            return None
        if op == "//":
            result = a // b
        else:
            result = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "%": lambda: a % b}[op]()
        return bounded(result) if math.isfinite(result) else math.copysign(1, result) * 2**53

    def _ListOf(self, node: x.ListOf, names: Mapping[str, Any]) -> Any:
        return tuple(self.value(e, names) for e in node.elements)

    def rounds(self, loop: x.Loop, names: Mapping[str, Any]) -> list[dict[str, Any]]:
        inner = [{**names, loop.variable: e} for e in self.elements(self.value(loop.source, names))]
        return [n for n in inner if all(self.value(c, n) for c in loop.conditions)]

    @staticmethod
    def elements(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, tuple | dict) else ()

    def _Comprehension(self, node: x.Comprehension, names: Mapping[str, Any]) -> Any:
        found = tuple(self.value(node.element, n) for n in self.rounds(node.loop, names))
        if node.function == "count":
            return sum(bool(e) for e in found)
        return found if node.function == "list" else self.reduced(node.function, found)

    def reduced(self, function: str, found: tuple[Any, ...]) -> Any:
        if function in ("any", "all"):
            return {"any": any, "all": all}[function](map(bool, found))
        if function in ("min", "max") and found and all(isinstance(e, str) for e in found):
            return min(found) if function == "min" else max(found)
        numbers = [0 if e is None else e for e in found]
        if not all(map(is_number, numbers)) or (function != "sum" and not numbers):
            return None
        return bounded({"sum": sum, "min": min, "max": max}[function](numbers))

    def _Call(self, node: x.Call, names: Mapping[str, Any]) -> Any:
        arguments = [self.value(a, names) for a in node.arguments]
        first = arguments[0]
        match node.function:
            case "place_of":
                return self.place_of(first)
            case "inside":
                return (
                    self.entity(arguments[1]) in self.holders(first) and self.entity(arguments[1]) is not None
                )
            case "visible":
                return self.visible(self.entity(first))
            case "abs":
                return bounded(abs(first or 0)) if first is None or is_number(first) else None
            case "count":
                return len(self.elements(first))
        if len(arguments) > 1:
            return self.reduced(node.function, tuple(arguments))
        return self.reduced(
            node.function, self.elements(first) if isinstance(first, tuple | dict) else (first,)
        )

    def holders(self, name: Any) -> list[str]:
        """What an entity is in, from the inside outwards."""
        chain: list[str] = []
        at = self.state.get(self.entity(name) or "", {}).get("at")
        while isinstance(at, str) and at not in chain:
            chain.append(at)
            at = self.state.get(at, {}).get("at")
        return chain

    def place_of(self, name: Any) -> str | None:
        own = self.entity(name)
        for holder in (own, *self.holders(name)):
            if holder in self.program.places:
                return holder
        return None

    def visible(self, name: str | None) -> bool:
        if name is None:
            return False
        own = self.state[name]
        if own.get("hidden") or (own.get("at") is None and name not in self.program.places):
            return False
        holders = self.holders(name)
        if holders and name in holders:
            return False
        for holder in holders:
            of = self.state.get(holder, {})
            if of.get("hidden") or (of.get("container") and not of.get("open")):
                return False
        last = self.state.get(holders[-1], {}).get("at") if holders else None
        return last not in holders or not isinstance(last, str)

    def _Defined(self, node: x.Defined, names: Mapping[str, Any]) -> Any:
        definition = self.program.definitions[node.name]
        arguments = [self.value(a, names) for a in node.arguments]
        return self.value(definition.body, dict(zip(definition.parameters, arguments, strict=True)))

    # Effects

    def carry_out(self, effects: tuple[Effect, ...], names: Mapping[str, Any]) -> None:
        for effect in effects:
            match effect:
                case Assign(target, op, value):
                    self.assign(target, op, value, names)
                case When(condition, then, otherwise):
                    self.carry_out(then if self.value(condition, names) else otherwise, names)
                case For(loop, then):
                    for inner in self.rounds(loop, names):
                        self.carry_out(then, inner)
                case Say(text):
                    self.said.append(
                        "".join(p if isinstance(p, str) else text_of(self.value(p, names)) for p in text)
                    )

    def assign(self, target: Any, op: str, value: x.Expression, names: Mapping[str, Any]) -> None:
        steps: list[Any] = []
        node = target
        while isinstance(node, x.Attribute | x.Item):
            steps.insert(0, node)
            node = node.base
        at: Any = self.value(node, names)
        slot: tuple[str, str] | None = None
        keys: list[Any] = []
        written_out = True
        for step in steps:
            key = step.name if isinstance(step, x.Attribute) else self.value(step.key, names)
            owner = self.entity(at)
            if owner is not None:
                if not isinstance(key, str):
                    return
                written_out = isinstance(step, x.Attribute) or isinstance(step.key, x.Literal)
                if not written_out and key not in self.state[owner]:
                    return
                slot, keys, at = (owner, key), [], self.state[owner].get(key)
            elif slot is not None and (at is None or isinstance(at, dict | tuple)):
                keys = [*keys, key]
                at = self.inner(at, key)
            else:
                return
        if slot is None or not written_out:
            return
        old = self.state[slot[0]].get(slot[1])
        new = self.combined(op, at, self.value(value, names))
        new = self.put(old, keys, new)
        self.state[slot[0]][slot[1]] = self.whereabouts(new) if slot[1] == "at" else new

    @staticmethod
    def inner(value: Any, key: Any) -> Any:
        if isinstance(value, dict):
            return value.get(key_of(key))
        if isinstance(value, tuple) and type(key) is int and -len(value) <= key < len(value):
            return value[key]
        return None

    def put(self, value: Any, keys: list[Any], new: Any) -> Any:
        if not keys:
            return new
        key, *rest = keys
        if isinstance(value, tuple):
            if type(key) is int and -len(value) <= key < len(value):
                elements = list(value)
                elements[key] = self.put(elements[key], rest, new)
                return tuple(elements)
            return value
        name = key_of(key)
        if name is None or not (value is None or isinstance(value, dict)):
            return value
        return {**(value or {}), name: self.put((value or {}).get(name), rest, new)}

    def combined(self, op: str, old: Any, new: Any) -> Any:
        if op == "=":
            return new
        if op == "+=":
            if old is None and not is_number(new):
                old = ()
            if not isinstance(old, tuple):
                return self.arithmetic("+", old, new)
            for element in new if isinstance(new, tuple) else (new,):
                if not any(same(element, e) for e in old):
                    old = (*old, element)
            return old[:LIMIT]
        if isinstance(old, tuple):
            gone = new if isinstance(new, tuple) else (new,)
            return tuple(e for e in old if not any(same(e, g) for g in gone))
        return self.arithmetic("-", old, new)
