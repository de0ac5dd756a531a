"""The expression language: text → a small tree of frozen nodes, or a sentence that says what is wrong.

Python's parser reads the text; nothing of it is ever compiled or run as Python. Every node type that is not
listed here is refused, so the language is exactly what this file names. The tree is resolved (each bare name
is known to be a parameter, a loop's variable, an entity, a kind or a definition), and says nothing about how
a state is stored: `trpg_env.world` turns it into closures.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from trpg_env.script.names import fold, suggestion
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
    Scalar,
    Turn,
    Variable,
)
from trpg_env.script.reading import MAX_NESTING, ExpressionError, UnreadableError, read, shown, unparse

MAX_NODES = 10_000
MAX_NUMBER = 2**53


@dataclass(frozen=True)
class Scope:
    """What names mean where an expression stands.

    Attributes:
        entities: The folded name of every entity → its own spelling.
        kinds: The folded name of every kind → its own spelling.
        definitions: Every definition's name → how many arguments it takes.
        variables: Parameters and loops' variables: identifier → the name it stands for.
        texts: Whether `look` may be used.
    """

    entities: Mapping[str, str]
    kinds: Mapping[str, str]
    definitions: Mapping[str, int] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    texts: bool = False

    def with_variable(self, name: str) -> "Scope":
        """This scope inside a loop over `name`."""
        return replace(self, variables={**self.variables, name: name})


_COMPARISONS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}
_CONSTANTS: dict[str, Scalar] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
    "nowhere": None,
}
_ARITY = {
    "abs": (1, 1),
    "min": (1, 20),
    "max": (1, 20),
    "count": (1, 1),
    "sum": (1, 1),
    "any": (1, 1),
    "all": (1, 1),
}
_ARITY |= {"place_of": (1, 1), "visible": (1, 1), "inside": (2, 2)}
_RANGING = frozenset({"any", "all", "count", "sum", "min", "max"})
_INSTEAD = {
    ast.IfExp: "a choice is written with `and`/`or`, or as an effect {when: …, then: […], else: […]}",
    ast.Lambda: "write a definition under `define`",
    ast.JoinedStr: "write the text with {braces} in `say`, `message` or `observation`",
    ast.Dict: "mappings are written in `environment`, not in expressions",
    ast.Set: "write a list: [a, b]",
    ast.Tuple: "write a list: [a, b]",
    ast.SetComp: "write a list: [x for x in items if …]",
    ast.DictComp: "write a list: [x for x in items if …]",
    ast.NamedExpr: "values are set by effects: `x.attribute = …`",
    ast.Await: "there is no await",
    ast.Starred: "there is no unpacking",
    ast.Slice: "there are no slices; name one element: x[0]",
}


def parse_expression(value: object, scope: Scope) -> Expression:
    """Parse an expression as it stands in a script.

    Args:
        value: The text; or a scalar that the file's format read as one (`when: true`), which stands for itself.
        scope: What names mean here.

    Raises:
        ExpressionError: It is not of the language.
    """
    if value is None or isinstance(value, bool | int | float):
        return _literal(value)
    if not isinstance(value, str):
        raise ExpressionError(f"an expression is a text, not a {_json_type(value)}")
    return build(read_in(value, scope), scope)


def read_in(text: str, scope: Scope, *, statement: bool = False) -> ast.AST:
    """`read`, with a hint where a name of the scope would have to be written otherwise.

    Raises:
        ExpressionError: Too long, too deep, or not Python's syntax.
    """
    try:
        return read(text, statement=statement)
    except UnreadableError as error:
        raise ExpressionError(f"{error}{_blank_hint(text, scope)}") from None


def build(node: ast.AST, scope: Scope) -> Expression:
    """Turn Python's tree into an expression.

    Raises:
        ExpressionError: Part of it is not of the language, or a name is nothing.
    """
    return _Builder(scope).build(node)


def parse_text_expression(text: str, scope: Scope) -> Expression:
    """Parse what stands between braces in a text: a comprehension's brackets may be left out."""
    stripped = text.strip()
    if not stripped:
        raise ExpressionError("nothing stands between { and }; write {{ for a brace")
    try:
        return parse_expression(stripped, scope)
    except ExpressionError:
        try:
            bracketed = read(f"[{stripped}]")
        except ExpressionError:
            bracketed = None
        if not isinstance(bracketed, ast.ListComp):
            raise
        return build(bracketed, scope)


