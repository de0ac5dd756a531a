"""Programs and patterns that nobody wrote: whatever they are, the sandbox answers, properly, and nothing else happens.

Ordinarily the same examples each time, about a minute's worth in all; `--fuzz SECONDS` gives each test that long, and
new ones. A failure shows the program; it is enough to ask a sandbox about it again.
"""

import ast
import copy
import json
import random
import re
import select
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from programs import plain_programs, programs, raising_programs, refused_programs
from regexes import TEXTS, harmless_patterns, wild_patterns, wild_texts
from writer import Writer

from trpg_env.sandbox import Sandbox, SourceRejected, Verdict
from trpg_env.sandbox.language import refusals
from trpg_env.sandbox.language.facades import MODULES, NAMES
from trpg_env.sandbox.language.guards import METHODS, VALUES
from trpg_env.sandbox.questions import clean

CANARY = "canary-5c1f"
TRUE = "def validate(action, params, state):\n    return True\n"
ECHO = "def validate(action, params, state):\n    return f'{action} {params} {state}'\n"
FAULTS = {None, "rejected", "timeout", "memory", "crash", "exception", "bad result"}
UNSTEADY = {"timeout", "memory", "crash"}
"""Faults that hang on how fast the machine is, or on what memory there is."""

HUNG = 5.0
"""Seconds after which a call hangs, on however slow a machine."""

