r"""What checking one action costs, beside a bare function, RestrictedPython and pydantic-monty in the same run.

Usage: python benchmarks/sandbox.py [--rounds N] [--seconds S] [--json FILE]

Each round measures every way of checking once, one after the other, on several pieces of verification code; odd rounds run
backwards. A cell shows the median and (in brackets) the best of the rounds, in µs per check, and the median ratio to the bare
function of the same round. Every answer of every round is compared with what it must be. As in `timeit`, the garbage
collector of this process rests meanwhile. Pinned means that caller and worker share one core.

RestrictedPython runs in process, with its own policy and the usual guards. pydantic-monty is asked in the way that is best for it:
one at a time, a loop in the sandbox that asks the host for the next action (a `feed_run` for each costs more); in batches, a
comprehension over all of them. It has one namespace for all calls then, and no deadline for each.

Targets: 25 µs pinned (`PINNED`), 50 µs unpinned (`UNPINNED`), 3 µs in batches of 16 or more (`BATCHED`), and 5 ms for the call
after a kill (`AFTER_A_KILL`).
"""

import argparse
import copy
import gc
import json
import operator
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice, repeat
from pathlib import Path
from typing import Any

from trpg_env.sandbox import Sandbox, Verdict

PINNED, UNPINNED, BATCHED, AFTER_A_KILL = 25.0, 50.0, 3.0, 5.0
BATCHES = (16, 64, 256)
KILLS = 25
STARTS = 10

Call = Callable[[], list[Any]]

STATE: dict[str, Any] = {
    "hp": 12,
    "turn": 3,
    "exits": ["north", "east"],
    "inventory": ["lamp", "rope"],
    "vials": {"tickfen": 6, "salve": 2},
    "npc": {"name": "Mira", "mood": "calm"},
    "flags": {"door_open": False},
}


@dataclass(frozen=True)
class Example:
    """Verification code, and what it must answer."""

    name: str
    source: str
    cases: tuple[tuple[str, dict[str, Any], Any], ...]

    def checks(self) -> list[tuple[str, dict[str, Any], Any]]:
        """The arguments of each case."""
        return [(action, params, STATE) for action, params, _ in self.cases]

    def expected(self, size: int) -> list[Any]:
        """What the cases, over and over again, must be answered."""
        return list(islice(cycle(answer for *_, answer in self.cases), size))


EXAMPLES = (
    Example(
        "lookup",
        "def validate(action, params, state):\n    return params['direction'] in state['exits']\n",
        (
            ("go north", {"direction": "north"}, True),
            ("go west", {"direction": "west"}, False),
            ("go east", {"direction": "east"}, True),
            ("go up", {"direction": "up"}, False),
        ),
    ),
    Example(
        "pattern",
        """def validate(action, params, state):
    found = re.fullmatch(r'give (?P<dose>[0-9]+) ml of (?P<drug>[a-z]+)', action)
    if found is None:
        return 'Write, for instance: give 2 ml of salve.'
    return int(found.group('dose')) <= state['vials'].get(found.group('drug'), 0)
""",
        (
            ("give 2 ml of salve", {}, True),
            ("give 7 ml of tickfen", {}, False),
            ("give salve", {}, "Write, for instance: give 2 ml of salve."),
            ("give 6 ml of tickfen", {}, True),
        ),
    ),
    Example(
        "words",
        """def validate(action, params, state):
    missing = []
    for word in action.lower().replace(',', ' ').split()[1:]:
        if word != 'and' and word not in state['inventory']:
            missing.append(word)
    if missing:
        return 'You do not have: ' + ', '.join(missing) + '.'
    return True
""",
        (
            ("Drop lamp, rope", {}, True),
            ("drop lamp and sword", {}, "You do not have: sword."),
            ("drop rope", {}, True),
            ("drop bread, LAMP and cheese", {}, "You do not have: bread, cheese."),
        ),
    ),
    Example(
        "constant",
        """FURTHEST = 5
DIRECTIONS = {'north', 'south', 'east', 'west'}
def known(word):
    return word in DIRECTIONS
def validate(action, params, state):
    return known(params['direction']) and int(params['steps']) <= FURTHEST
""",
        (
            ("go 3 north", {"direction": "north", "steps": "3"}, True),
            ("go 6 north", {"direction": "north", "steps": "6"}, False),
            ("go 1 up", {"direction": "up", "steps": "1"}, False),
            ("go 5 west", {"direction": "west", "steps": "5"}, True),
        ),
    ),
)