def parse_loop(text: object, scope: Scope) -> tuple[Loop, Scope]:
    """Parse `i in items if …` of a `for` effect; gives the loop and the scope inside it."""
    if not isinstance(text, str):
        raise ExpressionError("`for` is a text such as `i in items if i.at == player`")
    try:
        node = read(f"[None for {text.strip()}]")
    except ExpressionError as error:
        raise ExpressionError(f"{error} (`for` is written such as `i in items if i.at == player`)") from None
    if not isinstance(node, ast.ListComp) or not isinstance(node.elt, ast.Constant):
        raise ExpressionError("`for` is written such as `i in items if i.at == player`")
    return _Builder(scope).loop(node.generators)


def _blank_hint(text: str, scope: "Scope") -> str:
    """How to write an entity's name that holds a blank, where one stands in a text that cannot be read."""
    names = [n for n in scope.entities.values() if not n.isidentifier() and n in text]
    return f"; write {max(names, key=len)!r} with underscores or in quotes" if names else ""


def _json_type(value: object) -> str:
    return (
        "mapping"
        if isinstance(value, dict)
        else "list"
        if isinstance(value, list | tuple)
        else type(value).__name__
    )


def _literal(value: Scalar) -> Literal:
    return Literal(int(value) if isinstance(value, float) and value.is_integer() else value)


