"""What verification code may say, and what it is told about the rest."""

from collections.abc import Callable

import pytest

from trpg_env.sandbox import Sandbox, SourceRejected, Verdict

Ask = Callable[..., Verdict]

WORKS = {
    "imports": "import re, math as m\nfrom collections import Counter, defaultdict\nfrom string import digits\nimport collections\n"
    "def validate(action, params, state):\n    return bool(re.search('go', action)) and m.floor(2.5) == 2 and Counter('aa')['a'] == 2 "
    "and digits[0] == '0' and defaultdict(int)['x'] == 0 and collections.Counter('a').most_common(1) == [('a', 1)]",
    "names without import": "return math.sqrt(4) == 2 and string.digits == '0123456789' and Counter('ab').total() == 2",
    "augmented items": "d = {'a': 1}\nd['a'] += 2\nd['a'] *= 3\nl = [1, 2]\nl[0] -= 1\nl += [3]\nreturn d == {'a': 9} and l == [0, 2, 3]",
    "annotations": "x: int = 3\ny: 'list[str]'\ndef f(a: str, *rest: int) -> bool:\n    return True\nreturn x == 3 and f('a')",
    "walrus": "return (n := len(action)) == 8 and n > 3",
    "f-strings": "return f'{action!r:>12} {state[\"hp\"]:03d} {[1, action]} {1.5:.{2}f} {action=}' == \"  'go north' 012 [1, 'go north'] 1.50 action='go north'\"",
    "format": "return '{} {x:>3} {y!r}'.format('a', x=1, y=[2]) == 'a   1 [2]' and '{a}'.format_map({'a': 1}) == '1'",
    "percent": "return '%s has %03d' % ('x', 5) == 'x has 005' and '%(a)s' % {'a': 1} == '1' and 7 % 3 == 1",
    "percent on one value": "n = 7\nn %= 4\nt = 'a%s'\nt %= [1]\nreturn n == 3 and t == 'a[1]'",
    "underscored names": "_a, _ = 1, 2\nfor _ in range(3):\n    _a += _\nreturn _a == 4",
    "compiled constants": "_WORD = re.compile(r'(?P<verb>\\w+) (\\w+)', re.I | re.M)\nDIRS = ('north',)\n"
    "def validate(action, params, state):\n    m = _WORD.fullmatch(action)\n    return m['verb'] == 'go' and m.group(2) in DIRS and m.span() == (0, 8)",
    "bare except": "try:\n    int('x')\nexcept:\n    return True",
    "exceptions": "try:\n    {}['x']\nexcept (IndexError, KeyError) as error:\n    return str(error) == \"'x'\" and error.args == ('x',)\nfinally:\n    pass",
    "re.error": "try:\n    re.compile('(')\nexcept re.error as error:\n    return error.pos == 0 and 'unterminated' in str(error)",
    "raise": "try:\n    raise ValueError('no') from None\nexcept ValueError as e:\n    return f'{e}' == 'no' and '%s' % e == 'no'",
    "generators": "def evens(n):\n    yield from (i for i in range(n) if i % 2 == 0)\nreturn sum(evens(5)) == 6 and any(x > 3 for x in evens(9)) and list(zip('ab', evens(9))) == [('a', 0), ('b', 2)]",
    "unbound methods": "return all(map(str.isdigit, ['1', '2'])) and sorted(['b', 'A'], key=str.lower) == ['A', 'b'] and dict.fromkeys('ab', 0) == {'a': 0, 'b': 0}",
    "kinds": "return isinstance('x', (str, int)) and isinstance('x', str | None) and isinstance(1, int | str) and not isinstance(state, list) and str(5) == '5'",
    "unpacking": "a, (b, *c) = 1, (2, 3, 4)\nf = lambda *xs, **ks: (xs, ks)\nreturn c == [3, 4] and f(*c, **{'k': 1}) == ((3, 4), {'k': 1}) and [*c, *'ab'] == [3, 4, 'a', 'b']",
    "deletion": "d = {'a': 1, 'b': 2}\ndel d['a']\nreturn d == {'b': 2}",
    "globals": "n = 0\ndef bump():\n    global n\n    n += 1\ndef validate(action, params, state):\n    bump()\n    bump()\n    return n == 2",
    "nested functions": "def outer(x):\n    def inner(y=x):\n        nonlocal x\n        x += y\n        return x\n    return inner()\nreturn outer(2) == 4",
    "many elifs": "x = 39\n" + "if x == 0:\n    return False\n" + "".join(f"elif x == {n}:\n    return {n} == 39\n" for n in range(1, 40)),
    "prefix and suffix": "return action.removeprefix('go ') == 'north' and action.encode('ascii') == b'go north'",
    "re functions": "return re.sub(r'o', lambda m: m.group().upper(), action) == 'gO nOrth' and re.findall(r'\\w+', action) == ['go', 'north'] and re.split(' ', action, maxsplit=1)[0] == 'go'",
    "own name of a builtin": "id = params.get('id', 3)\ntype = 'door'\nreturn id == 3 and type == 'door'",
}  # fmt: skip


@pytest.mark.parametrize("code", WORKS.values(), ids=WORKS.keys())
def test_ordinary_python_works(ask: Ask, code: str) -> None:
    verdict = ask(code)
    assert verdict.accepted, verdict


