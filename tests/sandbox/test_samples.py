"""The benign and hostile samples that are shared beside the repository."""

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trpg_env.sandbox import Sandbox, SourceRejected

SAMPLES = Path(__file__).parents[2].parent / "shared" / "sandbox"
TRUE = "def validate(action, params, state):\n    return True\n"


def load(name: str) -> list[Any]:
    path = SAMPLES / name
    if not path.exists():
        skip = pytest.mark.skip(reason=f"no samples at {path}")
        return [pytest.param(None, marks=skip, id="no-samples")]
    with path.open(encoding="utf-8") as lines:
        return [pytest.param(entry, id=entry["id"]) for entry in map(json.loads, lines)]


@pytest.mark.parametrize("entry", load("benign.jsonl"))
def test_ordinary_code_and_patterns_simply_work(sandbox: Sandbox, entry: dict[str, Any]) -> None:
    given, expected = entry["input"], entry["expect"]
    if entry["kind"] == "regex":
        assert sandbox.match(entry["payload"], given["action"]) == expected
        return
    sandbox.check(entry["payload"])
    verdict = sandbox.validate(entry["payload"], given["action"], given["params"], given["state"])
    if expected == "RAISES":
        assert verdict.fault == "exception"
    elif isinstance(expected, str):
        assert (verdict.accepted, verdict.message, verdict.fault) == (False, expected, None)
    else:
        assert (verdict.accepted, verdict.message, verdict.fault) == (expected, None, None)


@pytest.fixture(scope="module")
def beside_a_canary() -> Iterator[Sandbox]:
    """A sandbox that was started with something in the environment that is worth reading."""
    with pytest.MonkeyPatch.context() as patch, Sandbox() as sandbox:
        patch.setenv("TRPG_CANARY", "canary-1")
        assert sandbox.validate(TRUE, "go", {}, {}).accepted
        yield sandbox


def most_addresses(sandbox: Sandbox) -> int:
    """Bytes of address space, and so of memory, that the worker can have at most; 0 where that cannot be read."""
    assert sandbox._worker is not None
    limits = Path(f"/proc/{sandbox._worker.pid}/limits")
    found = re.search(r"Max address space\s+(\d+)", limits.read_text()) if limits.exists() else None
    return int(found[1]) if found else 0


@pytest.mark.parametrize("entry", load("hostile.jsonl"))
def test_hostile_code_and_patterns_do_nothing_but_answer(
    beside_a_canary: Sandbox, entry: dict[str, Any]
) -> None:
    sandbox = beside_a_canary
    assert most_addresses(sandbox) < 300e6
    given = entry["input"]
    before = copy.deepcopy(given)
    payload = entry["payload"]
    if "build" in entry:
        payload = "".join(part * times for part, times in entry["build"])
    if "payload_b64" in entry:
        payload = base64.b64decode(entry["payload_b64"])
    texts: list[str | None] = []
    if entry["kind"] == "regex":
        try:
            groups = sandbox.match(payload, given["action"])
            assert groups is None or all(text is None or text in given["action"] for text in groups.values())
        except SourceRejected as rejected:
            assert rejected.fault in {"rejected", "timeout", "memory", "crash"}
    else:
        sources = [payload] * entry.get("repeat", 1) + [entry[key] for key in ("then",) if key in entry]
        for source in sources:
            verdict = sandbox.validate(source, given["action"], given["params"], given["state"])
            assert not (verdict.fault and verdict.accepted)
            texts.append(verdict.message if verdict.fault is None else None)
            if entry["must"] == "reject_at_compile" and source is payload:
                assert verdict.fault == "rejected", verdict
                assert verdict.message
    for text in texts:
        assert not (text or "").startswith(("ESCAPED", "USED")), text
        assert "canary-" not in (text or "")
        assert len(text or "") <= 2_000
        (text or "").encode()
    assert given == before
    assert sandbox.validate(TRUE, "go", {}, {}).accepted
