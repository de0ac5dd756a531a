"""The library's tests play each script hundreds of times: it is read and its world made once a worker."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trpg_env.envs import AgentRefineEnv
from trpg_env.world import World

MakeWorld = Callable[[str], World]


@pytest.fixture(scope="session")
def environment(make_world: MakeWorld) -> Callable[..., AgentRefineEnv]:
    """An environment of a library script in its shared world."""

    def environment(script: str, **keywords: Any) -> AgentRefineEnv:
        return AgentRefineEnv(script, world=make_world(script), **keywords)

    return environment


@pytest.fixture(scope="module", autouse=True)
def _shared_worlds(environment: Callable[..., AgentRefineEnv]) -> Iterator[None]:
    """Let `trpg_env.testing.play` play in the shared worlds."""
    play = importlib.import_module("trpg_env.testing.play")  # the package has a function of this name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(play, "AgentRefineEnv", environment)
        yield
