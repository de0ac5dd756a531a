"""What is checked before RestrictedPython sees the code: size, nesting, names, imports, and the shape of the whole.

These checks alone decide what an author is told; the transformer behind them repeats what safety hangs on.
"""

import ast
import io
import re
import tokenize
from typing import Any

from trpg_env.sandbox import refusals
from trpg_env.sandbox.facades import MODULES, NAMES

MAX_NODES = 5_000
MAX_DEPTH = 120
MAX_BLOCKS = 15
MAX_BRACKETS = 40

TOO_DEEP = "this is nested too deeply; split it into helper functions or several lines"

_INTERNALS = re.compile(r"(?:gi|cr|ag|tb|co|f)_")


class Refused(Exception):
    """Source that is outside the language; the text says where, why and what to write instead."""


def _refuse(node: Any, why: str) -> Refused:
    return Refused(f"line {getattr(node, 'lineno', 1)}: {why}")


def is_reserved(name: str) -> bool:
    """Tell whether a name is Python's (``__x``) or a guard's (``_x_``), and so not the author's to use."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_") and name != "_")


def check_brackets(source: str) -> None:
    """Check how deep brackets go, before anything recurses into them.

    Raises:
        Refused: If they go too deep.
    """
    # The parser drops parentheses, so that only the tokens show how deep they go.
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
                if depth > MAX_BRACKETS:
                    raise Refused(f"line {token.start[0]}: {TOO_DEEP}")
    except (tokenize.TokenError, SyntaxError):
        return  # the parser says it better


def check_tree(tree: ast.Module) -> None:
    """Check a parsed source.

    Raises:
        Refused: If it is not within the language.
    """
    _check_shape(tree)
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
            raise _refuse(name, refusals.missing_name(name.id, NAMES))


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
        for child in ast.iter_child_nodes(node):
            elif_ = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
            inner = blocks + (isinstance(child, ast.stmt) and hasattr(child, "body") and not elif_)
            waiting.append((child, depth + 1, inner))


def _check_node(node: ast.AST) -> None:
    why = refusals.STATEMENTS.get(type(node).__name__)
    if why:
        raise _refuse(node, why)
    if getattr(node, "decorator_list", None):
        raise _refuse(node, "decorators are not available; call the helper function instead")
    if getattr(node, "type_params", None):
        raise _refuse(node, "type parameters are not available; leave them out")
    for name in _spelled(node):
        if is_reserved(name):
            raise _refuse(
                node, f"the name {name} is reserved; use a name without double or enclosing underscores"
            )
    if isinstance(node, ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            raise _refuse(node, "attributes cannot be set or deleted; keep values in variables or dicts")
        if node.attr.startswith("_") or _INTERNALS.match(node.attr):
            raise _refuse(
                node,
                f"the attribute {node.attr} is not available; use the methods of texts, numbers, lists and dicts",
            )
    elif (
        isinstance(node, ast.AugAssign)
        and isinstance(node.op, ast.Mod)
        and isinstance(node.target, ast.Subscript)
    ):
        raise _refuse(node, "%= on an item is not available; write x[k] = x[k] % y")
    elif isinstance(node, ast.Global) and "validate" in node.names:
        raise _refuse(node, "validate cannot be bound again; define it once, at the top level")
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name not in MODULES:
                raise _refuse(node, refusals.missing_module(alias.name))
    elif isinstance(node, ast.ImportFrom):
        facade = None if node.level else MODULES.get(node.module or "")
        if facade is None:
            raise _refuse(node, refusals.missing_module(node.module or "."))
        for alias in node.names:
            if alias.name not in facade.table:
                raise _refuse(
                    node,
                    f"{facade.name} has no {alias.name} here; use one of {', '.join(sorted(facade.table))}",
                )


def _spelled(node: ast.AST) -> list[str]:
    """Every identifier a node spells out, but attributes."""
    names = [getattr(node, field, None) for field in ("id", "arg", "name", "asname", "rest", "module")]
    names += getattr(node, "names", []) if isinstance(node, (ast.Global, ast.Nonlocal)) else []
    return [name for name in names if isinstance(name, str)]


def _bindings(node: ast.AST) -> list[str]:
    if isinstance(node, ast.alias):
        return [node.asname or node.name]
    if isinstance(node, (ast.FunctionDef, ast.ExceptHandler)) and node.name:
        return [node.name]
    return [node.arg] if isinstance(node, ast.arg) else []


def _without_annotations(tree: ast.Module) -> list[ast.AST]:
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        skipped = (getattr(node, "annotation", None), getattr(node, "returns", None))
        waiting.extend(child for child in ast.iter_child_nodes(node) if child not in skipped)
    return nodes


def _check_module(tree: ast.Module) -> None:
    found: list[ast.FunctionDef] = []
    for position, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef):
            found += [node] if node.name == "validate" else []
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            for part in ast.walk(node):
                if (
                    isinstance(part, ast.Name)
                    and part.id == "validate"
                    and not isinstance(part.ctx, ast.Load)
                ):
                    raise _refuse(
                        node, "validate must be a function; write def validate(action, params, state):"
                    )
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if any((alias.asname or alias.name) == "validate" for alias in node.names):
                raise _refuse(node, "validate must be a function; write def validate(action, params, state):")
        elif not isinstance(node, ast.Pass) and not (
            position == 0 and isinstance(node, ast.Expr) and _is_text(node.value)
        ):
            raise _refuse(
                node, "only constants, imports and functions go to the top level; put this inside validate"
            )
    if len(found) != 1:
        raise Refused(
            f"the code defines validate {len(found)} times; define exactly one def validate(action, params, state):"
        )
    _check_validate(found[0])


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _check_validate(function: ast.FunctionDef) -> None:
    takes = function.args
    if len(takes.posonlyargs + takes.args) != 3 or takes.vararg or takes.kwarg or takes.kwonlyargs:
        raise _refuse(function, "validate takes three parameters; write def validate(action, params, state):")
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            raise _refuse(node, "validate cannot yield; return True, False or a text")
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
