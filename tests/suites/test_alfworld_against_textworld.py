"""The games as TextWorld and ALFWorld themselves play them: the same texts, the same actions, the same end."""

import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trpg_env.suites import Data
from trpg_env.suites.alfworld import BENCHMARK, Alfworld

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout"))
GAMES = DATA / "alfworld" / "json_2.1.1" / "valid_unseen"
pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason="needs ALFWorld's games in the folder alfworld of TRPG_DATA"
)
STEPS = 25
OURS = ("look", "help")
"""Answered otherwise on purpose: as AgentBoard answers it, and with our own list of actions."""


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """ALFWorld's own environment of text games."""
    monkeypatch.setattr(sys, "argv", sys.argv)  # Fast Downward sets it
    why = 'needs pip install "textworld[pddl]" and pip install --no-deps alfworld'
    textworld = pytest.importorskip("textworld", reason=why)
    pddl = pytest.importorskip("textworld.envs.pddl", reason=why)
    alfworld = pytest.importorskip("alfworld.agents.environment.alfred_tw_env", reason=why)
    infos = textworld.EnvInfos(won=True, admissible_commands=True)
    return alfworld.AlfredDemangler(pddl.PddlEnv(infos), shuffle=False)


@pytest.mark.filterwarnings("ignore")
def test_a_random_walk_is_answered_as_textworld_answers_it(reference: Any) -> None:
    which = "pick_clean_then_place_in_recep-Cloth"
    task = next(task for task in BENCHMARK.tasks(Data(DATA), None) if task.name.startswith(which))
    reference.load(str(GAMES / task.name / "game.tw-pddl"))
    state, game, rng = reference.reset(), Alfworld(), random.Random(7)
    assert state.feedback.split("\n\n")[1] == game.begin(task, 0).observation
    for _ in range(STEPS):
        admissible = game.admissible()
        assert list(admissible) == state.admissible_commands
        telling = [one for one in admissible if not one.startswith(("go to", "examine", *OURS))]
        pick = rng.random()
        if pick < 0.5:
            action = rng.choice(telling)
        elif pick < 0.6:
            action = game.sample(np.random.default_rng(rng.randrange(10**6)))
        else:
            action = game.expert() or rng.choice(admissible)
        state, _, done = reference.step(action)
        told = game.act(action)
        assert (told.error is None) == (action in admissible)
        assert action in OURS or told.observation == state.feedback
        if done:
            assert told.success
            break
        assert not told.success
