"""The sentences that tell an author what to write instead of what the language leaves out."""

import builtins
import re
import types
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_LONG = 60

VALIDATE = "def validate(action, params, state):"
TOP_LEVEL = "only constants, imports and functions go to the top level; put this inside a function"

_ASYNC = "async code is not available; write a plain def without await"
_CLASS = "classes cannot be defined; use functions and dicts"

STATEMENTS = {
    "ClassDef": _CLASS,
    "Match": "match is not available; write if and elif",
    "AsyncFunctionDef": _ASYNC,
    "AsyncFor": _ASYNC,
    "AsyncWith": _ASYNC,
    "Await": _ASYNC,
    "With": "with is not available; leave it out, nothing here needs closing",
    "TryStar": "except* is not available; write except",
    "TypeAlias": "type aliases are not available; leave them out",
    "TemplateStr": "template strings are not available; write an f-string",
    "MatMult": "the operator @ is not available; write a sum of products",
}
"""Kinds of syntax node, and what to write instead."""

_INSIDE = "read parts of a value with its methods or with x[...]"
_OUTSIDE = "decide from action, params and state alone"
_HELPER = "leave it out or write a helper function"
_LOOP = "write a comprehension, a loop or a helper function"
_KINDS = "test kinds with isinstance(value, str) or value is None"
_CLOCK = "keep times in state as numbers or texts and compare those"
_SAME = "decide from action, params and state, the same way each time"
_HINT = "leave it out, annotations need no import"
_DEBUG = "leave it out; print is there and goes nowhere"

_MODULES = {
    **dict.fromkeys(
        ("json", "yaml", "pickle"), "use params and state as they are, they are Python values already"
    ),
    **dict.fromkeys(("random", "secrets", "uuid"), _SAME),
    **dict.fromkeys(("datetime", "time", "calendar", "zoneinfo"), _CLOCK),
    **dict.fromkeys(("itertools", "functools", "more_itertools"), _LOOP),
    **dict.fromkeys(
        ("os", "sys", "io", "pathlib", "subprocess", "socket", "shutil", "glob", "requests"), _OUTSIDE
    ),
    **dict.fromkeys(
        ("threading", "asyncio", "multiprocessing", "signal", "gc", "ctypes", "importlib"), _OUTSIDE
    ),
    **dict.fromkeys(("logging", "warnings", "traceback", "pprint", "pdb"), _DEBUG),
    **dict.fromkeys(
        ("dataclasses", "enum", "abc", "types", "pydantic"), "use functions, dicts and module-level constants"
    ),
    **dict.fromkeys(("decimal", "fractions"), "compute with int and float, and use round()"),
    **dict.fromkeys(("heapq", "bisect", "queue"), "use a list with sorted(), min() and max()"),
    **dict.fromkeys(("numpy", "pandas", "array"), "use lists, sum(), min(), max() and math"),
    **dict.fromkeys(("typing", "typing_extensions", "__future__", "collections.abc"), _HINT),
    "ast": "read literals with int(), float() or a regular expression",
    "builtins": "use the built-in names as they are, without an import",
    "contextlib": "write try and except",
    "copy": "write list(x), dict(x) or a comprehension; what you get is a copy already",
    "difflib": "compare texts with in, startswith() or a helper function",
    "fnmatch": "write a regular expression with re",
    "inspect": _INSIDE,
    "numbers": "test with isinstance(value, (int, float))",
    "operator": "write a lambda, such as lambda pair: pair[1]",
    "regex": "use re",
    "shlex": r"""use action.split() or re.findall(r'"[^"]*"|\S+', action)""",
    "statistics": "write sum(xs) / len(xs) or sorted(xs)[len(xs) // 2]",
    "textwrap": "use the methods of texts, such as split() and strip()",
    "unicodedata": "use the methods of texts, such as casefold(), isalpha() and translate()",
}