PATTERN = r"give (?P<dose>[0-9]+) ml of (?P<drug>[a-z]+)(?: to (?P<who>\w+))?"
TEXTS = ("give 2 ml of salve to Mira", "give salve", "give 12 ml of tickfen", "look")


@dataclass(frozen=True)
class Way:
    """A way of checking actions.

    Attributes:
        prepare: Makes what is measured: a call that returns all its answers.
        pinned: Whether caller and worker share a core.
    """

    name: str
    prepare: Callable[[Example], Call]
    pinned: bool = False


@dataclass
class Cell:
    """A way of checking, tried on one piece of verification code."""

    way: str
    pinned: bool
    call: Call
    expected: list[Any]
    calls: int = 1
    micros: list[float] = field(default_factory=list)

    def measure(self) -> float:
        """Seconds per check, once every answer has been found right."""
        with sharing_a_core(self.pinned):
            self.call()
            gc.disable()
            began = time.perf_counter()
            results = [self.call() for _ in repeat(None, self.calls)]
            seconds = time.perf_counter() - began
            gc.enable()
        for result in results:
            if list(map(plain, result)) != self.expected:
                raise SystemExit(f"{self.way}: answered {result}, where {self.expected} is right")
        return seconds / self.calls / len(self.expected)


def plain(answer: Any) -> Any:
    """An answer as the code gave it."""
    if isinstance(answer, Verdict):
        return answer if answer.fault else answer.message or answer.accepted
    return answer


@contextmanager
def sharing_a_core(pinned: bool) -> Iterator[None]:
    """Keep to one core, and so does what is started meanwhile."""
    if not pinned:
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


# Ways of checking


def bare(example: Example) -> Call:
    """A plain Python function."""
    namespace: dict[str, Any] = {"re": re}
    exec(example.source, namespace)
    return each(namespace["validate"], example)


def each(function: Callable[..., Any], example: Example) -> Call:
    """Ask a function about one action after the other."""
    checks = example.checks()
    return lambda: [function(action, params, state) for action, params, state in checks]


def restricted(example: Example) -> Call:
    """A function that RestrictedPython compiled, with the guards that its documentation tells users to give."""
    from RestrictedPython import compile_restricted, limited_builtins, safe_globals, utility_builtins
    from RestrictedPython.Eval import default_guarded_getitem, default_guarded_getiter
    from RestrictedPython.Guards import full_write_guard, guarded_iter_unpack_sequence, safer_getattr

    namespace: dict[str, Any] = {
        "__builtins__": {**safe_globals["__builtins__"], **limited_builtins, **utility_builtins},
        "_getattr_": safer_getattr,
        "_getitem_": default_guarded_getitem,
        "_getiter_": default_guarded_getiter,
        "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
        "_inplacevar_": lambda op, x, y: {"+=": operator.iadd, "-=": operator.isub}[op](x, y),
        "_write_": full_write_guard,
        "re": re,
    }
    exec(compile_restricted(example.source, "<verification code>", "exec"), namespace)
    return each(namespace["validate"], example)


def singly(sandbox: Sandbox) -> Callable[[Example], Call]:
    """`Sandbox.validate`."""

    def prepare(example: Example) -> Call:
        checks, ask, source = example.checks(), sandbox.validate, example.source
        return lambda: [ask(source, action, params, state) for action, params, state in checks]

    return prepare


def batched(sandbox: Sandbox, size: int, *, same: bool) -> Callable[[Example], Call]:
    """`Sandbox.validate_many`, with one state object for all of the batch or with one for each check."""

    def prepare(example: Example) -> Call:
        checks = [
            (example.source, action, params, state if same else copy.deepcopy(state))
            for action, params, state in islice(cycle(example.checks()), size)
        ]
        return lambda: sandbox.validate_many(checks)

    return prepare


