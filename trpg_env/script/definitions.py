"""`define`: named expressions with parameters, without recursion, and no larger written out than an expression may be."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trpg_env.script.expressions import MAX_NODES, Scope, parse_expression
from trpg_env.script.faults import Path
from trpg_env.script.names import TAKEN, fold
from trpg_env.script.nodes import Defined, Expression, Literal, walk
from trpg_env.script.program import Definition
from trpg_env.script.reading import ExpressionError

_SIGNATURE = re.compile(r"\s*([^\W\d]\w*)\s*(?:\(\s*((?:[^\W\d]\w*\s*(?:,\s*[^\W\d]\w*\s*)*)?)\))?\s*")
_MAX_CHAIN = 200

Report = Callable[[Path, str], None]


@dataclass
class Definitions:
    """The definitions of a script, while they are read.

    Attributes:
        found: Each definition by its name.
    """

    found: dict[str, Definition] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _paths: dict[str, Path] = field(default_factory=dict)

    def read(self, define: Mapping[str, Any], names: Collection[str], scope: Scope, report: Report) -> Scope:
        """Read all definitions, in whatever order they use one another.

        Args:
            define: What the script says.
            names: The folded names of entities and kinds, which no definition may have.
            scope: What names mean, definitions left aside.
            report: Takes each fault.

        Returns:
            The scope with the definitions.
        """
        signatures = _signatures(define, names, report)
        scope = replace(scope, definitions={name: len(ps) for name, (_, ps) in signatures.items()})
        for name, (key, parameters) in signatures.items():
            inner = replace(scope, variables={p: p for p in parameters})
            try:
                body = parse_expression(define[key], inner)
            except ExpressionError as error:
                report(("define", key), str(error))
                body = Literal(None)
            self.found[name] = Definition(name, parameters, body)
            self._paths[name] = ("define", key)
        for name in signatures:
            self._measure(name, report, ())
        return scope

    def _measure(self, name: str, report: Report, above: tuple[str, ...]) -> int:
        if name in self._sizes or name not in self.found:
            return self._sizes.get(name, 1)
        path = self._paths[name]
        if name in above or len(above) > _MAX_CHAIN:
            report(path, f"{name!r} is defined by itself; definitions have no recursion")
            self._sizes[name] = 1
            return 1
        size = 0
        for node in walk(self.found[name].body):
            size += 1
            if isinstance(node, Defined):
                size += self._measure(node.name, report, (*above, name))
        if size > MAX_NODES and name not in self._sizes:
            report(path, f"written out, it has {size:,} parts; at most {MAX_NODES:,}")
        self._sizes[name] = min(size, MAX_NODES)
        return self._sizes[name]

    def size(self, expression: Expression) -> int:
        """How many parts an expression has, its definitions written out."""
        return sum(self._sizes.get(n.name, 1) if isinstance(n, Defined) else 1 for n in walk(expression))

    def walk_through(self, expression: Expression) -> Iterator[Expression]:
        """All parts of an expression, those of its definitions too."""
        seen: set[str] = set()
        waiting = [expression]
        while waiting:
            for node in walk(waiting.pop()):
                yield node
                if isinstance(node, Defined) and node.name in self.found and node.name not in seen:
                    seen.add(node.name)
                    waiting.append(self.found[node.name].body)


def _signatures(
    define: Mapping[str, Any], names: Collection[str], report: Report
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each definition's key in the file and its parameters."""
    signatures: dict[str, tuple[str, tuple[str, ...]]] = {}
    for key in define:
        path = ("define", key)
        match = _SIGNATURE.fullmatch(key)
        if not match:
            report(path, "a definition is named such as `near(x)`")
            continue
        name = match[1]
        parameters = tuple(p.strip() for p in (match[2] or "").split(",") if p.strip())
        if name in TAKEN or fold(name) in names:
            report(path, f"the name {name!r} is taken; choose another")
        elif name in signatures:
            report(path, f"{name!r} is defined twice")
        elif len(set(parameters)) < len(parameters) or TAKEN & set(parameters):
            report(path, "its parameters are named alike, or by a name of the language")
        else:
            signatures[name] = (key, parameters)
    return signatures