_MEMBERS = {
    **dict.fromkeys(("namedtuple", "NamedTuple", "TypedDict", "Protocol", "Generic"), _CLASS),
    **dict.fromkeys(("OrderedDict", "UserDict"), "use a dict, it keeps its order"),
    **dict.fromkeys(("deque", "Deque"), "use a list with append() and pop(0)"),
    "ChainMap": "write {**defaults, **params}",
    "Template": "write an f-string or use format()",
    "Formatter": "write an f-string or use format()",
    "templatelib": "write an f-string",
    "RegexFlag": "combine flags with |, such as re.I | re.X",
    **dict.fromkeys(("L", "LOCALE", "T", "TEMPLATE", "DEBUG", "template"), "leave it out"),
    **dict.fromkeys(
        ("Scanner", "purge", "enum", "sys", "functools", "copyreg"),
        "use match(), search(), findall() and sub()",
    ),
    **dict.fromkeys(
        ("get_type_hints", "get_args", "get_origin", "overload", "final", "runtime_checkable"), "leave it out"
    ),
    "abc": "write from collections.abc import Mapping, or leave it out",
}

_INSTEAD = {
    **_MODULES,
    **dict.fromkeys(("type", "issubclass"), _KINDS),
    **dict.fromkeys(("hash", "id", "memoryview"), "compare values with =="),
    **dict.fromkeys(
        ("getattr", "hasattr", "setattr", "delattr", "dir", "vars", "globals", "locals"), _INSIDE
    ),
    **dict.fromkeys(("eval", "exec", "compile"), "write the code out"),
    **dict.fromkeys(
        ("open", "input", "exit", "quit", "help", "license", "copyright", "credits", "breakpoint"), _OUTSIDE
    ),
    **dict.fromkeys(("classmethod", "staticmethod", "property"), "use functions and dicts"),
    **dict.fromkeys(("aiter", "anext"), "use iter() and next()"),
    "object": "mark what is missing with None or a text of your own",
    "super": "use functions and dicts",
    "bytearray": "use lists, texts or bytes",
    **{name: _MEMBERS[name] for name in ("namedtuple", "OrderedDict", "deque", "ChainMap", "Template")},
    "dataclass": _CLASS,
    "lru_cache": "keep results in a dict",
    **dict.fromkeys(("self", "cls"), f"write plain functions and {VALIDATE}"),
    **dict.fromkeys(("true", "false", "null"), "write True, False or None"),
    **dict.fromkeys(
        ("unicode", "basestring", "long", "xrange", "reduce", "raw_input"),
        "write Python 3: str, int, range, a loop",
    ),
}

_DUNDERS = {
    "__name__": "leave the block out, validate is called by itself",
    "__main__": "leave the block out, validate is called by itself",
    "__import__": "write import re, math, string or collections",
    **dict.fromkeys(("__all__", "__version__", "__author__", "__doc__", "__file__"), "leave it out"),
}

_ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(("contains", "includes", "has", "has_key"), "write x in value"),
    **dict.fromkeys(("length", "len", "size"), "write len(value)"),
    **dict.fromkeys(("push", "push_back"), "use append()"),
    **dict.fromkeys(("trim", "trimEnd", "trimStart"), "use strip()"),
    **dict.fromkeys(("toLowerCase", "toLower"), "use lower()"),
    **dict.fromkeys(("toUpperCase", "toUpper"), "use upper()"),
    **dict.fromkeys(("iteritems", "iterkeys", "itervalues"), "use items(), keys() or values()"),
    **dict.fromkeys(("add_note", "with_traceback"), "put all of it into the message"),
    **dict.fromkeys(("mro", "obj", "throw"), "leave it out"),
    "next": "write next(value)",
    "matches": "use re.fullmatch()",
    "default_factory": "write value[key]",
}

_CALLED = {
    str: "a text", dict: "a dict", list: "a list", tuple: "a tuple", set: "a set", type(None): "None", int: "an int",
    types.FunctionType: "a function", types.BuiltinFunctionType: "a function", types.MethodType: "a method",
}  # fmt: skip

_SPECIFIC: dict[tuple[type, str], str] = {
    (list, "add"): "use append()",
    (list, "get"): "write value[0] if value else None",
    (list, "join"): "write ', '.join(value)",
    (list, "length"): "write len(value)",
    (tuple, "append"): "use a list",
    (set, "append"): "use add()",
    (dict, "add"): "write value[key] = x",
    (dict, "append"): "write value[key] = x",
    (str, "append"): "write text += more",
    (str, "decode"): "use it as it is, it is a text already",
}