class _Builder:
    """Turns Python's tree into ours; counts nodes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._left = MAX_NODES
        self._depth = 0

    def build(self, node: ast.AST) -> Expression:
        self._left -= 1
        self._depth += 1
        if self._left < 0 or self._depth > MAX_NESTING * 2:
            raise ExpressionError("the expression is too large; move parts of it to `define`")
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            self._refuse(node)
        result: Expression = method(node)
        self._depth -= 1
        return result

    def _refuse(self, node: ast.AST) -> NoReturn:
        instead = _INSTEAD.get(type(node), "see the list of operators and functions of the script language")
        raise ExpressionError(f"{shown(unparse(node))} is not of the language: {instead}")

    def _Constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if value is None or isinstance(value, bool | str):
            return Literal(value)
        if isinstance(value, int | float) and abs(value) <= MAX_NUMBER:
            return _literal(value)
        if isinstance(value, int | float):
            raise ExpressionError("numbers lie within ±2**53")
        self._refuse(node)

    def _Name(self, node: ast.Name) -> Expression:
        name, scope = node.id, self._scope
        if name in scope.variables:
            return Variable(scope.variables[name])
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if name == "player":
            return Entity("player")
        if name == "turn":
            return Turn()
        if name == "look":
            if scope.texts:
                return Look()
            raise ExpressionError("{look} is a text; it stands in `observation`, `message` and `say` only")
        if name in ("items", "places"):
            return Kind(scope.kinds.get(name, name))
        folded = fold(name)
        if folded in scope.entities:
            return Entity(scope.entities[folded])
        if folded in scope.kinds:
            return Kind(scope.kinds[folded])
        if name in scope.definitions:
            return self._defined(name, [])
        if name in _ARITY:
            raise ExpressionError(f"{name} is a function; call it: {name}(…)")
        known = [
            *scope.variables,
            *scope.entities.values(),
            *scope.kinds.values(),
            *scope.definitions,
            "player",
        ]
        hint = suggestion(name, known) or '; a text stands in quotes: "…"'
        raise ExpressionError(f"{name!r} is no parameter, entity, kind or definition{hint}")

    def _Attribute(self, node: ast.Attribute) -> Expression:
        return Attribute(self._base(node.value), node.attr)

    def _Subscript(self, node: ast.Subscript) -> Expression:
        return Item(self._base(node.value), self.build(node.slice))

    def _base(self, node: ast.AST) -> Expression:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            folded = fold(node.value)
            if folded == "player":
                return Entity("player")
            if folded not in self._scope.entities:
                raise ExpressionError(
                    f"no entity is named {node.value!r}{suggestion(node.value, self._scope.entities.values())}"
                )
            return Entity(self._scope.entities[folded])
        return self.build(node)

    def _UnaryOp(self, node: ast.UnaryOp) -> Expression:
        if isinstance(node.op, ast.Not):
            return Not(self.build(node.operand))
        if isinstance(node.op, ast.USub):
            return Binary("-", Literal(0), self.build(node.operand))
        self._refuse(node)

    def _BoolOp(self, node: ast.BoolOp) -> Expression:
        operands = tuple(map(self.build, node.values))
        return And(operands) if isinstance(node.op, ast.And) else Or(operands)

    def _Compare(self, node: ast.Compare) -> Expression:
        for op in node.ops:
            if type(op) not in _COMPARISONS:
                raise ExpressionError("compare with == and !=, not with `is`")
        pairs = zip(node.ops, node.comparators, strict=True)
        return Compare(
            self.build(node.left), tuple((_COMPARISONS[type(op)], self.build(right)) for op, right in pairs)
        )

    def _BinOp(self, node: ast.BinOp) -> Expression:
        if type(node.op) not in _ARITHMETIC:
            hint = ": divide with //" if isinstance(node.op, ast.Div) else ": the operators are + - * // %"
            raise ExpressionError(f"{shown(unparse(node))} is not of the language{hint}")
        return Binary(_ARITHMETIC[type(node.op)], self.build(node.left), self.build(node.right))

    def _List(self, node: ast.List) -> Expression:
        return ListOf(tuple(map(self.build, node.elts)))

    def _ListComp(self, node: ast.ListComp) -> Expression:
        return self._comprehension("list", node)

    def _GeneratorExp(self, node: ast.GeneratorExp) -> Expression:
        raise ExpressionError(
            "a comprehension stands in [ ] or in any(), all(), count(), sum(), min(), max()"
        )

    def _comprehension(self, function: str, node: ast.ListComp | ast.GeneratorExp) -> Expression:
        loop, inner = self.loop(node.generators)
        outer, self._scope = self._scope, inner
        element = self.build(node.elt)
        self._scope = outer
        return Comprehension(function, element, loop)

    def loop(self, generators: list[ast.comprehension]) -> tuple[Loop, Scope]:
        """The one `for … in … if …` of a comprehension, and the scope inside it."""
        if len(generators) != 1:
            raise ExpressionError("one `for` to a comprehension; nest any(… for …) or all(… for …) instead")
        generator = generators[0]
        if generator.is_async or not isinstance(generator.target, ast.Name):
            raise ExpressionError("a loop has one variable: `for x in items`")
        name = generator.target.id
        if name in _CONSTANTS or name in _ARITY or name in ("player", "items", "places", "look", "turn"):
            raise ExpressionError(f"{name!r} is taken; name the loop's variable otherwise")
        source = self.build(generator.iter)
        outer, self._scope = self._scope, self._scope.with_variable(name)
        conditions = tuple(map(self.build, generator.ifs))
        inner, self._scope = self._scope, outer
        return Loop(name, source, conditions), inner

    def _Call(self, node: ast.Call) -> Expression:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ExpressionError(f"{shown(unparse(node))}: there are no methods and no named arguments")
        name = node.func.id
        if name in self._scope.definitions:
            return self._defined(name, node.args)
        if name not in _ARITY:
            known = [*_ARITY, *self._scope.definitions]
            hint = suggestion(name, known) or f"; the functions are {', '.join(_ARITY)}"
            raise ExpressionError(f"there is no function {name!r}{hint}")
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and name in _RANGING:
            return self._comprehension(name, node.args[0])
        low, high = _ARITY[name]
        if not low <= len(node.args) <= high:
            raise ExpressionError(f"{name} takes {low if low == high else f'{low} to {high}'} arguments")
        return Call(
            name,
            tuple(map(self._base if name in ("place_of", "visible", "inside") else self.build, node.args)),
        )

    def _defined(self, name: str, arguments: list[ast.expr]) -> Expression:
        expected = self._scope.definitions[name]
        if len(arguments) != expected:
            raise ExpressionError(f"the definition {name} takes {expected} arguments, not {len(arguments)}")
        return Defined(name, tuple(map(self.build, arguments)))
