"""A table by class over hostile attempts on the sandbox: refused, contained, escaped, longest time, largest memory.

Usage: python benchmarks/attempts.py FILE.jsonl... [--benign FILE.jsonl]... [--json FILE]

Each line of a file is one attempt: `id`, `class`, `kind` (`code`, `source` or `regex`), what is tried (`payload`, `payload_b64`, or
`build`: pairs of a text and how often it is repeated), `input` (`action`, `params`, `state`), and what `must` become of it
(`reject_at_compile` or `contained`). `repeat` asks so many times, `then` asks other code afterwards. A text that begins with
ESCAPED or USED is an attempt's proof of success, and so is one that holds the value of the variable TRPG_CANARY.

Each attempt meets a sandbox of its own, so that the worker's peak of resident memory is that attempt's. It is read every
millisecond or so while a call runs and once more afterwards (of a worker that was killed the last moment may be missing), from a
process that no public name tells. The exit code is 1 if anything is wrong, longer than 300 ms or larger than 300 MB included. What
took too long is tried again, twice at most, as the machine may have been what was slow: the shortest counts, and the column
`again` says how many that were.
"""

import argparse
import base64
import copy
import json
import os
import re
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trpg_env.sandbox import Sandbox, SourceRejected, Verdict
from trpg_env.sandbox.protocol import FAULTS

MOST_MS = 300.0
MOST_MIB = 300e6 / 2**20
TRIES_MORE = 2
CANARY = f"canary-{secrets.token_hex(8)}"
HARMLESS = "def validate(action, params, state):\n    return True\n"
_MiB = 1024  # in KiB, as the kernel counts


@dataclass
class Watch:
    """Calls on a sandbox, with the longest time of one and the peak of its worker's memory.

    Attributes:
        longest: Milliseconds.
        peak: KiB; 0 where it cannot be read.
    """

    sandbox: Sandbox
    longest: float = 0.0
    peak: int = 0

    def call(self, ask: Callable[[], Any]) -> Any:
        """Make a call."""
        over = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(over,))
        sampler.start()
        began = time.perf_counter()
        try:
            return ask()
        finally:
            self.longest = max(self.longest, (time.perf_counter() - began) * 1e3)
            over.set()
            sampler.join()
            self._look()

    def _sample(self, over: threading.Event) -> None:
        while not over.wait(0.001):
            self._look()

    def _look(self) -> None:
        worker = self.sandbox._worker
        if worker is None:
            return
        try:
            status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        if peak:
            self.peak = max(self.peak, int(peak[1]))


@dataclass
class Outcome:
    """What became of an attempt.

    Attributes:
        faults: The fault of each call; one that was answered has none.
        escaped: Why it counts as an escape.
        wrong: What else is not as it must be.
        answered: Whether the next call was.
        after: Milliseconds that the next call took.
        again: How often it was tried again.
    """

    id: str
    kind: str
    faults: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answered: bool = False
    longest: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    again: int = 0

    @property
    def fate(self) -> str:
        """Escaped, refused or contained."""
        return "escaped" if self.escaped else "refused" if "rejected" in self.faults else "contained"


def payload_of(entry: dict[str, Any]) -> Any:
    """What an attempt hands to the sandbox."""
    if "payload_b64" in entry:
        return base64.b64decode(entry["payload_b64"])
    if "build" in entry:
        return "".join(text * times for text, times in entry["build"])
    return entry["payload"]


