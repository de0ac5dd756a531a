"""What is checked before RestrictedPython sees the code: size, nesting, names, imports, and the shape of the whole.

These checks alone decide what an author is told; the transformer behind them repeats what safety hangs on.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

from trpg_env.sandbox.language import refusals
from trpg_env.sandbox.language.facades import MODULES, NAMES
from trpg_env.sandbox.language.refusals import VALIDATE

MAX_NODES = 5_000
MAX_DEPTH = 120
MAX_BLOCKS = 15
MAX_BRACKETS = 40
MAX_WEIGHT = 2 * MAX_NODES

TOO_DEEP = "this is nested too deeply; split it into helper functions or several lines"

_BRACKETS = re.compile(r"[()\[\]{}]")
_F_STRING = re.compile(r"[rR]?[fF][rR]?['\"]")
_INTERNALS = re.compile(r"(?:gi|cr|ag|tb|co|f)_")


class Refused(Exception):
    """Source that is outside the language; the text says where, why and what to write instead."""


def _refuse(node: Any, why: str) -> Refused:
    return Refused(f"line {getattr(node, 'lineno', 1)}: {why}")


def is_reserved(name: str) -> bool:
    """Tell whether a name is Python's (``__x``) or a guard's (``_x_``), and so not the author's to use."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_") and name != "_")


def is_for_annotations(node: ast.AST) -> bool:
    """Tell whether a statement only brings names for annotations; it is dropped with them, and binds nothing."""
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "typing"
        and not node.level
        and node.names[0].name != "*"
    )


def check_brackets(source: str) -> None:
    """Check how deep brackets go, before anything recurses into them: the parser drops parentheses from its tree.

    Raises:
        Refused: If they go too deep.
    """
    if sum(map(source.count, "([{")) <= MAX_BRACKETS:
        return
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            # Until Python 3.12 an f-string is a single token, whatever it holds.
            inside = _deepest(token.string) if _F_STRING.match(token.string) else 0
            if depth + inside > MAX_BRACKETS:
                raise Refused(f"line {token.start[0]}: {TOO_DEEP}")
    except (tokenize.TokenError, SyntaxError):
        return  # the parser says it better


