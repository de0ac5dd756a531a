"""Many environments in one process: the results of as many single ones, their checks in one round trip."""

import copy
from collections.abc import Sequence
from typing import Any

from gymnasium.spaces import Tuple
from gymnasium.vector import SyncVectorEnv

from trpg_env.envs.environment import AgentRefineEnv
from trpg_env.envs.react import ReAct
from trpg_env.sandbox import Sandbox
from trpg_env.script import ScriptLike, load_script
from trpg_env.world import World


class AgentRefineVectorEnv(SyncVectorEnv):
    """`num_envs` environments that share a sandbox and, script by script, a compiled world.

    Args:
        num_envs: How many.
        script: One script for all, or a list that is dealt out in turn.
        action_format: `"plain"` or `"react"`.
        sandbox: Where the scripts' own checks run. Without one the environments start one, share it, and close it.
        vector_kwargs: Keywords of Gymnasium's `SyncVectorEnv`, such as `autoreset_mode`.
        **keywords: Keywords of the single environment.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        script: ScriptLike | Sequence[ScriptLike],
        action_format: str = "plain",
        sandbox: Sandbox | None = None,
        **keywords: Any,
    ) -> None:
        vector = {k: keywords.pop(k) for k in ("autoreset_mode", "copy", "observation_mode") if k in keywords}
        scripts: list[Any] = list(script) if isinstance(script, list | tuple) else [script]
        if not scripts:
            raise ValueError("the list of scripts is empty")
        if num_envs < 1:
            raise ValueError(f"num_envs={num_envs!r} is not a number of environments, 1 or more")
        if len(scripts) > num_envs:
            raise ValueError(f"{len(scripts)} scripts want as many environments; num_envs={num_envs}")
        self._own_sandbox = sandbox is None
        self._shared = sandbox or Sandbox()
        self._react = action_format == "react"
        worlds = [World(load_script(s, sandbox=self._shared), self._shared) for s in scripts]
        self._worlds = [worlds[i % len(worlds)] for i in range(num_envs)]

        def creator(world: World) -> Any:
            def create() -> Any:
                own = {name: copy.deepcopy(value) for name, value in keywords.items()}
                env = AgentRefineEnv(world.script, world=world, **own)
                return ReAct(env) if self._react else env

            return create

        super().__init__([creator(world) for world in self._worlds], **vector)
        # Each environment's samples are actions of its own script.
        self.action_space = Tuple([copy.deepcopy(env.action_space) for env in self.envs])

    def step(self, actions: Any) -> Any:
        """Take one action in each environment; what the texts mean is asked of the sandbox at once.

        Raises:
            ValueError: There is not one action for each environment.
        """
        if isinstance(actions, str) or len(actions) != self.num_envs:
            raise ValueError(f"a step takes a list of {self.num_envs} actions, one for each environment")
        if not self._react:
            by_world: dict[int, tuple[World, list[str]]] = {}
            for world, action in zip(self._worlds, actions, strict=True):
                if isinstance(action, str):
                    by_world.setdefault(id(world), (world, []))[1].append(action)
            for world, texts in by_world.values():
                world.resolver.prepare(texts)
        return super().step(actions)

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments, and the sandbox they share where it is their own."""
        super().close_extras(**kwargs)
        if self._own_sandbox:
            self._shared.close()
