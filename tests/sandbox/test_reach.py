"""What untrusted code can come by: nothing that would give it a type, an address, or a way into a later call."""

from collections.abc import Callable, Iterator

import pytest

from trpg_env.sandbox import Sandbox, Verdict
from trpg_env.sandbox.language.facades import GIVEN
from trpg_env.sandbox.language.guards import METHODS
from trpg_env.sandbox.language.validator import _CHANGING

Ask = Callable[..., Verdict]
TRUE = "def validate(action, params, state):\n    return True\n"

NOTHING_OF_THE_KIND = {
    "a type by a method of Counter": "return Counter.copy(int)('X', (), {}) and 'ESCAPED'",
    "another's method": "return Counter.update({}, 'a') or 'ESCAPED'",
    "the text type out of a union": "return (str | str)(validate)",
    "a union's parts": "return 'ESCAPED: ' + (str | int)[0](validate)",
    "the types in a name for annotations": "from typing import Union\nreturn (Union[str, str])(validate)",
    "something of typing": "from typing import sys\nreturn 'ESCAPED' if sys else True",
    "what makes a defaultdict's values": "return defaultdict(str).default_factory(validate)",
    "the class of a value": "return (1).real.__class__",
    "the text of a slice": "return str(slice(validate, 1))",
    "the text of a slice in an f-string": "return f'{slice(validate)}'",
    "the text of a slice in a list": "return '%s' % [slice(validate)]",
    "the text of a mapping's key": "return '%s' % {validate: 1}",
    "the text of a key of a key": "return '%s' % {(validate,): 1}",
    "memory in no time": "return bytes(150_000_000) and 'USED'",
    "a bomb of bytes": "return re.compile(('(?:' * 40 + 'a{1,200}' + '){1,200}' * 40).encode()) and 'USED'",
    "a verbose bomb": "return re.compile('(?:' * 40 + 'a' + ' ) {1,200}' * 40, re.X) and 'USED'",
    "a pattern remembered by like flags": "re.compile('zzz', 2)\nre.compile('zzz', 2.0)\nreturn 'USED'",
}


@pytest.mark.parametrize("what", NOTHING_OF_THE_KIND)
def test_nothing_of_the_kind_is_to_be_had(ask: Ask, what: str) -> None:
    verdict = ask(NOTHING_OF_THE_KIND[what])
    assert verdict.fault in {"exception", "rejected"}, verdict
    assert "0x" not in str(verdict.message)


def test_no_real_type_is_given_by_which_texts_of_anything_could_be_made() -> None:
    for forbidden in (str, bytes, bytearray, type, object, super, memoryview, BaseException):
        assert not any(value is forbidden for value in GIVEN), forbidden


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        yield\n    finally:\n        pass",
        "try:\n        pass\n    finally:\n        yield",
        "try:\n        for x in 'ab':\n            yield from x\n    except ValueError:\n        pass",
        "try:\n        pass\n    except ValueError:\n        x = yield\n",
        "try:\n        f = lambda x=(yield): 0\n    finally:\n        pass",
        "try:\n        def f(*, x=(yield)):\n            pass\n    finally:\n        pass",
        "try:\n        x = [f'{(yield)}' for y in (yield)]\n    finally:\n        pass",
    ],
)
def test_nothing_is_left_to_be_run_when_a_generator_is_freed(sandbox: Sandbox, body: str) -> None:
    verdict = sandbox.validate(f"def g():\n    {body}\n{TRUE}", "a", {}, {})
    assert verdict.fault == "rejected" and "yield inside try" in str(verdict.message)


def test_generators_may_yield_beside_a_try_and_in_functions_of_their_own(sandbox: Sandbox) -> None:
    code = (
        "def g():\n    try:\n        def inner():\n            yield 1\n        n = sum(x for x in inner())\n"
        "    except ValueError:\n        n = 0\n    yield n\n"
        "def validate(action, params, state):\n    return list(g()) == [1]\n"
    )
    assert sandbox.validate(code, "a", {}, {}).accepted


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox]:
    """A sandbox that waits long for code that takes much memory, on machines that are slow to give it."""
    with Sandbox(deadline=20) as made:
        yield made