def _deepest(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def check_tree(tree: ast.Module) -> None:
    """Check a parsed source.

    Raises:
        Refused: If it is not within the language.
    """
    _check_shape(tree)
    _check_finally(tree)
    _check_module(tree)
    bound, loaded = set[str](), list[ast.Name]()
    for node in _without_annotations(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                loaded.append(node)
            else:
                bound.add(node.id)
        else:
            bound.update(_bindings(node))
    for name in loaded:
        if name.id not in bound and name.id not in NAMES:
            raise _refuse(name, refusals.missing_name(name.id, bound | NAMES.keys()))


def _check_shape(tree: ast.Module) -> None:
    waiting: list[tuple[ast.AST, int, int]] = [(tree, 0, 0)]
    count = 0
    while waiting:
        node, depth, blocks = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise _refuse(node, "the code is too long; write a shorter one")
        if depth > MAX_DEPTH or blocks > MAX_BLOCKS:
            raise _refuse(node, TOO_DEEP)
        _check_node(node)
        for child in _children(node):
            elif_ = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
            inner = blocks + (isinstance(child, ast.stmt) and hasattr(child, "body") and not elif_)
            waiting.append((child, depth + 1, inner))


def _leaves(statement: ast.AST) -> bool:
    """Tell whether a statement leads out of the block that it stands in, and not by raising."""
    if isinstance(statement, (ast.Return, ast.Break, ast.Continue)):
        return True
    if isinstance(statement, (ast.FunctionDef, ast.Lambda)):
        return False
    if isinstance(statement, (ast.For, ast.While)):  # whose own break and continue lead no further
        returns = any(isinstance(part, ast.Return) for part in _run_by(statement))
        return returns or any(map(_leaves, statement.orelse))
    return any(map(_leaves, ast.iter_child_nodes(statement)))


def _check_finally(tree: ast.Module) -> None:
    # The compiler writes a finally block down once for each way out of its try, with the finally blocks inside it.
    if _weigh(tree)[0] > MAX_WEIGHT:
        raise Refused(
            "line 1: there are too many ways out of try with finally; "
            "write the same with fewer return statements, or without finally"
        )


def _weigh(node: ast.AST) -> tuple[int, int]:
    """Return how many nodes the compiler has to deal with, and how many ways out of the node there are."""
    weight, ways = 1, int(isinstance(node, (ast.Return, ast.Break, ast.Continue)))
    last: list[ast.stmt] = getattr(node, "finalbody", [])
    for child in ast.iter_child_nodes(node):
        if child not in last:
            below = _weigh(child)
            weight, ways = weight + below[0], ways + below[1]
    if last:
        below = _weigh(ast.Module(last, []))
        weight, ways = weight + (ways + 2) * below[0], ways + (ways + 2) * below[1]
    return weight, ways


def _children(node: ast.AST) -> list[ast.AST]:
    """The children of a node, last first, so that a stack gives them in the source's order."""
    return list(ast.iter_child_nodes(node))[::-1]


def _check_node(node: ast.AST) -> None:
    why = refusals.STATEMENTS.get("Await" if getattr(node, "is_async", 0) else type(node).__name__)
    if why:
        raise _refuse(node, why)
    if getattr(node, "decorator_list", None):
        raise _refuse(node, "decorators are not available; call the helper function instead")
    if getattr(node, "type_params", None):
        raise _refuse(node, "type parameters are not available; leave them out")
    for name in _spelled(node):
        if is_reserved(name):
            raise _refuse(node, refusals.reserved_name(name))
    if isinstance(node, ast.Try):
        _check_try(node)
    elif isinstance(node, ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            raise _refuse(node, "attributes cannot be set or deleted; keep values in variables or dicts")
        if node.attr.startswith("_") or _INTERNALS.match(node.attr):
            raise _refuse(node, refusals.reserved_attribute(node.attr))
    elif isinstance(node, ast.Global) and "validate" in node.names:
        raise _refuse(node, "validate cannot be bound again; define it once, at the top level")
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name not in MODULES:
                raise _refuse(node, refusals.missing_module(alias.name))
    elif isinstance(node, ast.ImportFrom) and not is_for_annotations(node):
        _check_import_from(node)


def _check_try(node: ast.Try) -> None:
    if _first_yield(node):
        # What would be left to do is done when the generator is freed, which may be in somebody else's call.
        raise _refuse(
            node, "a generator cannot yield inside try; collect the values in a list and return that"
        )
    if any(map(_leaves, node.finalbody)):
        raise _refuse(node, "finally cannot be left by return, break or continue; write those behind it")


def _check_import_from(node: ast.ImportFrom) -> None:
    facade = None if node.level else MODULES.get(node.module or "")
    if facade is None:
        raise _refuse(node, refusals.missing_module("." * node.level + (node.module or "")))
    for alias in node.names:
        if alias.name not in facade.table:
            raise _refuse(node, refusals.missing_member(facade.name, alias.name, facade.table))


def _spelled(node: ast.AST) -> list[str]:
    """Every identifier a node spells out, but attributes and modules."""
    names = [getattr(node, field, None) for field in ("id", "arg", "name", "asname", "rest")]
    names += getattr(node, "names", []) if isinstance(node, (ast.Global, ast.Nonlocal)) else []
    return [name for name in names if isinstance(name, str)]


def _bindings(node: ast.AST) -> list[str]:
    if isinstance(node, ast.alias):
        return [node.asname or node.name]
    if isinstance(node, (ast.FunctionDef, ast.ExceptHandler)) and node.name:
        return [node.name]
    return [node.arg] if isinstance(node, ast.arg) else []


def _without_annotations(tree: ast.Module) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if is_for_annotations(node):
            continue
        yield node
        skipped = (getattr(node, "annotation", None), getattr(node, "returns", None))
        waiting.extend(child for child in _children(node) if child not in skipped)


def _check_module(tree: ast.Module) -> None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "validate"]
    for node in _run_by(tree):
        binds = _bindings(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            binds = [node.id]
        if "validate" in binds and node not in found:
            raise _refuse(node, f"validate must be a function of the top level; write {VALIDATE}")
        if isinstance(node, ast.stmt) and not _may_stand_alone(node):
            raise _refuse(node, refusals.TOP_LEVEL)
    if len(found) != 1:
        raise Refused(f"the code defines validate {len(found)} times; define exactly one {VALIDATE}")
    _check_validate(found[0])


_STAND_ALONE = (
    ast.FunctionDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Import,
    ast.ImportFrom,
    ast.Pass,
)


def _may_stand_alone(node: ast.stmt) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, _STAND_ALONE)


def _check_validate(function: ast.FunctionDef) -> None:
    takes = function.args
    if len(takes.posonlyargs + takes.args) != 3 or takes.vararg or None in takes.kw_defaults:
        raise _refuse(function, f"validate is called with three values; write {VALIDATE}")
    if found := _first_yield(function):
        raise _refuse(found, "validate cannot yield; return True, False or a text")


def _first_yield(statement: ast.stmt) -> ast.AST | None:
    return next((part for part in _run_by(statement) if isinstance(part, (ast.Yield, ast.YieldFrom))), None)


def _run_by(statement: ast.Module | ast.stmt) -> Iterator[ast.AST]:
    """Every node below that is executed with a statement: of functions that are defined there, only the defaults."""
    waiting = _children(statement)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            waiting.extend(default for default in node.args.defaults + node.args.kw_defaults if default)
        else:
            waiting.extend(_children(node))