def monty_loop(pool: Any, stack: ExitStack) -> Callable[[Example], Call]:
    """A loop in a pydantic-monty session; each answer asks for the next action."""
    loop = "answer = None\nwhile True:\n    answer = validate(*ask(answer))\n"

    def prepare(example: Example) -> Call:
        session = stack.enter_context(pool.checkout(limits={"max_suspensions": 2**31}))
        snapshot = session.feed_start(f"import re\n{example.source}\n{loop}")
        checks = [{"return_value": check} for check in example.checks()]

        def call() -> list[Any]:
            nonlocal snapshot
            answers = []
            for check in checks:
                snapshot = snapshot.resume(check)
                answers.append(snapshot.args[0])
            return answers

        return call

    return prepare


def monty_batch(pool: Any, stack: ExitStack, size: int) -> Callable[[Example], Call]:
    """A batch in a pydantic-monty session."""
    code = "[validate(action, params, state) for action, params in checks]"

    def prepare(example: Example) -> Call:
        session = stack.enter_context(pool.checkout())
        session.feed_run(f"import re\n{example.source}")
        checks = [(action, params) for action, params, _ in islice(cycle(example.checks()), size)]
        return lambda: session.feed_run(code, inputs={"checks": checks, "state": STATE})  # type: ignore[no-any-return]

    return prepare


def monty_ways(stack: ExitStack) -> list[Way]:
    """The ways of pydantic-monty; none where it is not installed."""
    try:
        import pydantic_monty
    except ImportError:
        print("pydantic-monty: not measured; pip install 'trpg-env[bench]'", file=sys.stderr)
        return []
    ways = []
    for pinned, suffix in pinnings():
        with sharing_a_core(pinned):
            pool = stack.enter_context(pydantic_monty.Monty(max_processes=3 * len(EXAMPLES)))
        ways.append(Way(f"pydantic-monty{suffix}", monty_loop(pool, stack), pinned))
        ways += [
            Way(f"pydantic-monty, {size} at once{suffix}", monty_batch(pool, stack, size), pinned)
            for size in BATCHES[1:]
        ]
    return ways


def pinnings() -> list[tuple[bool, str]]:
    """Whether to share a core, and what to call it."""
    can_pin = hasattr(os, "sched_setaffinity")
    return [(False, ""), (True, ", pinned")] if can_pin else [(False, "")]


def matching_ways(sandboxes: dict[bool, Sandbox]) -> list[Way]:
    """The ways of matching a pattern; the example is not looked at."""
    compiled = re.compile(PATTERN)
    pairs = [(PATTERN, text) for text in TEXTS]

    def in_process(_: Example) -> Call:
        return lambda: [found and found.groupdict() for found in map(compiled.fullmatch, TEXTS)]

    def one(sandbox: Sandbox) -> Callable[[Example], Call]:
        return lambda _: lambda: [sandbox.match(pattern, text) for pattern, text in pairs]

    def many(sandbox: Sandbox, size: int) -> Callable[[Example], Call]:
        batch = list(islice(cycle(pairs), size))
        return lambda _: lambda: sandbox.match_many(batch)

    ways = [Way("re.fullmatch and groupdict", in_process)]
    for pinned, suffix in pinnings():
        sandbox = sandboxes[pinned]
        ways.append(Way(f"Sandbox.match{suffix}", one(sandbox), pinned))
        ways += [Way(f"match_many, {size}{suffix}", many(sandbox, size), pinned) for size in BATCHES]
    return ways


def checking_ways(sandboxes: dict[bool, Sandbox], stack: ExitStack) -> list[Way]:
    """The ways of asking verification code, the bare function first."""
    ways = [
        Way("bare function", bare),
        Way("RestrictedPython, in process", restricted),
        *monty_ways(stack),
    ]
    for pinned, suffix in pinnings():
        sandbox = sandboxes[pinned]
        ways.append(Way(f"Sandbox.validate{suffix}", singly(sandbox), pinned))
        for same, states in ((True, "one state"), (False, "a state each")):
            ways += [
                Way(f"validate_many, {size}, {states}{suffix}", batched(sandbox, size, same=same), pinned)
                for size in BATCHES
            ]
    return ways


# Measuring


