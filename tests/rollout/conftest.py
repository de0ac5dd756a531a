from collections.abc import Callable
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory


@pytest.fixture
def run(load: Callable[[Any], Script], sandbox: Sandbox) -> Callable[..., list[Trajectory]]:
    """Play a run to its end, with the session's sandbox."""

    def run(scripts: Any, agent: Any, n: int, seed: int = 0, **keywords: Any) -> list[Trajectory]:
        loaded = [load(s) for s in scripts] if isinstance(scripts, list) else load(scripts)
        return list(rollout(loaded, agent, n, seed, sandbox=sandbox, **keywords))

    return run
