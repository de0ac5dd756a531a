"""What is refused is refused with a sentence: the line, what is wrong, and what to write instead."""

import ast
import builtins
import re
from collections.abc import Callable

import pytest

from trpg_env.sandbox import Sandbox, SourceRejected, Verdict
from trpg_env.sandbox.language.facades import MODULES, NAMES

Ask = Callable[..., Verdict]

INSTRUCTION = re.compile(
    r"; .*\b(write|use|leave|read|decide|define|give|put|test|compare|mark|keep|call|declare|close|indent|combine|compute"
    r"|split|return|did you mean)\b",
    re.I,
)


def body(lines: str) -> str:
    return "def validate(action, params, state):\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def refusal(sandbox: Sandbox, source: str) -> str | None:
    """The sentence a source is refused with, or None; `check` and `validate` must agree."""
    try:
        sandbox.check(source)
    except SourceRejected as rejected:
        sentence = str(rejected)
        assert rejected.fault == "rejected"
        assert sandbox.validate(source, "go", {}, {}) == Verdict(False, sentence, "rejected")
        assert INSTRUCTION.search(sentence), sentence
        return sentence.removeprefix("The verification code cannot be used: ")
    return None


# One piece of code for every kind of statement and expression.
WORKING = {
    "AnnAssign": "x: int = 1", "Assert": "assert action", "Assign": "x = y = 1", "Attribute": "action.lower", "AugAssign": "x = 1\nx += 1",
    "BinOp": "1 + 1", "BoolOp": "1 and 2 or 3", "Break": "while True:\n    break", "Call": "len(action)", "Compare": "1 < 2",
    "Constant": "(1, 'a', b'b', None, True, ..., 1j)", "Continue": "for x in []:\n    continue", "Delete": "x = {1: 2}\ndel x[1], x",
    "Dict": "{1: 2, **{}}", "DictComp": "{x: x for x in []}", "Expr": "1", "For": "for x in []:\n    pass\nelse:\n    pass",
    "FormattedValue": "f'{1!r:>{3}}'", "FunctionDef": "def f(a, /, b=1, *c, d, **e):\n    pass", "GeneratorExp": "(x for x in [])",
    "Global": "global x\nx = 1", "If": "if 1:\n    pass\nelif 2:\n    pass\nelse:\n    pass", "IfExp": "1 if 2 else 3", "Import": "import re as r, math",
    "ImportFrom": "from re import match as m, I", "JoinedStr": "f'a'", "Lambda": "lambda a, *b, c=1: a", "List": "[1, *[]]",
    "ListComp": "[x for x in [] if x for y in x]", "Name": "action", "NamedExpr": "(x := 1)", "Nonlocal": "x = 1\ndef f():\n    nonlocal x",
    "Pass": "pass", "Raise": "raise ValueError('a') from KeyError()", "Return": "return True", "Set": "{1, *[]}", "SetComp": "{x for x in []}",
    "Slice": "action[1:2:3]", "Starred": "[*action]", "Subscript": "params['a']", "Try": "try:\n    pass\nexcept (KeyError, ValueError) as e:\n    pass\nexcept:\n    pass\nelse:\n    pass\nfinally:\n    pass",
    "Tuple": "(1, *[])", "UnaryOp": "not -1 == ~+1", "While": "while False:\n    pass\nelse:\n    pass",
    "Yield": "def f():\n    x = yield 1", "YieldFrom": "def f():\n    yield from []",
}  # fmt: skip

REFUSED = {
    "AsyncFor": ("async for x in []:\n    pass", "plain def"),
    "AsyncFunctionDef": ("async def f():\n    pass", "plain def"),
    "AsyncWith": ("async with action:\n    pass", "plain def"),
    "Await": ("await action", "plain def"),
    "ClassDef": ("class A:\n    pass", "functions and dicts"),
    "Interpolation": ("t'{action}'", "f-string"),
    "Match": ("match action:\n    case _:\n        pass", "if and elif"),
    "TemplateStr": ("t'a'", "f-string"),
    "TryStar": ("try:\n    pass\nexcept* ValueError:\n    pass", "write except"),
    "TypeAlias": ("type X = int", "leave them out"),
    "With": ("with action as x:\n    pass", "nothing here needs closing"),
}
_OLD = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"}


def test_every_kind_of_statement_and_expression_works_or_is_refused_with_a_sentence(sandbox: Sandbox) -> None:
    kinds = {kind.__name__ for base in (ast.stmt, ast.expr) for kind in base.__subclasses__()} - _OLD
    assert kinds <= {*WORKING, *REFUSED}
    for kind in sorted(kinds):
        if kind in WORKING:
            code = body(WORKING[kind])
            assert kind in {type(node).__name__ for node in ast.walk(ast.parse(code))}
            assert refusal(sandbox, code) is None, kind
        else:
            code, instead = REFUSED[kind]
            sentence = refusal(sandbox, body("pass\n" + code))
            assert sentence is not None and instead in sentence, (kind, sentence)
            assert sentence.startswith("line 3: "), sentence


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "^", "&"])
def test_every_operator_but_at_works(sandbox: Sandbox, operator: str) -> None:
    assert refusal(sandbox, body(f"x = [1]\nx[0] {operator}= x[0] {operator} 2")) is None
    assert "sum of products" in str(refusal(sandbox, body("x = 1 @ 2")))


