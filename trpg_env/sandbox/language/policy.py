# ruff: noqa: N802  (visitors are named after the nodes they visit)
"""The language verification code is written in: what of Python is let through, and what is said about the rest.

Only the worker imports this. Size and brackets are checked before parsing, the tree before transforming, and
RestrictedPython's transformer, which refuses every node it does not know, has the last word.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer

from trpg_env.sandbox.language import refusals
from trpg_env.sandbox.language.checks import (
    TOO_DEEP,
    Refused,
    check_brackets,
    check_tree,
    is_for_annotations,
    is_reserved,
)
from trpg_env.sandbox.protocol import MAX_SOURCE

FILENAME = "<verification code>"


def parse_source(source: str) -> ast.Module:
    """Parse verification code and check that it is within the language.

    Raises:
        Refused: If it is not Python, or not within the language.
        MemoryError: If there is not enough memory, or the parser gave up on how deeply it is nested.
    """
    if len(source) > MAX_SOURCE:
        raise Refused(f"the code has {len(source):,} characters; write at most {MAX_SOURCE:,}")
    try:
        source.encode()
    except UnicodeEncodeError:
        raise Refused("the code holds a lone surrogate; write it as a valid Unicode text") from None
    if "\0" in source:
        raise Refused("the code holds a NUL character; leave it out")
    source = source.removeprefix("\ufeff")
    with _refusing(source):
        check_brackets(source)
        tree = ast.parse(source, FILENAME)
        check_tree(tree)
    return tree


def compile_tree(tree: ast.Module, source: str) -> CodeType:
    """Compile what `parse_source` let through; the tree is not the author's any more then.

    Raises:
        Refused, MemoryError: As `parse_source` does.
    """
    with _refusing(source):
        policy = _Policy()
        policy.visit(tree)
        if policy.errors:
            raise Refused("; ".join(policy.errors))
        return compile(tree, FILENAME, "exec", dont_inherit=True, optimize=0)


@contextmanager
def _refusing(source: str) -> Iterator[None]:
    """Say of what Python raises about a source what its author has to know."""
    try:
        yield
    except SyntaxError as error:
        raise Refused(f"line {error.lineno or 1}: {refusals.syntax(source, error)}") from None
    except RecursionError:
        raise Refused(TOO_DEEP) from None
    except (ValueError, OverflowError) as error:
        raise Refused(f"the code does not compile ({error}); write shorter numbers and texts") from None


class _Policy(RestrictingNodeTransformer):
    """RestrictedPython's transformer, with attribute access, text formatting and imports led to our guards.

    Its guards for items, iteration and calls are left out: without classes, only types of ours and Python's answer those.
    """

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is not None and is_reserved(name):
            self.error(node, f"the name {name} is reserved")

    def guard_iter(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    visit_Assign = visit_Subscript = visit_Call = visit_Nonlocal = visit_Module = guard_iter  # noqa: N815

    def visit_Name(self, node: ast.Name) -> Any:
        self.check_name(node, node.id)
        return self.node_contents_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.node_contents_visit(node)
        if not isinstance(node.ctx, ast.Load) or node.attr.startswith("_"):
            self.error(node, f"the attribute {node.attr} is not available")
        return self._guarded(node, "_getattr_", node.value, ast.Constant(node.attr))

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.node_contents_visit(node)
        if isinstance(node.op, ast.Mod):
            node.right = self._guarded(node.right, "_operand_", node.right)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.node_contents_visit(node)
        if isinstance(node.op, ast.Mod):
            node.value = self._guarded(node.value, "_operand_", node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        plain = ast.Pass() if node.value is None else ast.Assign([node.target], node.value)
        return self.visit(ast.copy_location(plain, node))

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        self.node_contents_visit(node)
        arguments: list[ast.expr] = [] if node.format_spec is None else [node.format_spec]
        if arguments or node.conversion >= 0:
            conversion = "" if node.conversion < 0 else chr(node.conversion)
            arguments.insert(0, ast.Constant(conversion))
        node.value = self._guarded(node.value, "_shown_", node.value, *arguments)
        node.conversion, node.format_spec = -1, None
        return node

    def visit_Try(self, node: ast.Try) -> Any:
        self.node_contents_visit(node)
        if node.handlers:  # that memory has run out is not for the code to see: it would depend on others
            again = ast.copy_location(ast.Raise(None, None), node)
            kind = ast.Name("_MemoryError_", ast.Load())
            handler = ast.copy_location(ast.ExceptHandler(kind, None, [again]), node)
            node.handlers.insert(0, ast.fix_missing_locations(handler))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        self.check_name(node, node.name)
        self.node_contents_visit(node)
        if node.type is None:  # a bare except must not catch what ends a generator
            node.type = ast.copy_location(ast.Name("_Exception_", ast.Load()), node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.check_name(node, node.name)
        node.returns = None
        return self.node_contents_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        self.check_name(node, node.arg)
        node.annotation = None
        return node

    def visit_Import(self, node: ast.Import) -> Any:
        return [self._bound(node, alias.asname or alias.name, alias.name) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        if is_for_annotations(node):
            return ast.copy_location(ast.Pass(), node)
        return [
            self._bound(node, alias.asname or alias.name, node.module, alias.name) for alias in node.names
        ]

    visit_ClassDef = visit_With = visit_TemplateStr = visit_Interpolation = (  # noqa: N815
        RestrictingNodeTransformer.not_allowed
    )

    def _bound(self, node: ast.stmt, target: str, *source: str | None) -> ast.Assign:
        self.check_name(node, target)
        value = self._guarded(node, "_import_", *map(ast.Constant, source))
        return ast.fix_missing_locations(
            ast.copy_location(ast.Assign([ast.Name(target, ast.Store())], value), node)
        )

    @staticmethod
    def _guarded(node: ast.AST, guard: str, *arguments: ast.expr) -> ast.Call:
        call = ast.Call(ast.Name(guard, ast.Load()), list(arguments), [])
        return ast.fix_missing_locations(ast.copy_location(call, node))
