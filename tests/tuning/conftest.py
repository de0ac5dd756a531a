from collections.abc import Callable
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.agents import ErringAgent, RandomAgent
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory


@pytest.fixture(scope="session")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    """Episodes of real play, good ones and bad ones."""
    scripts = [load(name) for name in ("cool-tomato", "dungeon", "office-mail")]
    erring = list(rollout(scripts, ErringAgent(), 12, sandbox=sandbox))
    return erring + list(rollout(scripts, RandomAgent(), 3, sandbox=sandbox, max_turns=10))