def attempt(entry: dict[str, Any]) -> Outcome:
    """Try one attempt in a sandbox of its own, then ask that sandbox something harmless."""
    outcome = Outcome(entry["id"], entry["class"])
    given, payload = entry["input"], payload_of(entry)
    before, environment = copy.deepcopy(given), dict(os.environ)
    with Sandbox() as sandbox:
        sandbox.match("a", "a")
        watch = Watch(sandbox)
        try:
            if entry["kind"] == "regex":
                match(watch, payload, given["action"], outcome)
            else:
                for number in range(entry.get("repeat", 1)):
                    validate(watch, payload, given, outcome)
                    if entry["must"] == "reject_at_compile" and "rejected" not in outcome.faults[number:]:
                        outcome.wrong.append("let through, where it must be refused")
                if "then" in entry:
                    validate(watch, entry["then"], given, outcome)
        except Exception as error:
            outcome.wrong.append(f"the call raised {error!r}")
        if given != before or dict(os.environ) != environment:
            outcome.escaped.append("the caller's own values were changed")
        outcome.longest, outcome.peak = watch.longest, watch.peak / _MiB
        began = time.perf_counter()
        outcome.answered = sandbox.validate(HARMLESS, "go", {}, {}) == Verdict(True)
        outcome.after = (time.perf_counter() - began) * 1e3
    if not outcome.answered:
        outcome.wrong.append("the next call was not answered")
    if outcome.longest > MOST_MS:
        outcome.wrong.append(f"took {outcome.longest:.0f} ms")
    if outcome.peak > MOST_MIB:
        outcome.wrong.append(f"took {outcome.peak:.0f} MiB")
    return outcome


def fairly(entry: dict[str, Any]) -> Outcome:
    """Try one attempt, and again where nothing but its time is wrong."""
    outcome, tries = attempt(entry), 0
    while (
        outcome.longest > MOST_MS and len(outcome.wrong) == 1 and not outcome.escaped and tries < TRIES_MORE
    ):
        tries += 1
        other = attempt(entry)
        if other.escaped or len(other.wrong) > 1 or other.longest < outcome.longest:
            outcome = other
    outcome.again = tries
    return outcome


def validate(watch: Watch, source: Any, given: dict[str, Any], outcome: Outcome) -> None:
    """Ask hostile verification code, and judge its answer."""
    verdict = watch.call(
        lambda: watch.sandbox.validate(source, given["action"], given["params"], given["state"])
    )
    text = verdict.message or ""
    if verdict.fault is not None:
        outcome.faults.append(verdict.fault)
        if verdict.accepted or verdict.fault not in FAULTS or not text:
            outcome.wrong.append(f"a fault was answered with {verdict}")
    elif text.startswith(("ESCAPED", "USED")):
        outcome.escaped.append(text)
    look_at(text, outcome)


def match(watch: Watch, pattern: Any, text: str, outcome: Outcome) -> None:
    """Match a hostile pattern, and judge what came of it."""
    try:
        groups = watch.call(lambda: watch.sandbox.match(pattern, text))
    except SourceRejected as rejected:
        outcome.faults.append(rejected.fault)
        look_at(str(rejected), outcome)
        return
    if groups is not None and not all(part is None or part in text for part in groups.values()):
        outcome.escaped.append(f"groups that are not of the text: {groups}")


def look_at(text: str, outcome: Outcome) -> None:
    """Judge a text that came back, of whatever kind."""
    if CANARY in text:
        outcome.escaped.append("the canary came back")
    if len(text) > 2_000:
        outcome.wrong.append(f"a text of {len(text):,} characters came back")
    try:
        text.encode()
    except UnicodeEncodeError:
        outcome.wrong.append("a text that cannot be written came back")


def benign(entry: dict[str, Any], sandbox: Sandbox) -> str | None:
    """Ask ordinary code or an ordinary pattern; tell what is wrong with the answer, if anything."""
    given, expected = entry["input"], entry["expect"]
    got: Any
    try:
        if entry["kind"] == "regex":
            got = sandbox.match(entry["payload"], given["action"])
        else:
            sandbox.check(entry["payload"])
            verdict = sandbox.validate(entry["payload"], given["action"], given["params"], given["state"])
            got = verdict.message or verdict.accepted
            if verdict.fault is not None:
                got = "RAISES" if verdict.fault == "exception" else f"{verdict.fault}: {verdict.message}"
    except SourceRejected as rejected:
        got = f"{rejected.fault}: {rejected}"
    return (
        None if type(got) is type(expected) and got == expected else f"{got!r}, where {expected!r} is right"
    )


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """A row of the table."""
    fates = Counter(outcome.fate for outcome in outcomes)
    return {
        "tried": len(outcomes),
        **{fate: fates[fate] for fate in ("refused", "contained", "escaped")},
        "answered_next": sum(outcome.answered for outcome in outcomes),
        "longest_ms": round(max(outcome.longest for outcome in outcomes), 1),
        "largest_mib": round(max(outcome.peak for outcome in outcomes), 1),
        "slowest_next_ms": round(max(outcome.after for outcome in outcomes), 1),
        "tried_again": sum(bool(outcome.again) for outcome in outcomes),
        "wrong": sum(bool(outcome.wrong or outcome.escaped) for outcome in outcomes),
        "faults": dict(Counter(fault for outcome in outcomes for fault in outcome.faults).most_common()),
    }