REFUSED = {
    "class A:\n    pass\nreturn True": "functions and dicts",
    "match action:\n    case _:\n        return True": "if and elif",
    "with action:\n    return True": "closing",
    "return action.__class__ is None": "__class__",
    "return __builtins__ is None": "reserved",
    "_getattr_ = 1\nreturn True": "reserved",
    "def f(*, _x_=1):\n    return 1\nreturn True": "reserved",
    "return type(action) is str": "isinstance",
    "return hash(action) > 0": "==",
    "return getattr(action, 'upper')": "methods",
    "return open('/etc/passwd')": "action, params and state",
    "import os\nreturn True": "only re, math, string and collections",
    "from re import sre_parse\nreturn True": "re has no sre_parse",
    "from typing import Any\nreturn True": "annotations need none",
    "import re.enum\nreturn True": "cannot be imported",
    "math.pi = 3\nreturn True": "variables or dicts",
    "return lenght(action) > 3": "not defined",
    "return (x for x in [1]).gi_frame": "gi_frame",
    "yield True": "return True, False or a text",
    "def validate(a, b):\n    return True": "three parameters",
    "validate = lambda a, b, c: True": "def validate",
    "def f():\n    pass": "exactly one",
    "@len\ndef validate(action, params, state):\n    return True": "helper function",
    "for x in 'ab':\n    pass\ndef validate(action, params, state):\n    return True": "inside validate",
    "```python\ndef validate(action, params, state):\n    return True\n```": "Markdown",
    "def validate(action, params, state)\n    return True": "not valid Python",
    "except_ = 1\ntry:\n    pass\nexcept BaseException:\n    return True\nreturn True": "Exception",
    "f'{action.__class__}'\nreturn True": "__class__",
    "x: action.__class__ = 1\nreturn True": "__class__",
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_gets_a_sentence_that_says_what_to_write_instead(
    sandbox: Sandbox, ask: Ask, code: str
) -> None:
    whole = "validate" in code or code == "def f():\n    pass"
    verdict = sandbox.validate(code, "a", {}, {}) if whole else ask(code)
    assert (verdict.accepted, verdict.fault) == (False, "rejected"), verdict
    assert REFUSED[code] in str(verdict.message)
    if whole:
        with pytest.raises(SourceRejected) as rejected:
            sandbox.check(code)
        assert str(rejected.value) == verdict.message


NO_ADDRESS = [
    "return str(validate)",
    "return repr(lambda: 1)",
    "return f'{validate}'",
    "return f'{[validate]!r}'",
    "x = []\nreturn f'{x:{x.append(validate) or \"\"}}'",
    "return '%s' % validate",
    "return '%s' % [(validate,)]",
    "return '%(a)s' % defaultdict(lambda: validate)",
    "return '{}'.format(validate)",
    "return str.format('{}', {'a': {'b': validate}})",
    "return '{a}'.format_map(defaultdict(lambda: validate))",
    "return ''.join(map(str, [x for x in [iter([1])]]))",
    "return str(action.upper)",
    "return str(x for x in [1])",
    "return format(validate)",
    "return str(defaultdict(lambda: 1))",
    "return str({}.fromkeys([validate]).keys())",
    "try:\n    [].index(validate)\nexcept ValueError as error:\n    return str(error) + str(error.args) + repr(error) + f'{error}' + '%s' % error",
    "try:\n    {}[validate]\nexcept KeyError as error:\n    return str(error) + repr(error)",
    "raise ValueError(validate)",
    "raise KeyError([validate])",
    "return str(re) + str(str) + str(int)",
]


@pytest.mark.parametrize("code", NO_ADDRESS)
def test_no_memory_address_is_ever_spelled_out(ask: Ask, code: str) -> None:
    verdict = ask(code)
    assert not verdict.accepted
    assert "0x" not in str(verdict.message), verdict


FORMAT_WALKS = ["'{0.x}'.format(action)", "'{0[0]}'.format(action)", "'{:{0.x}}'.format(action)", "str.format('{0.__class__}', 1)", "'{a.x}'.format_map({'a': 1})"]  # fmt: skip


@pytest.mark.parametrize("code", FORMAT_WALKS)
def test_format_fields_cannot_look_inside_values(ask: Ask, code: str) -> None:
    verdict = ask(f"return {code}")
    assert verdict.fault == "exception" and "plain fields" in str(verdict.message), verdict


@pytest.mark.parametrize("name", ["enum", "sys", "copyreg", "purge", "_cache", "functools"])
def test_a_module_is_a_fixed_table_of_names(ask: Ask, name: str) -> None:
    assert ask(f"return re.{name}").fault in {"exception", "rejected"}


def test_an_exception_names_its_line_and_kind(ask: Ask) -> None:
    verdict = ask("x = 1\nreturn x / 0")
    assert verdict.fault == "exception"
    assert verdict.message == "The verification code failed: ZeroDivisionError: division by zero (line 3)"


@pytest.mark.parametrize(
    "result", ["None", "1", "[True]", "1.0", "...", "validate", "b'x'", "(True,)", "Counter()"]
)
def test_only_true_false_and_texts_are_answers(ask: Ask, result: str) -> None:
    verdict = ask(f"return {result}")
    assert (verdict.accepted, verdict.fault) == (False, "bad result")


def test_texts_are_cut_and_cleaned(ask: Ask) -> None:
    assert len(str(ask("return 'm' * 70000").message)) == 2_000
    assert ask("return 'a\\x1b[2J\\x00\\ud800\\nb é'").message == "a�[2J��\nb é"