UNFIT_BUILTINS = {
    "type": "isinstance", "issubclass": "isinstance", "object": "None or a text", "super": "functions and dicts", "hash": "==",
    "id": "==", "getattr": "methods", "vars": "methods", "globals": "methods", "eval": "write the code out", "open": "action, params and state",
    "input": "action, params and state", "memoryview": "==", "bytearray": "lists", "property": "functions", "BaseException": "Exception",
    "SystemExit": "Exception", "MemoryError": "Exception", "__import__": "import re", "__name__": "leave the block out",
}  # fmt: skip


def test_every_builtin_name_works_or_is_refused_with_a_sentence(sandbox: Sandbox) -> None:
    for name in dir(builtins):
        sentence = refusal(sandbox, body(f"x = {name}"))
        if sentence is None:
            assert name in NAMES or name in {"True", "False", "None"}, name
        else:
            assert name not in NAMES
            assert UNFIT_BUILTINS.get(name, "") in sentence, sentence
            assert name in sentence


MODULES_INSTEAD = {
    "json": "Python values already", "random": "the same way each time", "datetime": "keep times in state", "time": "keep times",
    "itertools": "comprehension", "functools": "helper function", "copy": "list(x)", "dataclasses": "dicts", "enum": "constants",
    "operator": "lambda", "fractions": "round()", "decimal": "round()", "statistics": "sum(xs) / len(xs)", "unicodedata": "casefold",
    "textwrap": "strip()", "difflib": "startswith()", "os": "action, params and state", "os.path": "action, params and state", "sys": "state alone",
    "logging": "print", "numpy": "lists", "regex": "use re", "shlex": "split()", "heapq": "sorted()", "ast": "int()", "abc": "functions",
    "types": "functions", "builtins": "without an import", "zlib": "re, math, string and collections", "typing_extensions": "no import",
    "re.enum": "re, math, string", "typing": "annotations need no import", "__future__": "leave it out",
}  # fmt: skip


@pytest.mark.parametrize("module", MODULES_INSTEAD)
def test_a_module_that_is_not_served_is_refused_with_what_to_write_without_it(
    sandbox: Sandbox, module: str
) -> None:
    for statement in (f"import {module} as m", f"from {module} import *"):
        sentence = refusal(sandbox, f"{statement}\n{body('pass')}")
        assert sentence is not None and MODULES_INSTEAD[module] in sentence, sentence
        assert sentence.startswith("line 1: ")
    if module.isidentifier() and module not in {"re", "builtins", "types", "abc", "zlib", "__future__"}:
        assert MODULES_INSTEAD[module] in str(refusal(sandbox, body(f"{module}.x")))


MEMBERS_INSTEAD = {
    "re.RegexFlag": "re.I | re.X", "re.sre_parse": "leave it out", "re.purge": "match()", "re.LOCALE": "leave it out", "re.serach": "'search'",
    "string.Template": "f-string", "string.Formatter": "f-string", "collections.deque": "list", "collections.namedtuple": "dicts",
    "collections.OrderedDict": "keeps its order", "collections.ChainMap": "**", "math.squareroot": "helper function", "math.*": "from math import e",
}  # fmt: skip


@pytest.mark.parametrize("member", MEMBERS_INSTEAD)
def test_what_a_served_module_lacks_is_refused_with_what_to_write_instead(
    sandbox: Sandbox, member: str
) -> None:
    module, name = member.split(".")
    sentence = refusal(sandbox, f"from {module} import {name}\n{body('pass')}")
    assert sentence is not None and MEMBERS_INSTEAD[member] in sentence, sentence
    if module in MODULES and name != "*":
        verdict = sandbox.validate(body(f"return {member}"), "", {}, {})
        assert verdict.fault == "exception" and MEMBERS_INSTEAD[member] in str(verdict.message)


REFUSED_BODIES = {
    "action.__class__": "isinstance", "action._x": "methods", "(x for x in []).gi_frame": "gi_frame", "f'{action.__class__}'": "isinstance",
    "x: action.__class__ = 1": "isinstance", "math.pi = 3": "variables or dicts", "del action.x": "variables or dicts",
    "__x = 1": "underscores", "_getattr_ = 1": "underscores", "def f(*, _x_=1):\n    pass": "underscores", "lenght(action)": "did you mean len",
    "null": "None", "yield True": "return True", "x = yield": "return True", "global validate": "once", "return [x async for x in []]": "plain def",
    "@len\ndef f():\n    pass": "helper function", "try:\n    pass\nexcept BaseException:\n    pass": "Exception",
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED_BODIES)
def test_other_things_that_are_refused_in_a_body(sandbox: Sandbox, code: str) -> None:
    sentence = refusal(sandbox, body(code))
    assert sentence is not None and REFUSED_BODIES[code] in sentence, sentence