WORLDS: list[tuple[str, dict[str, Any], Any]] = [
    ("go north", {"direction": "north", "count": "2"}, {"hp": 12, "inventory": ["lamp", "rope"], "npc": {"name": "Mira"}}),
    ("", {}, {}),
    ("look \ud800é\n", {"count": 2**70, "x": [None, 1.5]}, {"hp": -1.5, "inventory": [], 3: {"deep": [[[{}]]]}}),
    ("take lamp", {"count": "x"}, None),
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ADDRESS = re.compile(r" at 0x|0x(?:5[56]|7[ef]|aaaa|ffff)[0-9a-fA-F]{8,10}")
_HEX = re.compile(r"0x[0-9a-fA-F]{6}")
_OF_THIS_MACHINE = (CANARY, "site-packages", "trpg_env", ".py", sys.prefix, str(Path(__file__).parent))

Fuzz = Callable[..., None]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRPG_CANARY", CANARY)
        with Sandbox(deadline=0.1) as made:
            yield made


PYTHON = """\
import collections.abc, heapq, json, math, re, resource, string, sys, typing, unicodedata
for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
    resource.setrlimit(limit, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
vars(re).update({name: int(flag) for name, flag in vars(re).items() if isinstance(flag, re.RegexFlag)})
named = dict(re=re, math=math, string=string, collections=collections, Counter=collections.Counter, defaultdict=collections.defaultdict)
for line in sys.stdin:
    source, world = json.loads(line)
    try:
        namespace = {**named, '__name__': 'validator', 'print': lambda *x, **k: None}
        exec(source, namespace)
        result = namespace['validate'](*world)
        answer = ['returned', str(result)] if isinstance(result, (bool, str)) else ['odd']
    except (MemoryError, RecursionError):
        answer = None
    except Exception as error:
        answer = ['raised', type(error).__name__]
    sys.stdout.write(json.dumps(answer) + chr(10))
    sys.stdout.flush()
"""


class Python:
    """A Python of its own, for harmless programs: it may open, start and write nothing, and has little memory."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def validate(self, source: str, world: tuple[str, dict[str, Any], Any]) -> Any:
        """What became of a program; None where it cannot be told."""
        process = self._process = self._process or subprocess.Popen(
            [sys.executable, "-P", "-s", "-W", "ignore", "-c", PYTHON],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},
            text=True,
        )
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([source, world]) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], 2.0)
        line = process.stdout.readline() if ready else ""
        if not line:
            self.close()
            return None
        return json.loads(line)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def python() -> Iterator[Python]:
    made = Python()
    yield made
    made.close()


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Run a check on a number of examples, or on new ones for as long as was asked for."""

    def fuzz(examples: int, check: Callable[..., None], *strategies: st.SearchStrategy[Any]) -> None:
        seconds = request.config.getoption("--fuzz")
        if not seconds:
            settings(max_examples=examples)(given(*strategies)(check))()
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            settings(derandomize=False, max_examples=50, print_blob=True)(given(*strategies)(check))()

    return fuzz


def ask(sandbox: Sandbox, source: str, world: tuple[str, dict[str, Any], Any]) -> Verdict:
    """Ask, and make sure that the answer is one, and that asking did nothing else."""
    given = copy.deepcopy(world)
    began = time.monotonic()
    verdict = sandbox.validate(source, *given)
    assert time.monotonic() - began < HUNG
    assert repr(given) == repr(world)
    assert_proper(verdict, source)
    return verdict


def assert_proper(verdict: Verdict, source: str) -> None:
    assert type(verdict) is Verdict
    assert type(verdict.accepted) is bool
    assert verdict.fault in FAULTS
    assert not (verdict.accepted and (verdict.fault or verdict.message))
    assert_fit(verdict.message, source)
    assert verdict.fault is None or verdict.message


def assert_fit(message: str | None, source: str) -> None:
    """A message may be shown and stored, and tells nothing of the machine."""
    assert message is None or type(message) is str
    text = message or ""
    assert len(text) <= 2_000
    text.encode()
    assert not _CONTROL.search(text)
    assert not _ADDRESS.search(text)
    if "hex" not in source and "#" not in source:  # else it may be a number of its own
        assert not _HEX.search(text)
    assert not any(word in text for word in _OF_THIS_MACHINE)


def assert_same(one: Verdict, other: Verdict) -> None:
    if not {one.fault, other.fault} & UNSTEADY:
        assert steady(one) == steady(other)


def steady(verdict: Verdict) -> tuple[bool, list[str], str | None]:
    """What of a verdict is the same in every process.

    The order in which a set gives functions, matches or None is not, and Python 3.11 names the line before an unbound
    name's once the code has run often.
    """
    message = verdict.message or ""
    if "UnboundLocalError" in message:
        message = re.sub(r" \(line \d+\)$", "", message)
    return verdict.accepted, sorted(message), verdict.fault


def test_the_programs_use_all_that_the_policy_lets_through() -> None:
    seen: set[str] = set()
    bytes_of = random.Random(0).randbytes
    for hostile in (0, 12) * 600:
        source = Writer(lambda _: bytes_of(32), hostile).program()
        for node in ast.walk(ast.parse(source)):
            seen.add(type(node).__name__)
            seen.update(str(getattr(node, field)) for field in ("id", "attr", "name") if hasattr(node, field))
    tables = [NAMES, *METHODS.values(), *VALUES.values(), *(facade.table for facade in MODULES.values())]
    bases = (ast.stmt, ast.expr, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.excepthandler)
    syntax = {kind.__name__ for base in bases for kind in base.__subclasses__()}
    syntax -= {*refusals.STATEMENTS, "Interpolation"}
    assert {name for table in tables for name in table} | syntax <= seen


def test_every_program_gets_a_proper_answer_and_the_same_again(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(source: str, world: tuple[str, dict[str, Any], Any]) -> None:
        note(source)
        first = ask(sandbox, source, world)
        assert_same(first, ask(sandbox, source, world))
        assert sandbox.validate(TRUE, "go", {}, {}) == Verdict(True)

    fuzz(1_500, check, programs(), st.sampled_from(WORLDS))


def test_no_program_leaves_anything_for_another(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(sources: list[str], world: tuple[str, dict[str, Any], Any]) -> None:
        note("\n".join(sources))
        with Sandbox(deadline=0.1) as fresh:
            alone = [ask(fresh, source, world) for source in reversed(sources)]
        for verdict, source in zip(reversed(alone), sources, strict=True):
            assert_same(verdict, ask(sandbox, source, world))

    fuzz(60, check, st.lists(programs(), min_size=5, max_size=8), st.sampled_from(WORLDS))


def test_a_batch_gives_what_single_calls_give(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(sources: list[str], world: tuple[str, dict[str, Any], Any]) -> None:
        note("\n".join(sources))
        echo = sandbox.validate(ECHO, *world)
        shared = copy.deepcopy(world)  # one state for all, as a game has
        checks = [(ECHO, *shared)]
        for source in sources:
            checks += [(source, *shared), (ECHO, *shared)]
        verdicts = sandbox.validate_many(checks)
        assert repr(shared) == repr(world)
        assert verdicts[::2] == [echo] * (len(sources) + 1)
        for source, verdict in zip(sources, verdicts[1::2], strict=True):
            assert_proper(verdict, source)
            assert_same(verdict, ask(sandbox, source, world))

    fuzz(400, check, st.lists(programs(), min_size=1, max_size=5), st.sampled_from(WORLDS))


def test_what_is_not_in_the_language_is_refused(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(source: str) -> None:
        note(source)
        verdict = ask(sandbox, source, WORLDS[0])
        assert verdict.fault == "rejected", verdict
        with pytest.raises(SourceRejected) as rejected:
            sandbox.check(source)
        assert str(rejected.value) == verdict.message

    fuzz(600, check, refused_programs())


def test_no_way_leads_out_of_a_value(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(source: str) -> None:
        note(source)
        verdict = ask(sandbox, source, WORLDS[0])
        assert not verdict.accepted or "return True" in source
        assert not (verdict.message or "").startswith("USED"), verdict

    fuzz(600, check, raising_programs())


def test_plain_programs_mean_what_they_mean_in_python(sandbox: Sandbox, fuzz: Fuzz, python: Python) -> None:
    def check(source: str, world: tuple[str, dict[str, Any], Any]) -> None:
        note(source)
        verdict = ask(sandbox, source, world)
        expected = python.validate(source, world)
        if verdict.fault in UNSTEADY or expected is None:
            return
        note(f"{verdict}\n{expected}")
        if verdict.fault == "rejected":
            assert expected == ["raised", "SyntaxError"]
        elif verdict.fault == "exception":
            assert expected == [
                "raised",
                str(verdict.message).split("failed: ")[1].split(":")[0].split(" ")[0],
            ]
        elif verdict.fault == "bad result":
            assert expected[0] == "odd"
        else:
            text = verdict.message or (
                "True" if verdict.accepted else "False" if verdict.message is None else ""
            )
            assert expected[0] == "returned" and clean(expected[1]) == text

    fuzz(900, check, plain_programs(), st.sampled_from(WORLDS[:2]))


def test_harmless_patterns_mean_what_they_mean_in_python(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(pattern: str, texts: list[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                compiled = re.compile(pattern)
            except (re.error, OverflowError):
                with pytest.raises(SourceRejected) as rejected:
                    sandbox.match(pattern, texts[0])
                assert rejected.value.fault == "rejected"
                return
        names = {number: name for name, number in compiled.groupindex.items()}
        answers = sandbox.match_many([(pattern, text) for text in texts])
        for text, answer in zip(texts, answers, strict=True):
            found = compiled.fullmatch(text)
            assert answer == (found and {names.get(n, n): found[n] for n in range(1, compiled.groups + 1)})
        assert sandbox.match(pattern, texts[0]) == answers[0]

    fuzz(1_500, check, harmless_patterns(), st.lists(TEXTS, min_size=1, max_size=5))


def test_any_pattern_gets_an_answer(sandbox: Sandbox, fuzz: Fuzz) -> None:
    def check(pattern: str, text: str) -> None:
        began = time.monotonic()
        try:
            groups = sandbox.match(pattern, text)
            assert groups is None or all(part is None or part in text for part in groups.values())
        except SourceRejected as rejected:
            assert rejected.fault in {"rejected", *UNSTEADY}
            assert_fit(str(rejected), "#")
        assert time.monotonic() - began < HUNG
        assert sandbox.match("(a)b", "ab") == {1: "a"}

    fuzz(500, check, wild_patterns, wild_texts)