def measured(
    ways: list[Way], examples: tuple[Example, ...], expected: list[Any] | None, rounds: int, seconds: float
) -> dict[str, list[Cell]]:
    """Each way on each example, in interleaved rounds.

    Args:
        ways: What to measure; the first one is the baseline.
        examples: The verification code.
        expected: What all examples are to be answered, if not what they say themselves.
        rounds: How often to measure each.
        seconds: How long to measure each in a round.
    """
    table: dict[str, list[Cell]] = {}
    for way in ways:
        for example in examples:
            with sharing_a_core(way.pinned):
                call = way.prepare(example)
                size = len(call())
            answers = list(islice(cycle(expected), size)) if expected else example.expected(size)
            cell = Cell(way.name, way.pinned, call, answers)
            while (each := cell.measure() * size) * cell.calls < seconds / 4:
                cell.calls *= 2
            cell.calls = max(1, round(seconds / each))
            table.setdefault(way.name, []).append(cell)
    for number in range(rounds):
        for column in range(len(examples)):
            for row in list(table.values())[:: -1 if number % 2 else 1]:
                row[column].micros.append(row[column].measure() * 1e6)
    return table


def ratio(cell: Cell, baseline: Cell) -> float:
    """How many times as long as the baseline of the same round, in the median."""
    return statistics.median(map(operator.truediv, cell.micros, baseline.micros))


def show(table: dict[str, list[Cell]], columns: list[str]) -> None:
    """Print a table of measurements."""
    first = next(iter(table.values()))
    print(f"{'µs per check':<41}" + "".join(f"{name:^26}" for name in columns))
    for name, row in table.items():
        cells = [
            f"{statistics.median(c.micros):8.2f} ({min(c.micros):7.2f}) {ratio(c, b):6.1f}x "
            for c, b in zip(row, first, strict=True)
        ]
        print(f"{name:<41}" + "".join(cells))
    print()


def show_targets(table: dict[str, list[Cell]], columns: list[str]) -> None:
    """Print, beside each target, the dearest code for each way that it is set for, and what code is within it."""
    print(
        f"{'target, and the dearest code':<41}{'target':>10}{'median':>10}{'best':>10}   within it (only at best)"
    )
    for name, row in table.items():
        if not name.startswith(("Sandbox", "validate_many")):
            continue
        single = PINNED if row[0].pinned else UNPINNED
        target = single if name.startswith("Sandbox") else BATCHED
        medians = [statistics.median(cell.micros) for cell in row]
        bests = [min(cell.micros) for cell in row]
        within = " ".join(
            column if median <= target else f"({column})"
            for column, median, best in zip(columns, medians, bests, strict=True)
            if best <= target
        )
        print(f"{name:<41}{target:>7.0f} µs{max(medians):>10.2f}{max(bests):>10.2f}   {within or 'none'}")
    print()


# A worker's end, start, and memory

SPIN = "def validate(action, params, state):\n    while True:\n        pass\n"
HOARD = "def validate(action, params, state):\n    return len('a' * 10**9) > 0\n"


def time_out(sandbox: Sandbox) -> None:
    """Have the worker killed at its deadline."""
    must(sandbox.validate(SPIN, "", {}, {}).fault, "timeout")


def fill_memory(sandbox: Sandbox) -> None:
    """Have the worker run out of memory."""
    must(sandbox.validate(HOARD, "", {}, {}).fault, "memory")


def kill_worker(sandbox: Sandbox) -> None:
    """Kill the worker from outside. No public name says which process it is."""
    assert sandbox._worker is not None
    os.kill(sandbox._worker.pid, signal.SIGKILL)


def must(got: Any, right: Any) -> None:
    """Stop where an answer is wrong."""
    if got != right:
        raise SystemExit(f"the sandbox answered {got!r}, where {right!r} is right")


