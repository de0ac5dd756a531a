"""The sentences that tell an author what to write instead of what the language leaves out."""

from collections.abc import Iterable
from difflib import get_close_matches

_ASYNC = "async code is not available; write a plain def without await"

STATEMENTS = {
    "ClassDef": "classes cannot be defined; use functions and dicts",
    "Match": "match is not available; write if and elif",
    "AsyncFunctionDef": _ASYNC,
    "AsyncFor": _ASYNC,
    "AsyncWith": _ASYNC,
    "Await": _ASYNC,
    "With": "with is not available; nothing here needs closing",
    "TryStar": "except* is not available; write except",
    "TypeAlias": "type aliases are not available; leave them out",
    "TemplateStr": "template strings are not available; write an f-string",
}
"""Kinds of syntax node, and what to write instead."""

_LOOKING_INSIDE = "read parts of a value with its methods or with [...]"
_NO_OUTSIDE = "decide from action, params and state alone"
_DYNAMIC = "write the code out"

_INSTEAD = {
    **dict.fromkeys(("type", "issubclass", "object", "super"), "test kinds with isinstance(value, str)"),
    **dict.fromkeys(("hash", "id", "memoryview"), "compare values with =="),
    **dict.fromkeys(
        ("getattr", "hasattr", "setattr", "delattr", "dir", "vars", "globals", "locals"), _LOOKING_INSIDE
    ),
    **dict.fromkeys(("eval", "exec", "compile"), _DYNAMIC),
    **dict.fromkeys(("open", "input", "exit", "quit", "help", "license", "breakpoint"), _NO_OUTSIDE),
    **dict.fromkeys(("os", "sys", "random", "time", "datetime", "subprocess", "socket"), _NO_OUTSIDE),
    **dict.fromkeys(("bytes", "bytearray", "json", "ascii"), "work on text, lists and dicts"),
    **dict.fromkeys(("classmethod", "staticmethod", "property"), "use functions and dicts"),
    **dict.fromkeys(
        ("BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "MemoryError"),
        "use Exception or ValueError",
    ),
}


def missing_name(name: str, known: Iterable[str]) -> str:
    """Return what to say about a name that is neither defined nor there by itself."""
    instead = _INSTEAD.get(name)
    if instead:
        return f"{name} is not available; {instead}"
    near = get_close_matches(name, known, 1)
    return f"the name {name} is not defined" + (f"; did you mean {near[0]}?" if near else "; define it first")


def missing_module(name: str) -> str:
    """Return what to say about the import of a module that is not served."""
    if name in {"typing", "__future__"}:
        return f"{name} cannot be imported; leave the import out, annotations need none"
    return f"{name} cannot be imported; only re, math, string and collections (Counter, defaultdict) can"
