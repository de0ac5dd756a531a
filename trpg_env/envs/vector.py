"""Many environments in one process: the results of as many single ones, checks in one round trip, models asked together."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Tuple
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from trpg_env.dm import DungeonMaster, RulesDM, dungeon_master
from trpg_env.envs.ahead import Ahead, together
from trpg_env.envs.environment import AgentRefineEnv
from trpg_env.envs.react import ReAct
from trpg_env.envs.waiting import Loop
from trpg_env.sandbox import Sandbox
from trpg_env.script import ScriptLike, load_script
from trpg_env.world import AnyWorld, make_world


class AgentRefineVectorEnv(SyncVectorEnv):
    """`num_envs` environments that share a sandbox and, script by script, a compiled world.

    Args:
        num_envs: How many.
        script: One script for all, or a list that is dealt out in turn.
        action_format: `"plain"` or `"react"`.
        dm: Who answers, as for the single environment; each has a deep copy of one DM.
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
        dm: str | DungeonMaster = "rules",
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
        asked = {k: keywords.pop(k) for k in ("model", "base_url", "record", "replay") if k in keywords}
        master = dungeon_master(dm, **asked)
        # What never waits is asked in turn, which costs less.
        self._waits = not isinstance(master, RulesDM)
        self._loop = Loop()
        self._own_sandbox = sandbox is None
        self._shared = sandbox or Sandbox()
        self._react = action_format == "react"
        worlds = [make_world(load_script(s, sandbox=self._shared), self._shared) for s in scripts]
        self._worlds = [worlds[i % len(worlds)] for i in range(num_envs)]

        def creator(world: AnyWorld) -> Any:
            def create() -> Any:
                own = {name: copy.deepcopy(value) for name, value in keywords.items()}
                env: Any = AgentRefineEnv(world.script, dm=copy.deepcopy(master), world=world, **own)
                env = Ahead(env) if self._waits else env
                return ReAct(env) if self._react else env

            return create

        super().__init__([creator(world) for world in self._worlds], **vector)
        for i, env in enumerate(self.envs):
            single: Any = env.unwrapped
            single.first_seed = i  # or all of them would play one episode
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
            by_world: dict[int, tuple[AnyWorld, list[str]]] = {}
            for world, action in zip(self._worlds, actions, strict=True):
                if isinstance(action, str):
                    by_world.setdefault(id(world), (world, []))[1].append(action)
            for world, texts in by_world.values():
                world.resolver.prepare(texts)
        if self._waits:
            self._step_ahead(actions)
        return super().step(actions)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> Any:
        """Reset each environment, or those of `options["reset_mask"]`."""
        if self._waits:
            self._reset_ahead(seed, options)
        return super().reset(seed=seed, options=options)

    def _step_ahead(self, actions: Sequence[Any]) -> None:
        asked = []
        for env, action, begin in zip(self.envs, actions, self._autoreset_envs, strict=True):
            ahead = _ahead(env)
            if begin and self.autoreset_mode is AutoresetMode.NEXT_STEP:
                asked.append(ahead.reset_ahead(None, None))
            else:
                said = env.action(action) if isinstance(env, ReAct) else action
                same = self.autoreset_mode is AutoresetMode.SAME_STEP
                asked.append(ahead.step_ahead(said, reset_after=same))
        self._loop.run(together(asked))

    def _reset_ahead(self, seed: int | list[int | None] | None, options: dict[str, Any] | None) -> None:
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
        own = {k: v for k, v in (options or {}).items() if k != "reset_mask"}
        mask = (options or {}).get("reset_mask")
        if (seeds is not None and len(seeds) != self.num_envs) or (
            mask is not None and np.shape(mask) != (self.num_envs,)
        ):
            return  # refused in a moment
        asked = [
            _ahead(env).reset_ahead(None if seeds is None else seeds[i], own)
            for i, env in enumerate(self.envs)
            if mask is None or mask[i]
        ]
        self._loop.run(together(asked))

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments, and the sandbox they share where it is their own."""
        super().close_extras(**kwargs)
        self._loop.close()
        if self._own_sandbox:
            self._shared.close()


def _ahead(env: Any) -> Ahead:
    ahead = env.env if isinstance(env, ReAct) else env
    assert isinstance(ahead, Ahead), "made so where a DM may wait"
    ahead.forget()
    return ahead
