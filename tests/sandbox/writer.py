"""Writes verification code, choice by choice, of values and variables that mostly fit where they go."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from leaves import ANYTHING, HOSTILE, ITERABLES, LEAVES, SPECIFICATIONS, UNLIKE_PYTHON
from vocabulary import BY_RESULT, CALLS, FUNCTION_CALLS, GUESS
from vocabulary import Callable as Call

from trpg_env.sandbox.language.facades import MODULES

Lines = list[str]

_CHUNK = st.binary(min_size=32, max_size=32)
_ARGUMENT = re.compile(r"(?:(\w+)=)?('[^']*'|\w)(\?)?")

SHOW = """\
def show(x):
    try:
        return repr(x)
    except Exception as error:
        return str(error)
"""
REMEMBER = """\
memo: int
def remember():
    global memo
    try:
        memo += 1
    except NameError:
        memo = 0
    return memo
"""
"""Functions that tell what a program came to, and whether it has run before."""

_FUNCTIONS = frozenset(FUNCTION_CALLS)
_OWNERS = {
    "s": "str",
    "i": "int",
    "f": "float",
    "l": "list",
    "t": "tuple",
    "d": "dict",
    "S": "set",
    "F": "frozenset",
    "r": "range",
}


class Writer:
    """Writes a program. `hostile` is how many in 256 of its choices are meant to hurt."""

    def __init__(self, draw: Callable[[Any], Any], hostile: int = 0) -> None:
        self._draw = draw
        self._bytes = b""
        self._at = 0
        self.hostile = hostile
        self.budget = 150
        self.remembers = False
        self.count = 0
        self.visible: list[tuple[str, str]] = []
        self.own: set[str] = set()
        self.around: set[str] = set()
        self.globals: set[str] = set()
        self.helpers: list[tuple[str, str, str]] = []
        self.closed = 0
        self.inside = False
        self.smuggled: Lines | None = None
        self.anything = ANYTHING
        self.prelude = SHOW
        self.plain = False

    # Choices

    def below(self, limit: int) -> int:
        """Choose a number; the smaller the simpler."""
        if limit > 256:
            return (self.below(256) * 256 + self.below(256)) * limit >> 16
        if self._at == len(self._bytes):
            self._bytes, self._at = self._draw(_CHUNK), 0
        self._at += 1
        return self._bytes[self._at - 1] * limit >> 8

    def among(self, choices: Sequence[Any]) -> Any:
        return choices[self.below(len(choices))]

    def chance(self, one_in: int) -> bool:
        return self.below(one_in) == one_in - 1

    def hurts(self) -> bool:
        return bool(self.hostile) and self.below(256) >= 256 - self.hostile

    def name(self) -> str:
        self.count += 1
        return f"{'_' * (self.count % 7 == 0)}v{self.count}"

    # Expressions

    def leaf(self, kind: str) -> str:
        if self.hurts() and kind in HOSTILE:
            return str(self.among(HOSTILE[kind]))
        wanted = {"o": ITERABLES, "q": "l", "Q": "r", "h": "sitb", "H": "SFr", "x": self.anything}.get(
            kind, kind
        )
        if kind not in "qQnz" and not self.chance(4):
            known = [name for name, of in self.visible if of in wanted or kind == of]
            if known:
                return str(known[-1 - self.below(min(len(known), 12))])
        if kind == "q":
            return str(self.among(("['b', 'a']", "'go north'.split()", "('x', 'y')", "'abc'")))
        if kind == "Q":
            return str(self.among(("[3, 1, 2]", "range(4)", "(1, 2.5)", "{1: 2}")))
        return str(self.among(LEAVES[self.among(wanted) if len(wanted) > 1 else kind]))

    def value(self, kind: str, depth: int = 0) -> str:
        """An expression that gives a value of a kind, more often than not."""
        if kind.startswith("'"):
            return kind[1:-1]
        self.budget -= 1
        if depth > 4 or self.budget < 0 or kind in "nzGRT" or (kind in "Pw" and not self.chance(4)):
            return self.leaf(kind)
        choice = self.below(16)
        if choice < 5:
            return self.leaf(kind)
        if kind in "oqQhHxPw":
            if choice == 15 and kind == "o":
                return self.call(depth, self.helpers and self.among(self.helpers))
            kind = {
                "o": ITERABLES,
                "q": "lts" if choice < 7 else "q",
                "Q": "r" if choice < 7 else "Q",
                "h": "sitbfF",
                "H": "qQSFr",
                "x": self.anything,
                "P": "s",
                "w": "s",
            }[kind]
            kind = self.among(kind)
            if kind in "qQ":
                return self.several(kind, depth)
        if choice < 10:
            return self.called(kind, depth)
        if choice < 15:
            return self.composed(kind, depth)
        return self.wrapped(kind, depth)

    def arguments(self, takes: str, depth: int) -> str:
        given = []
        for keyword, kind, optional in _ARGUMENT.findall(takes):
            if optional and not self.chance(2):
                break
            value = self.value(kind, depth + 1)
            if self.budget > 0 and not self.plain and self.chance(60):
                value = self.value("x", depth + 1)
            given.append(f"{keyword}={value}" if keyword else value)
        if not self.plain and self.chance(80):
            given.append(self.among(("*[]", "**{}", f"*{self.leaf('o')}", f"**{self.leaf('d')}")))
        return ", ".join(given)

    def called(self, kind: str, depth: int) -> str:
        calls = BY_RESULT.get(kind)
        if not calls:
            return self.leaf(kind)
        return self.call_of(self.among(calls), depth)

    def call_of(self, call: Call, depth: int) -> str:
        """A call of something that the policy lets through."""
        if self.plain and (call.name in UNLIKE_PYTHON or call.takes == GUESS):
            return self.leaf("x" if call.gives in "N" else call.gives)
        if call in _FUNCTIONS:
            name = call.name if not call.on else self.of_module(call.on, call.name)
            return name if call.takes is None else f"{name}({self.arguments(call.takes, depth)})"
        on = self.value(call.on, depth + 2)
        owner = _OWNERS.get(call.on)
        if call.takes is None:
            return f"({on}).{call.name}"
        arguments = self.arguments(call.takes, depth)
        if owner and self.chance(12):
            return f"{owner}.{call.name}({', '.join(filter(None, (on, arguments)))})"
        return f"({on}).{call.name}({arguments})"

    def of_module(self, module: str, name: str) -> str:
        known = [alias for alias, of in self.visible if of in {f"{module}.{name}", f"{module}.*"}]
        if known and not self.chance(3):
            alias = self.among(known)
            return alias if (alias, f"{module}.{name}") in self.visible else f"{alias}.{name}"
        return f"{module}.{name}"

    def call(self, depth: int, helper: tuple[str, str, str] | Any) -> str:
        if not helper:
            return self.leaf("o")
        name, takes, _ = helper
        return f"{name}({self.arguments(takes, depth)})"

    def several(self, kind: str, depth: int) -> str:
        element = {"q": "s", "Q": "i"}.get(kind, "x")
        parts = [self.value(element, depth + 1) for _ in range(1 + self.below(3))]
        return f"[{', '.join(parts)}]"

    def composed(self, kind: str, depth: int) -> str:
        """An expression of the syntax that makes a kind."""
        v, deeper = self.value, depth + 1
        helpers = [helper for helper in self.helpers if helper[2] in (kind, "x")]
        if helpers and self.chance(3):
            return self.call(deeper, self.among(helpers))
        match kind:
            case "i":
                return self.among((
                    lambda: f"({v('i', deeper)} {self.among('+-*&|^')} {v('i', deeper)})",
                    lambda: f"({v('i', deeper)} {self.among(('//', '%'))} ({v('i', deeper)} or 7))",
                    lambda: f"({v('i', deeper)} {self.among(('**', '<<', '>>'))} {self.among(('2', '3', '1')) if not self.hurts() else '9999'})",
                    lambda: f"({self.among('-~+')}{v('i', deeper)})",
                    lambda: f"[{v('i', deeper)}, {v('i', deeper)}][{self.among(('0', '-1'))}]",
                ))()  # fmt: skip
            case "f":
                return (
                    f"({v('f', deeper)} {self.among('+-*')} {v('i', deeper)})"
                    if not self.chance(3)
                    else f"({v('i', deeper)} / ({v('f', deeper)} or 1))"
                )
            case "s":
                return self.among((
                    lambda: f"({v('s', deeper)} + {v('s', deeper)})",
                    lambda: self.formatted(deeper),
                    lambda: self.percent(deeper),
                    lambda: f"({v('s', deeper)})[{v('n')}:{v('n')}]",
                    lambda: f"({v('s', deeper)} * {v('n')})",
                    lambda: f"{self.among(('str', 'repr', 'show'))}({v('x', deeper)})",
                    lambda: f"({v('s', deeper)})[::{self.among(('-1', '2'))}]",
                    lambda: f"{self.template()}.format({v('x', deeper)}, {v('s', deeper)}, a={v('x', deeper)})",
                    lambda: f"format({v('i', deeper)}, {self.among(SPECIFICATIONS['i'][:6])!r})",
                ))()  # fmt: skip
            case "b":
                return self.compared(deeper)
            case "l":
                return self.among((
                    lambda: f"[{v('x', deeper)}, {v('x', deeper)}, *{v('o', deeper)}]",
                    lambda: f"[{self.comprehension(deeper, 'x')}]",
                    lambda: f"({v('l', deeper)} + {v('l', deeper)})",
                    lambda: f"({v('l', deeper)} * {v('n')})",
                    lambda: f"({v('l', deeper)})[{v('n')}:]",
                ))()  # fmt: skip
            case "t":
                return (
                    f"({v('x', deeper)}, {v('x', deeper)}, *{v('o', deeper)})"
                    if self.chance(2)
                    else f"({v('t', deeper)} + {v('t', deeper)})"
                )
            case "d":
                return self.among((
                    lambda: f"{{{v('h', deeper)}: {v('x', deeper)}, **{v('d', deeper)}}}",
                    lambda: f"{{{self.comprehension(deeper, 'h', 'x')}}}",
                    lambda: f"({v('d', deeper)} | {v('d', deeper)})",
                ))()  # fmt: skip
            case "S":
                return self.among((
                    lambda: f"{{{v('h', deeper)}, *{v('q', deeper)}}}",
                    lambda: f"{{{self.comprehension(deeper, 'h')}}}",
                    lambda: f"({v('S', deeper)} {self.among('|&-^')} {v('S', deeper)})",
                ))()  # fmt: skip
            case "C":
                return f"({v('C', deeper)} {self.among('+-|&')} {v('C', deeper)})"
            case "c":
                return f"({v('c', deeper)} {self.among('+-*')} {v('f', deeper)})"
            case "y":
                return f"({v('y', deeper)} + {v('y', deeper)})[{v('n')}:]"
            case "g":
                return f"({self.comprehension(deeper, 'x')})"
            case "u":
                return self.function(deeper, 1)
            case "U":
                return self.function(deeper, 2)
            case "r":
                return f"range({v('n')}, {v('n')}, {self.among(('1', '-1', '2'))})"
            case "k" | "K" | "v":
                return f"({v('d', deeper)}).{ {'k': 'keys', 'K': 'items', 'v': 'values'}[kind] }()"
        return self.leaf(kind)

    def compared(self, depth: int) -> str:
        v = self.value
        kind = self.among("isltbf")
        return self.among((
            lambda: f"({v(kind, depth)} {self.among(('==', '!='))} {v(kind, depth)})",
            lambda: f"({v(kind, depth)} {self.among(('<', '<=', '>', '>='))} {v(kind, depth)})" if kind in "isf" else f"({v('i', depth)} < {v('i', depth)} <= {v('f', depth)})",
            lambda: f"({v('x', depth)} {self.among(('is', 'is not'))} {v('x', depth)})",
            lambda: f"({v('h', depth)} {self.among(('in', 'not in'))} {v(self.among('ltdSDC'), depth)})",
            lambda: f"({v('s', depth)} in {v('s', depth)})",
            lambda: f"(not {v('x', depth)})",
            lambda: f"({v('x', depth)} {self.among(('and', 'or'))} {v('b', depth)})",
            lambda: f"({v('S', depth)} {self.among(('<=', '>'))} {v('S', depth)})",
        ))()  # fmt: skip

    def comprehension(self, depth: int, *kinds: str) -> str:
        self.closed += 1
        mark = len(self.visible)
        clauses = ""
        for _ in range(1 + self.chance(5)):
            source, element = self.among((("q", "s"), ("Q", "i"), ("o", "x")))
            name = self.name()
            clauses += f" for {name} in {self.value(source, depth)}"
            self.visible.append((name, element))
            if self.chance(4):
                clauses += f" if {self.value('b', depth)}"
        made = ": ".join(self.value(kind, depth) for kind in kinds)
        del self.visible[mark:]
        self.closed -= 1
        return made + clauses

    def function(self, depth: int, parameters: int) -> str:
        self.closed += 1
        names = [self.name() for _ in range(parameters)]
        mark = len(self.visible)
        self.visible += [(name, "x") for name in names]
        body = self.value("x", depth)
        del self.visible[mark:]
        self.closed -= 1
        return f"(lambda {', '.join(names)}: {body})"

    def wrapped(self, kind: str, depth: int) -> str:
        value = self.value(kind, depth + 1)
        choice = self.below(5)
        if choice == 0:
            return f"({value} if {self.value('b', depth + 1)} else {self.value(kind, depth + 1)})"
        if choice == 1 and not self.closed and self.inside:
            name = self.name()
            return f"({name} := {value})"
        if choice == 2:
            return f"(lambda: {value})()" if ":=" not in value and "yield" not in value else value
        if choice == 3:
            return f"{{'k': {value}}}['k']"
        return self.value("x", depth + 1) if self.hostile else value

    # Texts made of values

    def formatted(self, depth: int) -> str:
        parts = ""
        for _ in range(1 + self.below(3)):
            kind = self.among("isfxxx")
            value = self.value(kind, depth)
            if re.search(r"[\\\"#]|:=|lambda", value):  # what an f-string of Python 3.11 cannot hold
                value = self.among(("1", "'go'", "[1]"))
                kind = "x"
            conversion = self.among(("", "", "!r", "!s", "!a"))
            specification = self.among(
                SPECIFICATIONS["x" if conversion else kind][: None if self.chance(4) else 3]
            )
            if self.plain and kind == "x" and not conversion:
                specification = ""
            parts += (
                self.among(("", "go ", "{{", "é"))
                + f"{{({value}){self.among(('', '', '', '='))}{conversion}"
                + f":{specification}" * bool(specification)
                + "}"
            )
        return f'f"""{parts}"""'

    def percent(self, depth: int) -> str:
        v = self.value
        return self.among((
            lambda: f"('%s and %r' % ({v('x', depth)}, {v('x', depth)}))",
            lambda: f"('%s' % [{v('x', depth)}])",
            lambda: f"('%(a)s %%' % {{'a': {v('x', depth)}}})",
            lambda: f"('%05d|%x|%.2f' % ({v('i', depth)}, {v('i', depth)}, {v('f', depth)}))",
            lambda: f"('%a %*d %c' % ({v('x', depth)}, {v('n')}, {v('i', depth)}, {v('z')}))",
            lambda: f"({v('s', depth)} % {v('x', depth)})",
        ))()  # fmt: skip

    def template(self) -> str:
        return str(
            self.among(
                (
                    "'{}{}'",
                    "'{0!r:>9}'",
                    "'{a} {1:^{0}}'",
                    "'{a!s:.3}'",
                    "'{{{0}}}'",
                    "'{1:-<12}{a!a}'",
                    "'{} {'",
                    "'{:{}}'",
                )
            )
        )

    # Statements

    def block(self, depth: int, most: int = 3) -> Lines:
        mark, helpers = len(self.visible), len(self.helpers)
        lines: Lines = []
        for _ in range(1 + self.below(most)):
            lines += self.statement(depth)
        if not self.chance(40):  # else names may be unbound later
            del self.visible[mark:]
            del self.helpers[helpers:]
        return lines

    def assign(self, kind: str, value: str | None = None) -> Lines:
        value = self.value(kind) if value is None else value
        old = [name for name, of in self.visible if of == kind and name in self.own]
        if old and self.chance(3):
            return [f"{self.among(old)} = {value}"]
        name = self.name()
        self.visible.append((name, kind))
        self.own.add(name)
        annotation = self.among(("", "", "", ": int", ": 'list[str] | None'"))
        return [f"{name}{annotation} = {value}"]

    def statement(self, depth: int) -> Lines:
        self.budget -= 1
        if self.budget < 0 or depth > 4:
            return ["pass"]
        simple = (
            self.new,
            self.new,
            self.new,
            self.changed,
            self.changed,
            self.called_for_effect,
            self.called_for_effect,
            self.unpacked,
            self.augmented,
        )
        compound = (
            self.tried,
            self.tried,
            self.chosen,
            self.looped,
            self.looped,
            self.helped,
            self.repeated,
            self.rarely,
            self.mutated,
        )
        if depth > 3 or self.below(5) < 3:
            return list(self.among(simple)())
        lines = self.among(compound)(depth)
        return lines if lines[0].startswith(("def", "try")) else self.safely(lines, "x", bound=False)

    def new(self) -> Lines:
        kind = self.among(self.anything)
        return self.safely(self.assign(kind), kind)

    def safely(self, lines: Lines, kind: str, *, bound: bool = True) -> Lines:
        """Have what may fail caught, often, so that programs get far; what it would have bound is bound all the same."""
        if not self.inside or self.chance(3):
            return lines
        name = re.match(r"\w+(?=(?:: .*?)? = )", lines[-1]) if bound else None
        rescue = [f"    {name[0]} = {self.among(LEAVES[kind])}"] if name else []
        return ["try:", *self.indented(lines), "except Exception as e:", "    last = e", *rescue]

    def unpacked(self) -> Lines:
        first, second, third = self.name(), self.name(), self.name()
        self.own |= {first, second, third}
        self.visible += [(first, "x"), (second, "x"), (third, "l")]
        value = self.value("x")
        return [self.among((f"{first}, ({second}, *{third}) = {value}, (1, *{self.value('o')})", f"[{first}, {second}], *{third} = [{value}, 1], *{self.value('o')}", f"{first} = {second} = {third} = [{value}]"))]  # fmt: skip

    def augmented(self) -> Lines:
        old = [(name, kind) for name, kind in self.visible if name in self.own and kind in "isfltSdC"]
        if not old:
            return self.new()
        name, kind = self.among(old)
        operators = {
            "i": "+ - * // ** % & | ^ >> <<",
            "s": "+ * %",
            "f": "+ - * / %",
            "l": "+ *",
            "t": "+",
            "S": "| & - ^",
            "d": "|",
            "C": "+ - &",
        }
        operator = self.among(operators[kind].split())
        if kind == "s" and operator == "%":
            return self.safely([f"{name} %= {self.value('x')}"], kind)
        right = (
            "2"
            if operator in {"**", "<<", ">>", "//", "%", "/", "*"} and not self.hurts()
            else self.value("n" if operator == "*" else kind)
        )
        return self.safely([f"{name} {operator}= {right}"], kind)

    def changed(self) -> Lines:
        """An item is set, added to or deleted."""
        v = self.value
        kind = self.among("dlDCd")
        on = self.leaf(kind)
        if on in LEAVES[kind] or not on.isidentifier():
            made = self.assign(kind, on if on in LEAVES[kind] else None)
            on = self.visible[-1][0] if self.visible else on
            return made + [f"{on}[{v('h')}] = {v('x')}"] * (kind != "l")
        if kind == "l":
            return [self.among((lambda: f"{on}[0:{v('n')}] = {v('o')}", lambda: f"{on}.append({v('x')})", lambda: f"del {on}[{v('n')}:]", lambda: f"{on}[:] = {v('l')}"))()]  # fmt: skip
        key = v("h")
        return self.among((
            lambda: [f"{on}[{key}] = {v('i')}", f"{on}[{key}] {self.among('+-*|')}= {v('i')}"],
            lambda: [f"{on}[{key}] = {v('x')}", f"del {on}[{key}]"],
            lambda: [f"{on}[{key}] = {v('x')}"],
        ))()  # fmt: skip

    def called_for_effect(self) -> Lines:
        call = self.among(CALLS)
        value = self.call_of(call, 1)
        lines = [value] if call.gives == "N" and not self.chance(4) else self.assign(call.gives, value)
        return self.safely(lines, call.gives)

    def tried(self, depth: int) -> Lines:
        name = self.name()
        kinds = self.among(
            (
                "Exception",
                "(ValueError, TypeError)",
                "(LookupError, AttributeError)",
                "ArithmeticError",
                "re.error",
                "RecursionError",
            )
        )
        lines = ["try:", *self.indented(self.block(depth + 1))]
        bare = self.chance(5)
        lines.append("except:" if bare else f"except {kinds} as {name}:")
        mark = len(self.visible)
        if not bare:
            self.visible += self.caught(name)
        lines += self.indented(self.block(depth + 1, 2))
        if self.chance(9):
            lines.append(
                "    raise"
                + self.among(
                    (
                        "",
                        " ValueError('again')",
                        " ValueError('no') from None",
                        " TypeError([1])" + f" from {name}" * (not bare),
                    )
                )
            )
        del self.visible[mark:]
        if kinds != "Exception" and not bare:
            lines += [
                "except Exception as e:",
                "    "
                + self.among(
                    ("pass", "last = e")
                    if self.plain
                    else ("pass", "last = show(e)", "last = e", "last = f'{e!r} {e.args}'")
                ),
            ]
        if self.chance(3):
            lines += ["else:", *self.indented(self.block(depth + 1, 2))]
        if self.chance(3):
            lines += ["finally:", *self.indented(self.new())]
        return lines

    def caught(self, name: str) -> list[tuple[str, str]]:
        return [(name, "e"), (f"{name}.args", "t")]

    def chosen(self, depth: int) -> Lines:
        lines = [f"if {self.value('b')}:", *self.indented(self.block(depth + 1))]
        while self.chance(3):
            lines += [f"elif {self.value('b')}:", *self.indented(self.block(depth + 1, 2))]
        return [*lines, "else:", *self.indented(self.block(depth + 1, 2))] if self.chance(2) else lines

    def looped(self, depth: int) -> Lines:
        source, element = self.among((("q", "s"), ("Q", "i"), ("o", "x"), ("r", "i")))
        mark, name = len(self.visible), self.name()
        head = self.among((name, name, f"(_, {name})")) if source != "Q" else name
        over = self.value(source)
        if head != name:
            over, element = f"enumerate({over})", "x"
        self.visible.append((name, element))
        body = self.block(depth + 1)
        if self.chance(3):
            body += [f"if {self.value('b')}:", "    " + self.among(("break", "continue"))]
        del self.visible[mark:]
        lines = [f"for {head} in {over}:", *self.indented(body)]
        return [*lines, "else:", *self.indented(self.block(depth + 1, 1))] if self.chance(5) else lines

    def repeated(self, depth: int) -> Lines:
        name = self.name()
        body = self.block(depth + 1)
        return [
            f"{name} = {self.among(('3', '1', '5'))}",
            f"while {name} > 0:",
            f"    {name} -= 1",
            *self.indented(body),
        ]

    def helped(self, depth: int) -> Lines:
        if not self.inside or depth > 2:
            return self.new()
        return self.helper()

    def mutated(self, depth: int) -> Lines:
        """What is not the code's own is changed, or values come to hold themselves, or are nested deeply."""
        v = self.value
        deep = self.among(("5", "50", "300")) if not self.hurts() else self.among(("3000", "10**5", "10**6"))
        name, other = self.name(), self.name()
        lines: Lines = self.among((
            lambda: [f"{name} = {v('l')}", f"{name}.append({name})", f"{other} = {name} == [{name}]"] if self.hostile else self.new(),
            lambda: [f"{name} = {{'a': 1}}", f"{name}['me'] = {name}", f"{other} = {name}['me']['me'] is {name}"],
            lambda: [f"{name} = {other} = {self.among(('[]', '()', '{}', 'iter([1])'))}", f"for _ in range({deep}):", f"    {name} = {self.among((f'[{name}]', f'({name},)', f'{{1: {name}}}', f'map(bool, {name})', f'iter({name})', f'(x for x in {name})'))}"],
            lambda: ["params['new'] = [params]", f"{name} = {other} = params"] if self.inside else self.new(),
            lambda: [f"{name} = {other} = state", "state.clear()", f"state[{v('h')}] = {v('x')}"] if self.inside else self.new(),
            lambda: [f"{name} = state.get('inventory')", f"{name}.append({v('x')})", f"{other} = action.upper()"] if self.inside else self.new(),
            lambda: [f"{name} = {v('g')}", f"{other} = [next({name}, None), next({name}, None)]"],
            lambda: [f"{name} = ''.join(map(chr, range({self.among(('65', '250', '0xd800'))}, 0xd820)))[:{v('n')}]", f"{other} = {{{name}: {name}}}"],
        ))()  # fmt: skip
        bound = [(n, "x") for n in (name, other) if n in "".join(lines)]
        self.visible += bound
        self.own |= {n for n, _ in bound}
        return [f"{name} = {other} = None", *self.safely(lines, "x", bound=False)] if bound else lines

    def rarely(self, depth: int) -> Lines:
        v = self.value
        line = self.among((
            lambda: "pass",
            lambda: f"assert {v('x')} or True, {v('x')}",
            lambda: "from string import digits as ten, capwords",
            lambda: "import math, re as other",
            lambda: f"print({v('x')}, sep='')",
            lambda: f"{v('x')}",
            lambda: f"if not {v('x')}: raise {v('e')}" if self.chance(3) else f"raising = {v('e')}",
            lambda: f"return {v('s')}" if self.inside and self.chance(3) else "pass",
            lambda: "while True: pass" if self.hurts() else "pass",
            lambda: f"last = {v('x')}; del last; last = 1",
            lambda: f"del ({v('D')})[{v('h')}]" if self.chance(3) else "...",
        ))()  # fmt: skip
        return [line]

    @staticmethod
    def indented(lines: Lines) -> Lines:
        return ["    " + line for line in lines]

    # Whole programs

    def helper(self) -> Lines:
        """A function with parameters of known kinds, that may generate, recur, or change what is around it."""
        name = f"f{self.count}" if self.name() else ""
        outer, own, around, inside, visible = (
            self.visible,
            self.own,
            self.around,
            self.inside,
            list(self.visible),
        )
        kinds = [self.among("sildx") for _ in range(self.below(4))]
        parameters = [self.name() for _ in kinds]
        gives = self.among("xsibl")
        written, takes, needs = [], [], True
        for parameter, kind in zip(parameters, kinds, strict=True):
            needs = needs and not self.chance(4)
            written.append(
                parameter
                + self.among(("", "", f": {self.among(('int', 'str'))}"))
                + ("" if needs else f" = {self.value(kind, 3)}")
            )
            takes.append(kind if needs else kind + "?")
        extra = self.among(("", "", "", "*rest", "**named", "*, only=1", "/"))
        if extra and (extra != "/" or written):
            written.append(extra)
        declared: Lines = []
        if inside:
            self.around = (around | own) - self.globals
        known = [n for n, of in visible if of in "isldx" and (n in self.around if inside else n in own)]
        if self.chance(3) and known:
            declared = [f"{'nonlocal' if inside else 'global'} {self.among(known)}"]
            self.globals |= set() if inside else {declared[0].split()[1]}
        self.inside = True
        self.own = {line.split()[1] for line in declared} | set(parameters)
        self.visible = [*visible, *zip(parameters, kinds, strict=True)]
        body = [*declared, "last = None", *self.block(2)]
        generates = self.chance(5)
        if generates:
            body += self.among((
                lambda: [f"yield {self.value('x')}", f"yield from {self.value('o')}"],
                lambda: [f"got = yield {self.value('x')}", "last = got"],
                lambda: ["while True:", f"    yield {self.value('x')}"] if self.hostile else [f"yield {self.value('x')}"],
            ))()  # fmt: skip
            gives = "g"
        elif self.chance(6):
            self.count += 1
            numbers = [p for p, kind in zip(parameters, kinds, strict=True) if kind == "i"]
            if numbers:
                again = ", ".join(f"{p} - 1" if p == numbers[0] else p for p in parameters)
                body += [
                    f"if 0 < {numbers[0]} < {'10' if not self.hurts() else '10**9'}:",
                    f"    return {name}({again})",
                ]
            body.append(f"return {self.value(gives)}")
        else:
            body.append(f"return {self.value(gives)}")
        self.visible, self.own, self.around, self.inside = outer, own, around, inside
        self.helpers.append((name, " ".join(takes), gives))
        arrow = self.among(("", "", " -> bool"))
        return [f"def {name}({', '.join(written)}){arrow}:", *self.indented(body)]

    def imports(self) -> Lines:
        lines = []
        for _ in range(self.below(3)):
            module = self.among([*MODULES])
            if self.chance(2):
                name = self.among([*MODULES[module].table])
                alias = self.name()
                lines.append(f"from {module} import {name} as {alias}")
                self.visible.append((alias, f"{module}.{name}"))
            else:
                alias = self.name()
                lines.append(
                    f"import {module} as {alias}"
                    if "." in module or self.chance(2)
                    else f"import {module}, {module} as {alias}"
                )
                self.visible.append((alias, f"{module}.*"))
        return lines

    def program(self) -> str:
        lines = [self.among(('"""Rules of the house."""', "pass"))] if self.chance(4) else []
        lines += self.imports()
        # Small programs, and those that change nothing, are more likely to be kept or to share what they are given.
        self.budget = self.among((150, 15, 60, 150))
        self.remembers = bool(self.below(2))
        lines += self.prelude.splitlines()
        self.helpers = [("show", "x", "s")]
        if self.remembers:
            lines += REMEMBER.splitlines()
            self.helpers.append(("remember", "", "i"))
        for _ in range(self.below(4)):
            self.closed += 1  # no walrus at the top
            kind = self.among(self.anything)
            lines += self.assign(kind, self.value(kind, 3))
            self.closed -= 1
        for _ in range(self.below(3)):
            lines += self.helper()
        self.inside, self.own = True, {"action"}
        self.visible += [
            ("action", "s"),
            ("params", "d"),
            ("state", "d"),
            ("state.get('hp', 3)", "i"),
            ("params.get('count', '')", "s"),
            ("state.get('inventory', [])", "l"),
        ]
        body: Lines = ["last = None"]
        statements = 2 + self.below(7)
        smuggle_at = self.below(statements) if self.smuggled is not None else -1
        for number in range(statements):
            if number == smuggle_at:
                body += self.smuggled or []
            body += self.statement(0)
        body += self.ending()
        lines += ["def validate(action, params, state):", *self.indented(body)]
        return "\n".join(lines) + "\n"

    def ending(self) -> Lines:
        choice = self.below(8)
        known = [name for name, kind in self.visible if "." not in kind]
        told = ", ".join([*known[-8:], "last", *["remember()", "remember()"][: 2 * self.remembers]])
        if choice < 6:
            return [f"return ' '.join(map(show, ({told})))"]
        return [f"return {self.value('b' if choice == 6 else self.among('sx'))}"]
