"""Strategies for verification code: whole programs of what the policy lets through, and of what it does not.

A program is written from a stream of bytes that Hypothesis draws; zeros are the simplest choices, so that it can shrink one.
"""

import builtins
import re
import types
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from leaves import ANYTHING
from writer import Lines, Writer

from trpg_env.sandbox.language.facades import MODULES, NAMES
from trpg_env.sandbox.language.guards import METHODS, VALUES

PLAIN = "isltdbfNSFrcyC"

SHOW_PLAIN = """\
def show(x):
    if x is None or isinstance(x, (bool, float, str, range)):
        return repr(x)
    if isinstance(x, int):
        return repr(x + 0)
    if isinstance(x, (list, tuple)):
        return '[' + ', '.join(map(show, x)) + ']'
    if isinstance(x, dict):
        return '{' + ', '.join([show(k) + ': ' + show(v) for k, v in x.items()]) + '}'
    if isinstance(x, (set, frozenset)):
        return '{' + ', '.join(sorted(map(show, x))) + '}'
    return '?'
"""


class PlainWriter(Writer):
    """Writes a program that only makes text of plain data and is harmless even to Python itself.

    It spells out no name and no attribute but those that the policy lets through, and nothing that grows without bounds.
    """

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        super().__init__(draw)
        self.anything = PLAIN
        self.prelude = SHOW_PLAIN
        self.plain = True

    def caught(self, name: str) -> list[tuple[str, str]]:
        return []

    def mutated(self, depth: int) -> Lines:
        return self.new()

    def ending(self) -> Lines:
        if self.chance(4):
            return [
                f"return {self.among(('1', '1.0', '[True]', 'None', '(True,)', 'not None', *map(self.value, 'xsbil')))}"
            ]
        known = [name for name, kind in self.visible if "." not in kind]
        return [
            f"return ' '.join(map(show, ({', '.join([*known[-8:], *['remember()'][: self.remembers]])},)))"
        ]


_ALLOWED = {name for table in (*METHODS.values(), *VALUES.values()) for name in table}
_ALLOWED |= {name for facade in MODULES.values() for name in facade.table} | {
    "args",
    "msg",
    "pattern",
    "pos",
    "lineno",
    "colno",
}
_INSIDES = (str, int, list, dict, re.Match, type, BaseException, AttributeError, UnicodeError, StopIteration, property, classmethod, types.FunctionType, types.MethodType, types.BuiltinMethodType, types.GeneratorType, types.CodeType, types.FrameType, types.TracebackType, types.ModuleType, re, memoryview, slice)  # fmt: skip
_ATTRIBUTES = {name for inside in _INSIDES for name in dir(inside)} | {
    "sys",
    "os",
    "gi_frame",
    "func_globals",
    "__builtins__",
    "_cache",
}
HIDDEN = sorted(name for name in _ATTRIBUTES if re.match(r"_|(?:gi|cr|ag|tb|co|f)_", name))
"""Attributes that cannot even be spelled."""
FAMOUS = [
    "__class__",
    "__globals__",
    "__dict__",
    "__subclasses__",
    "__getattribute__",
    "__init__",
    "__builtins__",
    "gi_frame",
    "f_back",
    "tb_frame",
]
FOREIGN = sorted(_ATTRIBUTES - _ALLOWED - {*HIDDEN})
"""Attributes that values have in Python and that no table names."""

_NEVER = "BaseException __import__ breakpoint compile delattr dir eval exec getattr globals hash id input locals memoryview object open setattr super type vars"
FORBIDDEN_NAMES = sorted(
    {*dir(builtins)} - NAMES.keys() - {"None", "True", "False", "__debug__"}
    | {
        *_NEVER.split(),
        "_getattr_",
        "_mod_",
        "_shown_",
        "_import_",
        "_Exception_",
        "_write_",
        "__x",
        "__file__",
        "_a_",
        "ｅval",
        "__ｉmport__",
    }
)
_OTHERS = [
    "os",
    "sys",
    "builtins",
    "subprocess",
    "re._parser",
    "os.path",
    "importlib",
    "ctypes",
    "gc",
    "inspect",
    "types",
    "random",
    "enum",
    "functools",
]
_DUNDER = (
    "__class__",
    "__globals__",
    "_getattr_",
    "__builtins__",
    "_x_",
    "__name__",
    "_shown_",
    "_＿class_＿",
)
_OUTSIDE = [
    "class A: pass", "class A(str):\n    def upper(self): return 1", "class A(metaclass=print): pass",
    "match action:\n    case str(): pass", "async def g(): pass", "with action as x: pass", "try:\n    pass\nexcept* ValueError:\n    pass",
    "@print\ndef g(): pass", "@(lambda f: f)\ndef g(): pass", "async def g():\n    async for x in y: pass\n", "def g(): await action",
    "x = 1 @ 2", "def g():\n    try:\n        yield 1\n    finally:\n        pass", "try:\n    pass\nfinally:\n    return 1", "yield 1", "x = yield", "from re import *", "from . import os", "import re as _getattr_", "global validate", "return = 1", "action.x = 1", "del action.x",
    "math.pi += 1", "for action.x in 'ab': pass", "(action.x, y) = 1, 2",
]  # fmt: skip


