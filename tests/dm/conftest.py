from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import gymnasium as gym
import pytest
from model_server import ModelServer, Reply

import trpg_env  # noqa: F401 - registers the environment
from trpg_env.dm import LLMDM
from trpg_env.llm.limits import Limits
from trpg_env.sandbox import Sandbox

TWICE = Limits(timeout=30.0, retries=1, backoff=0.0)


class Table:
    """An environment and the server that its dungeon master asks."""

    def __init__(self, env: Any, server: ModelServer) -> None:
        self.env, self.server = env, server

    def play(self, *actions: str, seed: int = 7) -> list[Any]:
        """Reset, and these actions."""
        return [self.env.reset(seed=seed), *(self.env.step(action) for action in actions)]

    @property
    def asked(self) -> list[dict[str, Any]]:
        return self.server.requests

    @property
    def dm(self) -> Any:
        return self.env.unwrapped.dm


@pytest.fixture
def table(sandbox: Sandbox) -> Iterator[Callable[..., Table]]:
    """`table(reply, script=…)`: a script whose dungeon master is a model that replies so."""
    with ExitStack() as stack:

        def table(
            reply: Reply | str, script: Any = "village-healer", limits: Limits = TWICE, **keywords: Any
        ) -> Table:
            server = stack.enter_context(ModelServer(reply))
            dm = LLMDM("gpt-test", base_url=server.url, limits=limits)
            env = gym.make("AgentRefine-v0", script=script, dm=dm, sandbox=sandbox, **keywords)
            stack.callback(env.close)
            return Table(env, server)

        yield table