def _short(name: str) -> str:
    return name if len(name) <= _LONG else name[:_LONG] + "…"


def _near(name: str, known: Iterable[str]) -> list[str]:
    """The known name that is most like a name, if one is; nobody means a very long one."""
    if len(name) > _LONG:
        return []
    return get_close_matches(name, [other for other in known if len(other) <= _LONG], 1)


def missing_name(name: str, known: Iterable[str]) -> str:
    """Return what to say about a name that is neither defined nor there by itself."""
    name = _short(name)
    instead = _INSTEAD.get(name)
    if instead:
        return f"{name} is not available; {instead}"
    if isinstance(getattr(builtins, name, None), type):
        return f"{name} is not available; use Exception or ValueError"
    near = _near(name, known)
    return f"the name {name} is not defined; " + (
        f"did you mean {near[0]}? Use that" if near else "define it first"
    )


def missing_module(name: str) -> str:
    """Return what to say about the import of a module that is not served."""
    name = _short(name)
    instead = _MODULES.get(name) or _MODULES.get(name.partition(".")[0])
    return f"{name} cannot be imported; " + (
        instead or "use re, math, string and collections (Counter, defaultdict), or write a helper function"
    )


def missing_member(module: str, name: str, known: Iterable[str]) -> str:
    """Return what to say about a name that a served module lacks here."""
    name = _short(name)
    if name == "*":
        return f"import * is not available; write the names out, such as from {module} import {min(known, key=len)}"
    near = _near(name, known)
    instead = _MEMBERS.get(name) or (f"did you mean {near[0]!r}? Use that" if near else _HELPER)
    return f"{module} has no {name} here; {instead}"


def missing_attribute(kind: Any, name: str, known: Iterable[str]) -> str:
    """Return what to say about an attribute that values of a type lack here."""
    name = _short(name)
    whose = _CALLED.get(kind) or f"a {getattr(kind, '__name__', 'type')}"
    near = _near(name, known)
    instead = _SPECIFIC.get((kind, name)) or _ATTRIBUTES.get(name)
    if not instead and near:
        instead = f"did you mean {near[0]!r}?"
    elif not instead and issubclass(kind if isinstance(kind, type) else object, dict):
        instead = f"to read an entry write [{name!r}] or .get({name!r})"
    elif not instead and kind is type(None):
        instead = "test first whether it is None, as re.match() and get() may give"
    return f"{whose} has no attribute {name!r} here" + (f"; {instead}" if instead else "")


def reserved_name(name: str) -> str:
    """Return what to say about a name that is Python's or a guard's."""
    name = _short(name)
    return f"the name {name} is reserved; " + _DUNDERS.get(
        name, "use a name without double or enclosing underscores"
    )


def reserved_attribute(name: str) -> str:
    """Return what to say about an attribute that nobody may read."""
    name = _short(name)
    if name in {"__class__", "__name__"}:
        return f"the attribute {name} is not available; {_KINDS}"
    return f"the attribute {name} is not available; use the methods of texts, numbers, lists and dicts"


_SYNTAX = (
    (r"outside function|outside loop|not properly in loop", "put it inside a function or a loop"),
    (r"indent", "indent each block by four spaces, and def validate not at all"),
    (r"was never closed|EOF|unmatched|does not match", "close every bracket and quotation mark"),
    (r"nonlocal|global", "declare it in the inner function, before it is used"),
    (r"asynchronous", "write a plain def without await"),
    (r"from __future__", "leave that import out"),
)


def syntax(source: str, error: SyntaxError) -> str:
    """Return what to say about a text that is not Python."""
    if "```" in source:
        instead = "leave out the Markdown fence and the words around the code"
    else:
        found = (instead for fragment, instead in _SYNTAX if re.search(fragment, error.msg))
        instead = next(found, f"write Python that defines {VALIDATE.removeprefix('def ').removesuffix(':')}")
    return f"not valid Python ({error.msg}); {instead}"