TRUE = body("return True")
REFUSED_WHOLES = {
    "def f():\n    pass": "exactly one def validate(action, params, state):",
    TRUE + TRUE: "exactly one",
    "validate = lambda a, b, c: True": "write def validate",
    TRUE + "validate = 1": "write def validate",
    TRUE + "def f(x=(validate := 1)):\n    pass": "write def validate",
    TRUE + "import re as validate": "write def validate",
    TRUE + "del validate": "inside a function",
    "if True:\n    " + TRUE.replace("\n", "\n    "): "inside a function",
    "for x in []:\n    pass\n" + TRUE: "inside a function",
    "try:\n    x = 1\nexcept ValueError:\n    x = 2\n" + TRUE: "inside a function",
    "x = {}\nx.update(a=1)\n" + TRUE: "inside a function",
    "async " + TRUE: "plain def",
    "@len\n" + TRUE: "helper function",
    "class Validator:\n    def validate(self, action, params, state):\n        return True": "functions and dicts",
    "def validate(action, params):\n    return True": "three values",
    "def validate(a, b, c, d):\n    return True": "three values",
    "def validate(a, b, c, *, d):\n    return True": "three values",
    "while True:\n    pass\n" + TRUE: "inside a function",
    "if 1:\n    while True:\n        pass\n" + TRUE: "inside a function",
    "if __name__ == '__main__':\n    print(1)\n" + TRUE: "leave the block out",
    "from typing import Dict\nx = Dict[str, int]\n" + TRUE: "did you mean dict?",
    "__all__ = ['validate']\n" + TRUE: "leave it out",
    "return 1\n" + TRUE: "inside a function",
    "```python\n" + TRUE + "```": "Markdown",
    "def validate(action, params, state)\n    return True": "write Python",
    "def validate(action, params, state):\nreturn True": "indent",
    "  " + TRUE: "indent",
    "def validate(action, params, state):\n    return (True": "close every bracket",
    "from . import x\n" + TRUE: "use re",
    "import collections.abc\n" + TRUE: "annotations need no import",
    "": "exactly one",
    "^go (north|south)$": "write Python",
    "x = 1\0\n" + TRUE: "leave it out",
    body("x = " + "(" * 60 + ")" * 60): "split it",
    body("# " + ")" * 80 + "\nx = " + "(" * 60 + ")" * 60): "split it",
    body("x = " + "(" * 30 + "')" + ")" * 30 + "', " + "(" * 30 + ")" * 60): "split it",
    body("x = " + "not " * 200 + "1"): "split it",
    body("x = 1\n" * 1_400): "shorter",
    body(
        "try:\n" + "    if action: return 1\n" * 200 + "finally:\n" + "    x = 1\n" * 100
    ): "without finally",
    body("try:\n    pass\nfinally:\n    return True"): "behind it",
    body(
        "for x in 'ab':\n    try:\n        pass\n    finally:\n        if x:\n            continue"
    ): "behind it",
    body("y" * 7_000): "define it first",
    body("x = 1\n" * 3_000): "write at most",
}


@pytest.mark.parametrize("source", REFUSED_WHOLES, ids=range(len(REFUSED_WHOLES)))
def test_what_is_no_validator_is_refused(sandbox: Sandbox, source: str) -> None:
    sentence = refusal(sandbox, source)
    assert sentence is not None and REFUSED_WHOLES[source] in sentence, sentence


ATTRIBUTES_INSTEAD = {
    "action.startwith('go')": "did you mean 'startswith'?", "[].add(1)": "use append()", "action.contains('x')": "x in value",
    "[].length": "len(value)", "action.trim()": "strip()", "state.hp": "['hp'] or .get('hp')", "state.has_key('hp')": "x in value",
    "re.match('x', 'y').group()": "whether it is None", "set().append(1)": "use add()", "(1,).append(2)": "use a list",
    "ValueError('x').add_note('y')": "into the message", "[].join(',')": "', '.join(value)", "params.iteritems()": "items()",
    "str(validate)": "call it", "str(iter([]))": "list(...)", "str(defaultdict(lambda: 1))": "dict(...)", "action.decode()": "a text already",
}  # fmt: skip


@pytest.mark.parametrize("code", ATTRIBUTES_INSTEAD)
def test_an_attribute_that_is_not_there_is_told_with_what_to_write_instead(ask: Ask, code: str) -> None:
    verdict = ask(f"return {code}")
    assert verdict.fault == "exception" and ATTRIBUTES_INSTEAD[code] in str(verdict.message), verdict