def show(rows: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    heads = (
        "tried",
        "refused",
        "contained",
        "escaped",
        "next ok",
        "longest ms",
        "largest MiB",
        "next ms",
        "again",
    )
    print(f"{'class':<22}" + "".join(f"{head:>12}" for head in heads) + "   faults of all calls")
    for name, row in rows.items():
        marked = [
            f"{row['longest_ms']}{'!' if row['longest_ms'] > MOST_MS else ' '}",
            f"{row['largest_mib']}{'!' if row['largest_mib'] > MOST_MIB else ' '}",
        ]
        plain = [row[key] for key in ("tried", "refused", "contained", "escaped", "answered_next")]
        faults = ", ".join(f"{count} {fault}" for fault, count in row["faults"].items())
        cells = [*plain, *marked, row["slowest_next_ms"], row["tried_again"]]
        print(f"{name:<22}" + "".join(f"{cell:>12}" for cell in cells) + f"   {faults}")


def entries(path: Path, *keys: str) -> list[dict[str, Any]]:
    """Read a file of attempts."""
    found = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                entry = json.loads(line) if line.strip() else None
                if entry is None:
                    continue
                missing = [key for key in ("id", "class", "kind", "input", *keys) if key not in entry]
                if missing:
                    raise ValueError(f"line {number} has no {missing[0]}")
                found.append(entry)
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(
            wrong_use(f"{path} is not a file of attempts, a JSON object a line: {error}")
        ) from None
    return found


def wrong_use(message: str) -> int:
    """Say on standard error what is wrong with the command."""
    print(message, file=sys.stderr)
    return 2


def main() -> int:
    """Try everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="hostile attempts, JSON Lines")
    parser.add_argument("--benign", type=Path, action="append", default=[], help="ordinary code and patterns")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    hostile = [entry for path in options.files for entry in entries(path, "must")]
    ordinary = [entry for path in options.benign for entry in entries(path, "payload", "expect")]
    if not hostile:
        return wrong_use("there is no attempt in " + ", ".join(map(str, options.files)))
    os.environ["TRPG_CANARY"] = CANARY
    outcomes = [fairly(entry) for entry in hostile]
    with Sandbox() as sandbox:
        layers = sandbox.protection
        failed = {entry["id"]: why for entry in ordinary if (why := benign(entry, sandbox))}
    classes = dict.fromkeys(outcome.kind for outcome in outcomes)
    rows = {name: summary([outcome for outcome in outcomes if outcome.kind == name]) for name in classes}
    rows["all"] = summary(outcomes)
    print(f"layers: {', '.join(layers)}\n")
    show(rows)
    lines = [f"{o.id} ({o.kind}): ESCAPED: {why}" for o in outcomes for why in o.escaped]
    lines += [f"{o.id} ({o.kind}): {why}" for o in outcomes for why in o.wrong]
    lines += [f"{name}: {why}" for name, why in failed.items()]
    print()
    if ordinary:
        print(f"{len(ordinary) - len(failed)} of {len(ordinary)} ordinary ones answered right")
    print("\n".join(lines) or "nothing wrong")
    if options.json:
        each = [asdict(outcome) | {"fate": outcome.fate} for outcome in outcomes]
        figures = {
            "layers": layers,
            "classes": rows,
            "attempts": each,
            "ordinary": len(ordinary),
            "wrong": lines,
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