class Smuggler(Writer):
    """Writes a program with something in it that is not for it to use; nothing that follows says that it was refused."""

    def refused(self) -> str:
        """A program that must be refused before it runs."""
        v, name, dunder = self.value, self.among(FORBIDDEN_NAMES), self.among(_DUNDER)
        inner, module = self.among(self.among((FAMOUS, HIDDEN))), self.among(_OTHERS)
        lines: str = self.among((
            lambda: f"used = {name}",
            lambda: f"used = [{name} for x in {v('o')}]",
            lambda: f"used = {v('x')} or {name}({v('s')})",
            lambda: f"used = ({v(self.among(ANYTHING))}).{inner}",
            lambda: f"used = (lambda x: x.{inner})({v('x')})",
            lambda: f"used = f'{{({self.leaf('i')}).{inner}}}'",
            lambda: f"{dunder} = {v('x')}",
            lambda: f"for {dunder} in {v('o')}: pass",
            lambda: f"used = [x for {dunder} in {v('o')}]",
            lambda: f"used = ({dunder} := {v('x')})",
            lambda: f"used = lambda {self.among(('', '*', '**', '*, ', 'x, /, '))}{dunder}{self.among(('', ''))}: 1",
            lambda: f"def {dunder}(): pass",
            lambda: f"global {dunder}",
            lambda: f"try: pass\nexcept Exception as {dunder}: pass",
            lambda: f"used = dict({dunder}=1)",
            lambda: f"import {module}",
            lambda: f"import re, {module} as m",
            lambda: f"from {module} import {self.among(('path', 'x', '*'))}",
            lambda: f"from re import {self.among(FOREIGN + HIDDEN)}",
            lambda: f"import math as {dunder}",
            lambda: self.among(_OUTSIDE),
        ))()  # fmt: skip
        return self.hidden(lines)

    def raised(self) -> str:
        """A program in which what must not work is followed by a word that says it did."""
        v, kind, foreign = self.value, self.among(ANYTHING), self.among(FOREIGN)
        walk = self.among(
            (
                "{0.upper}",
                "{0[0].x}",
                "{0.__class__}",
                "{a[b].c}",
                "{:{0.real}}",
                "{0!r:{a.x}}",
                "{.x}",
                "{[a].b}",
                "{a.b[c].d}",
                "x{{{0.real}}}",
            )
        )
        with_calls = self.leaf(self.among(("s", "l", "d", "p", "m")))
        lines: str = self.among((
            lambda: f"used = ({self.leaf(kind)}).{foreign}",
            lambda: f"used = ({v(kind)}).{foreign}",
            lambda: f"used = ({with_calls}).{self.among(sorted(_ALLOWED))}.{foreign}",
            lambda: f"used = {self.among(('re', 'math', 'string', 'collections', 'str', 'int', 'validate', 'Counter', 'show', 'ValueError'))}.{foreign}",
            lambda: f"used = {walk!r}.format({self.leaf('x')}, a={self.leaf('x')})",
            lambda: f"used = str.format({walk!r}, *[{v('x')}] * 3, a=action, b=1)",
            lambda: f"used = [*map({walk!r}.format, [{self.leaf('x')}], 'ab')]",
            lambda: f"used = {walk!r}.format_map({{'a': {self.leaf('x')}, '0': 1, '': 2}})",
            lambda: f"used = ({walk[:2]!r} + {walk[2:]!r}).format({v('x')}, a={v('x')})",
            lambda: f"used = sorted([{walk!r}], key=lambda t: t.format({self.leaf('x')}, a=1))",
            lambda: f"used = re.sub('.', {walk!r}.format, {self.leaf('z')})",
            lambda: "used = str(validate)",
            lambda: f"used = f'{{{self.among(('show', 're', 'str', 'len', 'action.upper', '[show]'))}{self.among(('', '!r', '!s', '!a'))}}}'",
            lambda: f"used = '%{self.among('sra')}' % ({self.among(('show', '[re]', 'iter([])', 'action.upper', '{1: show}'))},)",
        ))()  # fmt: skip
        return self.hidden(f"{lines}\nreturn 'USED ' + show(used)")

    def hidden(self, lines: str) -> str:
        smuggled = lines.split("\n")
        if self.chance(3) and "yield" not in lines and "global" not in lines and "*" not in lines:
            smuggled = [
                "try:",
                *self.indented(smuggled),
                self.among(("except ZeroDivisionError: pass", "finally: last = 1")),
            ]
        self.smuggled = smuggled
        return self.program()


@st.composite
def programs(draw: Callable[[Any], Any]) -> str:
    """Programs of everything that the policy lets through; about one in four means harm."""
    hostile = draw(st.sampled_from([0, 0, 0, 12]))
    return Writer(draw, hostile).program()


@st.composite
def plain_programs(draw: Callable[[Any], Any]) -> str:
    """Harmless programs that mean in the sandbox what they mean in Python."""
    return PlainWriter(draw).program()


@st.composite
def refused_programs(draw: Callable[[Any], Any]) -> str:
    """Programs that must be refused before they run."""
    return Smuggler(draw).refused()


@st.composite
def raising_programs(draw: Callable[[Any], Any]) -> str:
    """Programs that must not get to where they return a text that begins with USED."""
    return Smuggler(draw).raised()
