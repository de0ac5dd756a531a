"""Compiled expressions: closures, and what is known of their values.

A compiled expression is called as `run(values, scope)`: `values` is the state's list, `scope` a tuple with the
work meter at 0 and the values of loops' and definitions' variables after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trpg_env.world.values import Value

Scope = tuple[Any, ...]
Function = Callable[[list[Value], Scope], Value]

OUTSIDE: Scope = (None,)
"""The scope outside any loop and definition."""


@dataclass(frozen=True, slots=True)
class Names:
    """What variables are where an expression is compiled.

    Attributes:
        known: Variables whose values are known now.
        positions: Variables whose values stand in the scope, and where.
        depth: The scope's length.
        unrolled: In how many copies this place stands, through loops compiled round by round.
    """

    known: Mapping[str, Value]
    positions: Mapping[str, int]
    depth: int = 1
    unrolled: int = 1

    def with_variable(self, name: str) -> "Names":
        """These names inside a loop over `name`."""
        known = {k: v for k, v in self.known.items() if k != name}
        return Names(known, {**self.positions, name: self.depth}, self.depth + 1, self.unrolled)

    def with_known(self, name: str, value: Value, rounds: int) -> "Names":
        """These names inside one round of a loop whose elements are known; the scope is as in any round."""
        positions = {k: p for k, p in self.positions.items() if k != name}
        return Names({**self.known, name: value}, positions, self.depth + 1, self.unrolled * rounds)


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression, and what is known of its value.

    Attributes:
        run: The closure.
        constant: Whether the value is always `value`.
        slot: The slot that it reads, and nothing else; 0 where it does more.
        name: Whether the value is always a text or null.
        table: Where the value hangs on one slot alone, through attributes that never change: that slot's
            number, and the value for each entity that the slot may name.
    """

    run: Function
    constant: bool = False
    value: Value = None
    slot: int = 0
    name: bool = False
    table: tuple[int, Mapping[str, Value]] | None = None


def constant(value: Value) -> Code:
    """An expression whose value is known."""
    return Code(
        lambda _v, _s: value, constant=True, value=value, name=value is None or value.__class__ is str
    )


def tabled(plain: Code, slot: int, table: Mapping[str, Value]) -> Code:
    """`plain`, with a look-up for what its slot usually holds."""
    slow = plain.run

    def run(v: list[Value], s: Scope) -> Value:
        try:
            return table[v[slot]]
        except (KeyError, TypeError):
            return slow(v, s)

    return Code(run, name=plain.name, table=(slot, table))


def mapped(base: Code, plain: Code, function: Callable[[Value], Value]) -> Code:
    """`plain`, which applies a function to `base`: by look-up where `base` is one."""
    if base.table is None:
        return plain
    slot, table = base.table
    return tabled(plain, slot, {name: function(x) for name, x in table.items()})