def milliseconds(run: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1e3


def ends() -> dict[str, dict[str, float]]:
    """What the call after a worker's end costs, and the one that it ended in; the code is one that the new worker compiles."""
    example = EXAMPLES[1]
    action, params, right = example.cases[0]
    rows: dict[str, dict[str, float]] = {}
    with Sandbox() as sandbox:

        def check(source: str = example.source) -> None:
            must(plain(sandbox.validate(source, action, params, STATE)), right)

        check()
        news = [milliseconds(lambda n=n: check(f"{example.source}# {n}\n")) for n in range(KILLS)]
        rows["new code, same worker"] = spread(news)
        for name, harm in (
            ("after a deadline kill", time_out),
            ("after a memory fault", fill_memory),
            ("after a kill from outside", kill_worker),
        ):
            during, after = [], []
            for _ in range(KILLS):
                check()
                during.append(milliseconds(lambda harm=harm: harm(sandbox)))
                after.append(milliseconds(check))
            rows[name] = spread(after) | {"the ended call itself": statistics.median(during)}
    return rows


def starts() -> dict[str, float]:
    """What the first call costs, with the start of everything."""

    def run() -> None:
        with Sandbox() as sandbox:
            took.append(milliseconds(lambda: sandbox.match("a", "a")))

    took: list[float] = []
    for _ in range(STARTS):
        run()
    return spread(took)


def spread(figures: list[float]) -> dict[str, float]:
    """The median, the best and the worst."""
    return {"median": statistics.median(figures), "best": min(figures), "worst": max(figures)}


def memory(sandbox: Sandbox) -> dict[str, dict[str, float]]:
    """The memory of both processes in MiB: resident, and with shared pages split (proportional) where that can be read."""
    assert sandbox._worker is not None
    pids = {"fork server": sandbox._worker._server.pid, "worker": sandbox._worker.pid}
    return {name: {key: kib / 1024 for key, kib in sizes(pid).items()} for name, pid in pids.items()}


def sizes(pid: int) -> dict[str, int]:
    """What the kernel says about a process's memory, in KiB."""
    found: dict[str, int] = {}
    for file, name, key in (("status", "VmRSS", "resident"), ("smaps_rollup", "Pss", "proportional")):
        try:
            text = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        line = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
        if line:
            found[key] = int(line[1])
    return found


def show_rest(figures: dict[str, Any]) -> None:
    """Print what is not in µs."""
    print(f"{'milliseconds':<41}{'median':>10}{'best':>10}{'worst':>10}")
    for name, row in ({"first call, start included": figures["start_ms"]} | figures["ends_ms"]).items():
        line = f"{name:<41}{row['median']:>10.2f}{row['best']:>10.2f}{row['worst']:>10.2f}"
        if "the ended call itself" in row:
            verdict = "met" if row["median"] <= AFTER_A_KILL else "missed"
            line += f"   target {AFTER_A_KILL:.0f}: {verdict}; the call before took {row['the ended call itself']:.1f}"
        print(line)
    print()
    for when, processes in figures["memory_mib"].items():
        for name, row in processes.items():
            parts = ", ".join(f"{value:.1f} MiB {key}" for key, value in row.items()) or "cannot be read"
            print(f"{f'{name}, {when}':<41}   {parts}")


def as_json(table: dict[str, list[Cell]], columns: list[str]) -> dict[str, Any]:
    """A table's figures."""
    first = next(iter(table.values()))
    return {
        name: {
            column: {
                "median_us": round(statistics.median(cell.micros), 3),
                "best_us": round(min(cell.micros), 3),
                "ratio": round(ratio(cell, base), 2),
            }
            for column, cell, base in zip(columns, row, first, strict=True)
        }
        for name, row in table.items()
    }


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often to measure each (default 7)")
    parser.add_argument("--seconds", type=float, default=0.04, help="for each in a round (default 0.04)")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    if options.rounds < 1 or not 0 < options.seconds <= 60:
        parser.error("--rounds must be 1 or more, --seconds above 0 and at most 60")
    with ExitStack() as stack:
        sandboxes = {}
        for pinned, _ in pinnings():
            sandboxes[pinned] = stack.enter_context(Sandbox())
            with sharing_a_core(pinned):
                layers = sandboxes[pinned].protection
        fresh = memory(sandboxes[False])
        checking = measured(checking_ways(sandboxes, stack), EXAMPLES, None, options.rounds, options.seconds)
        groups = [found and found.groupdict() for found in (re.fullmatch(PATTERN, text) for text in TEXTS)]
        matching = measured(matching_ways(sandboxes), EXAMPLES[:1], groups, options.rounds, options.seconds)
        used = memory(sandboxes[False])
    columns = [example.name for example in EXAMPLES]
    figures = {
        "layers": layers,
        "checking": as_json(checking, columns),
        "matching": as_json(matching, ["pattern"]),
        "start_ms": starts(),
        "ends_ms": ends(),
        "memory_mib": {"fresh": fresh, "after all this": used},
    }
    print(f"layers: {', '.join(layers)}; state of {len(json.dumps(STATE))} characters as JSON\n")
    show(checking, columns)
    show(matching, ["one pattern"])
    show_targets(checking, columns)
    show_rest(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
