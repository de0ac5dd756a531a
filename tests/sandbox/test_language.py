"""What verification code cannot do: look behind values, spell out addresses, or answer anything but a verdict."""

from collections.abc import Callable

import pytest

from trpg_env.sandbox import Sandbox, Verdict

Ask = Callable[..., Verdict]

NO_ADDRESS = [
    "return str(validate)",
    "return repr(lambda: 1)",
    "return ascii([validate])",
    "return f'{validate}'",
    "return f'{[validate]!r}'",
    "return f'{validate!a:>9}'",
    "x = []\nreturn f'{x:{x.append(validate) or \"\"}}'",
    "x = []\nd = defaultdict(lambda: x.append(validate) or '', a=x)\nreturn '{a:{b}}'.format_map(d)",
    "x = []\nd = defaultdict(lambda: x.append(validate) or '', a=x)\nreturn '%(b)s%(a)s' % d",
    "return '%s' % validate",
    "return '%s' % [(validate,)]",
    "x = ['%s']\nx[0] %= (validate,)\nreturn x[0]",
    "return str(b'%s' % validate)",
    "return '%(a)s' % defaultdict(lambda: validate)",
    "return '{}'.format(validate)",
    "return '{0[0]}'.format([validate])",
    "return str.format('{}', {'a': {'b': validate}})",
    "return '{a}'.format_map(defaultdict(lambda: validate))",
    "return ''.join(map(str, [x for x in [iter([1])]]))",
    "return str(action.upper)",
    "return str(x for x in [1])",
    "return format(validate)",
    "return str(defaultdict(lambda: 1))",
    "return str([str, defaultdict])",
    "return str(list[validate])",
    "return str({}.fromkeys([validate]).keys())",
    "return str([ValueError(validate)])",
    "return str(OSError(1, 'no', validate)) + repr(OSError(validate))",
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


FORMAT_WALKS = ["'{0.x}'.format(action)", "'{0[a].x}'.format({'a': 1})", "'{0[a]}'.format({'a': 1})", "'{:{0.x}}'.format(action)", "str.format('{0.__class__}', 1)", "'{a.x}'.format_map({'a': 1})"]  # fmt: skip


@pytest.mark.parametrize("code", FORMAT_WALKS)
def test_format_fields_cannot_look_inside_values(ask: Ask, code: str) -> None:
    verdict = ask(f"return {code}")
    assert verdict.fault == "exception" and "plain fields" in str(verdict.message), verdict


@pytest.mark.parametrize("name", ["enum", "sys", "copyreg", "purge", "_cache", "functools", "name", "table"])
def test_a_module_is_a_fixed_table_of_names(ask: Ask, name: str) -> None:
    assert ask(f"return re.{name}").fault in {"exception", "rejected"}


@pytest.mark.parametrize(
    "what",
    [
        "str.mro", "str.owner", "int.real", "ValueError.mro", "defaultdict.owner", "defaultdict(int).default_factory",
        "(x for x in []).throw", "{}.keys().mapping", "validate.func",
        "list[int].mro", "(int | str).mro", "ValueError().with_traceback", "re.compile('a').scanner", "action.upper.func",
    ],
)  # fmt: skip
def test_types_and_functions_have_no_attributes_but_methods(sandbox: Sandbox, what: str) -> None:
    code = f"def validate(action, params, state):\n    {what}\n    return 'got it'"
    verdict = sandbox.validate(code, "", {}, {})
    assert verdict.fault == "exception" and "AttributeError" in str(verdict.message), verdict


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


def test_repeats_inside_repeats_are_refused_where_they_would_multiply(ask: Ask) -> None:
    def nested(depth: int) -> str:
        return repr("(?:" * depth + "a" + ")*" * depth)

    assert ask(f"return bool(re.fullmatch({nested(10)}, 'aaa'))").accepted
    for call in (f"re.compile({nested(12)})", f"re.sub({nested(12)}, '', action, flags=re.X)"):
        verdict = ask(f"{call}\nreturn True")
        assert verdict.fault == "exception" and "fewer groups" in str(verdict.message), verdict


def test_comments_in_a_long_verbose_pattern_may_hold_brackets(ask: Ask) -> None:
    pattern = "".join(f"(?P<g{n}>a)?  # :-(\n" for n in range(30))
    assert ask(f"return bool(re.fullmatch({pattern!r}, 'aaa', re.X))").accepted
