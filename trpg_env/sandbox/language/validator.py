"""Verification code, compiled: what each call of it runs, and what a call could leave behind or change.

Code runs in a fresh namespace each time, unless nothing in the one it has could have been changed; and it gets a state of
its own, unless it has no means to change one. Both are decided here, once for each source, by allowlists.
"""

import ast
import re
from collections.abc import Iterable
from types import CodeType, FunctionType, UnionType
from typing import Any

from trpg_env.sandbox.language.facades import BUILTINS, GIVEN
from trpg_env.sandbox.language.policy import compile_tree, parse_source

_CHANGING = frozenset(
    {
        "add", "append", "clear", "difference_update", "discard", "extend", "insert", "intersection_update", "pop", "popitem",
        "remove", "reverse", "setdefault", "sort", "subtract", "symmetric_difference_update", "update",
    }
)  # fmt: skip
_UNCHANGING = frozenset(
    {str, int, float, bool, complex, bytes, range, type(None), type(...), re.Pattern, UnionType}
)
_GIVEN = frozenset(map(id, GIVEN))


class Validator:
    """Verification code that was let through.

    Attributes:
        function: The ``validate`` that every call may use; None where a call needs one of its own, from `define`.
        spoils: Whether the code could change what it is given, so that a state cannot be shared with other calls.
    """

    __slots__ = ("_code", "_undecided", "function", "spoils")

    def __init__(self, source: str) -> None:
        """Compile the code; nothing of it runs.

        Raises:
            Refused: If it is not within the language.
        """
        tree = parse_source(source)
        self.spoils, rebinds = _means_of_change(tree)
        self._code: CodeType = compile_tree(tree, source)
        self._undecided = not rebinds
        self.function: Any = None

    def define(self) -> dict[str, Any]:
        """Run the code's top level in a namespace of its own; raises whatever it raises."""
        namespace: dict[str, Any] = {"__builtins__": BUILTINS, "__name__": "validator"}
        exec(self._code, namespace)  # noqa: S102  (what this process is for)
        return namespace

    def keep(self, namespace: dict[str, Any]) -> bool:
        """Keep a namespace that `define` made for all calls to come, if none of them could change it; tell whether."""
        if self._undecided:
            self._undecided = False
            values = [value for name, value in namespace.items() if name != "__builtins__"]
            if _unchangeable(values, containers=not self.spoils):
                self.function = namespace["validate"]
                return True
        return False


def _means_of_change(tree: ast.AST) -> tuple[bool, bool]:
    """Tell whether code could change a list or dict it is given, and whether it could bind a global name anew."""
    spoils = rebinds = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            spoils = spoils or node.attr in _CHANGING
        elif isinstance(node, ast.AugAssign):
            spoils = True
        elif isinstance(node, ast.Subscript):
            spoils = spoils or not isinstance(node.ctx, ast.Load)
        elif isinstance(node, ast.Global):
            rebinds = True
    return spoils, rebinds


def _unchangeable(values: Iterable[Any], containers: bool) -> bool:
    """Tell whether nothing that their code can do with some values, however long they are kept, shows in them.

    Args:
        values: The values.
        containers: Whether lists, sets and dicts are safe from the code, it having no means to change any.
    """
    waiting, seen = list(values), set[int]()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _UNCHANGING or id(value) in _GIVEN or id(value) in seen:
            continue
        seen.add(id(value))
        if kind is tuple or kind is frozenset or (containers and (kind is list or kind is set)):
            waiting += value
        elif containers and kind is dict:
            waiting += (*value, *value.values())
        elif kind is FunctionType and value.__closure__ is None:
            waiting += (value.__defaults__ or (), *(value.__kwdefaults__ or {}).values())
        else:
            return False
    return True