def test_a_batch_does_not_feel_the_memory_of_its_neighbours(patient: Sandbox) -> None:
    hog = "def validate(action, params, state):\n    x = ['a' * (120 * 2**20)]\n    x.append(x)\n    return True\n"
    feels = (
        "def validate(action, params, state):\n    try:\n        'b' * 60_000_000\n    except Exception as error:\n"
        "        return repr(error)\n    return True\n"
    )
    assert all(
        verdict.accepted for verdict in patient.validate_many([(hog, "a", {}, {}), (feels, "a", {}, {})] * 3)
    )


def test_many_neighbours_that_each_leave_a_little_are_not_felt_either(patient: Sandbox) -> None:
    hog = (
        "def validate(action, params, state):\n    x = ['a' * 1_000_000]\n    x.append(x)\n    return True\n"
    )
    big = "def validate(action, params, state):\n    try:\n        'b' * 120_000_000\n    except Exception:\n        return False\n    return True\n"
    checks = [(hog, "a", {}, {})] * 200 + [(big, "a", {}, {})]
    assert all(verdict.accepted for verdict in patient.validate_many(checks))


def test_patterns_of_earlier_calls_take_no_memory_from_later_ones(patient: Sandbox) -> None:
    large = "def validate(action, params, state):\n    return re.compile(action * 30_000) is not None\n"
    big = "def validate(action, params, state):\n    return len('b' * 140_000_000) > 0\n"
    assert all(patient.validate(large, chr(97 + n % 26), {}, {}).accepted for n in range(40))
    assert patient.validate(big, "a", {}, {}).accepted


def test_a_state_made_cyclic_is_freed_with_its_call(patient: Sandbox) -> None:
    code = (
        "def validate(action, params, state):\n    state['me'] = state\n    for i in range(30_000):\n        pass\n"
        "    return True\n"
    )
    assert patient.validate(code, "a", {}, {}).accepted
    assert patient._worker is not None
    first = patient._worker.pid
    assert all(patient.validate(code, "a", {}, {"x": "y" * 3_000_000}).accepted for _ in range(60))
    assert patient._worker.pid == first


@pytest.mark.parametrize("handler", ["except Exception:", "except (ValueError, Exception) as e:", "except:"])
def test_code_does_not_see_memory_run_out(ask: Ask, handler: str) -> None:
    assert (
        ask(f"try:\n    'a' * 10**10\n{handler}\n    pass\nfinally:\n    x = 1\nreturn True").fault
        == "memory"
    )


READING = frozenset(
    {
        "copy", "count", "difference", "elements", "fromkeys", "get", "index", "intersection", "isdisjoint", "issubset",
        "issuperset", "items", "keys", "most_common", "symmetric_difference", "total", "union", "values",
    }
)  # fmt: skip


@pytest.mark.parametrize("kind", [list, dict, set], ids=lambda kind: kind.__name__)
def test_every_method_is_known_to_change_what_it_belongs_to_or_not_to(kind: type) -> None:
    assert {name for name in METHODS[kind] if name not in READING} <= _CHANGING
    assert not READING & _CHANGING


SHARED = {
    "set an item": "state['k'] = 1",
    "delete an item": "del state['n']",
    "set a slice": "state['l'][:] = []",
    "a loop's target": "for state['k'] in 'ab': pass",
    "a method": "state['l'].append(1)",
    "a method without its value": "list.append(state['l'], 1)",
    "a method in a map": "list(map(state['l'].append, 'ab'))",
    "more of a list": "x = state['l']\nx += [1]",
    "more of a dict": "x = state\nx |= {'k': 1}",
    "a pattern's function": "re.sub('go', lambda m: str(state.pop('n', 0)), action)",
}


@pytest.mark.parametrize("how", SHARED)
def test_calls_that_share_a_state_do_not_see_what_another_did_to_it(sandbox: Sandbox, how: str) -> None:
    lines = "".join(f"    {line}\n" for line in [*SHARED[how].splitlines(), "return f'{before} {state}'"])
    code = f"def validate(action, params, state):\n    before = f'{{state}}'\n{lines}"
    look = "def validate(action, params, state):\n    return f'{state}'\n"
    state = {"n": 1, "l": [1, 2]}
    first, second, third = sandbox.validate_many(
        [(code, "go", {}, state), (code, "go", {}, state), (look, "go", {}, state)]
    )
    assert first == second
    assert str(first.message).startswith(f"{state} ")
    assert first.message != f"{state} {state}"
    assert third.message == str(state)
    assert state == {"n": 1, "l": [1, 2]}
