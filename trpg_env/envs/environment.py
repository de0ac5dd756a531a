"""`AgentRefine-v0`: a script as a Gymnasium environment."""

import operator
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, SupportsInt

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded

from trpg_env.dm import DungeonMaster, dungeon_master
from trpg_env.envs.episode import Episode
from trpg_env.envs.reward import Reward, RewardSpec
from trpg_env.envs.showing import MAX_OBSERVATION, exchange, show
from trpg_env.envs.spaces import ActionText, AnyText
from trpg_env.envs.waiting import Wait, directly
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptLike, load_script
from trpg_env.world import AnyWorld, Ruling, State, World, make_world
from trpg_env.world.resolution import MAX_ACTION
from trpg_env.world.sampling import sample_action

MAX_SEED = 2**31
MAX_TURNS = 1_000_000
"""As many as a script may have."""


class AgentRefineEnv(gym.Env[str, str]):
    """A script's world, played in text.

    Observations and actions are texts. No text makes `step` raise: an action that is wrong costs one turn, changes
    nothing, and is answered with what was wrong (`info["assessment"]`).

    Args:
        script: A library name, a path, a mapping, or a script.
        dm: Who answers: `"rules"`, `"llm"`, or a DM object.
        model: With `dm="llm"`: `"local"` for the embedded model, or the name of one that is served at `base_url`.
        base_url: Where it is served; where left out, `OPENAI_BASE_URL` says so.
        record: A file that keeps every exchange with the model.
        replay: Such a file, which then answers instead of the model.
        max_turns: After how many actions an episode is truncated; the script's own number where left out.
        reward: `"progress"`, `"sparse"`, or a mapping of terms to weights (see `trpg_env.envs.reward.TERMS`).
        admissible_actions: Whether `info` lists every action that would be carried out now.
        render_mode: None, `"ansi"` (`render` gives the last exchange) or `"human"` (written to standard output).
        sandbox: Where the script's own checks run. Without one the environment starts its own and closes it. A copy of
            the environment has its own, with the same settings.

    Attributes:
        first_seed: Seeds the environment's generator where no seed was given and the DM's model is recorded or replayed.

    Raises:
        ScriptError: The script cannot be loaded.
        ValueError: A keyword has a value that it does not take, or the DM cannot play the script.

    Example:
        >>> import gymnasium as gym, trpg_env
        >>> env = gym.make("AgentRefine-v0", script="cool-tomato")
        >>> observation, info = env.reset(seed=7, options={"variation": 1})
        >>> observation, reward, terminated, truncated, info = env.step("take tomato")
        >>> observation, round(reward, 3)
        ('You take the tomato; it is warm.', 0.333)
        >>> env.close()
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi", "human"], "render_fps": 4}  # type: ignore[misc]

    def __init__(
        self,
        script: ScriptLike,
        *,
        dm: str | DungeonMaster = "rules",
        model: str | None = None,
        base_url: str | None = None,
        record: str | os.PathLike[str] | None = None,
        replay: str | os.PathLike[str] | None = None,
        max_turns: int | None = None,
        reward: RewardSpec = "progress",
        admissible_actions: bool = False,
        render_mode: str | None = None,
        sandbox: Sandbox | None = None,
        world: AnyWorld | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f'render_mode={render_mode!r} is not None, "ansi" or "human"')
        if max_turns is not None and (
            not isinstance(max_turns, int) or isinstance(max_turns, bool) or not 1 <= max_turns <= MAX_TURNS
        ):
            raise ValueError(f"max_turns={max_turns!r} is not a number of turns from 1 to {MAX_TURNS:,}")
        if not isinstance(admissible_actions, bool):
            raise ValueError(f"admissible_actions={admissible_actions!r} is not True or False")
        terms = Reward(reward)
        self._own_sandbox = sandbox is None and world is None
        self._sandbox = sandbox or (world.sandbox if world else Sandbox())
        self.script: Script = world.script if world else load_script(script, sandbox=self._sandbox)
        self.dm = dungeon_master(dm, model=model, base_url=base_url, record=record, replay=replay)
        _require_playable(self.script, self.dm, listing=admissible_actions)
        self.world: AnyWorld = world or make_world(self.script, self._sandbox)
        self.render_mode = render_mode
        self._keywords = {
            "dm": self.dm,
            "max_turns": max_turns,
            "reward": reward,
            "admissible_actions": admissible_actions,
            "render_mode": render_mode,
        }
        if admissible_actions and isinstance(self.world, World):
            self.world.grounder.require_listable()
        turns = max_turns or self.script.max_turns
        self.episode = Episode(self.world, self.dm, terms, turns, admissible_actions=admissible_actions)
        self.observation_space = AnyText(MAX_OBSERVATION)
        self.action_space = ActionText(MAX_ACTION, self.script.program.actions)
        self._last_action = ""
        self.first_seed = 0

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: The episode's seed; without one it is drawn from the environment's own generator. Where a DM's model is
                recorded or replayed that begins with `first_seed` and not anyhow, or nothing could ever be replayed.
            options: `luck` (the same start, another fate), `variation` (by number, the last path fastest), or
                `snapshot` (take up what `snapshot` gave).

        Returns:
            The instruction and the opening scene, and `info`. Where a model that is the DM did not answer, `info["error"]`
            says so, and the first step ends the episode.

        Raises:
            ValueError: An option is unknown or has no such value.
        """
        start = self._start(seed, options)
        last = self.episode.told() if start is None else self.episode.begin(*start)
        self._show()
        return last.observation, last.info

    async def reset_async(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, wait: Wait = directly
    ) -> tuple[str, dict[str, Any]]:
        """`reset` for a caller with a running event loop: a DM that is a coroutine is awaited there, or as `wait` says."""
        start = self._start(seed, options)
        last = self.episode.told() if start is None else await self.episode.begin_async(*start, wait)
        self._show()
        return last.observation, last.info

    def _start(
        self, seed: int | None, options: Mapping[str, Any] | None
    ) -> tuple[int, int, int | None] | None:
        """Seed, luck and variation of the episode to begin; None where a snapshot was taken up."""
        if seed is None and self._np_random is None and getattr(self.dm, "recorded", False):
            super().reset(seed=self.first_seed)
        super().reset(seed=seed)
        if options is not None and not isinstance(options, Mapping):
            raise ValueError(f"options={options!r} is no mapping; the options are luck, variation, snapshot")
        options = dict(options or {})
        if unknown := set(options) - {"luck", "variation", "snapshot"}:
            raise ValueError(
                f"{sorted(map(str, unknown))[0]!r} is no option of reset; the options are luck, variation, snapshot"
            )
        self._last_action = ""
        if "snapshot" in options:
            if len(options) > 1:
                raise ValueError("a snapshot holds its own luck and variation; give it alone")
            self.restore(options["snapshot"])
            return None
        luck = _whole(options.get("luck", 0), "luck")
        variation = None if options.get("variation") is None else _whole(options["variation"], "variation")
        return int(self.np_random.integers(MAX_SEED)) if seed is None else int(seed), luck, variation

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Take one action: any text.

        Raises:
            InvalidAction: The action is not a text.
            ResetNeeded: No episode is in play.
        """
        self._require_playing(action)
        step = self.episode.act(action)
        self._last_action = action
        if self.render_mode == "human":
            self._show()
        return step

    async def step_async(
        self, action: str, *, wait: Wait = directly
    ) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """`step` for a caller with a running event loop: a DM that is a coroutine is awaited there, or as `wait` says."""
        self._require_playing(action)
        step = await self.episode.act_async(action, wait)
        self._last_action = action
        if self.render_mode == "human":
            self._show()
        return step

    def _require_playing(self, action: str) -> None:
        if not isinstance(action, str):
            raise InvalidAction(f"an action is a text, not a {type(action).__name__}")
        if not self.episode.playing:
            raise ResetNeeded("no episode is in play: call reset()")

    def render(self) -> str | None:
        """The last exchange as text with `"ansi"`; with `"human"` it was written out as it happened.

        Raises:
            ResetNeeded: No episode has begun.
        """
        if not self.episode.begun:
            raise ResetNeeded("no episode has begun: call reset() before render()")
        if self.render_mode == "ansi":
            return self._exchange()
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="ansi" or "human"')
        return None

    def close(self) -> None:
        """End the environment's own sandbox."""
        self.episode.close()
        if self._own_sandbox:
            self._sandbox.close()

    def snapshot(self) -> dict[str, Any]:
        """The complete state as JSON-like data; `restore` or `reset(options={"snapshot": …})` takes it up.

        Raises:
            ValueError: No episode has begun.
        """
        return self.episode.snapshot()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a snapshot of this script; playing on from it is the same, bit for bit.

        Raises:
            ValueError: It is no snapshot, or one of another script.
        """
        if not isinstance(snapshot, Mapping):
            raise ValueError("a snapshot is what snapshot() gave")
        self.episode.restore(snapshot)
        self._last_action = ""

    @property
    def state(self) -> State:
        """The state of play."""
        return self.episode.state

    @property
    def ruling(self) -> Ruling | None:
        """What the last action came to; None right after `reset`."""
        return self.episode.ruling

    @property
    def instruction(self) -> str:
        """What the player is told before the opening scene."""
        return self.episode.instruction

    @property
    def completed(self) -> Sequence[int]:
        """The completion conditions that hold now, by index."""
        return self.episode.state.completed

    @property
    def luck(self) -> int:
        """The episode's luck."""
        return self.episode.luck

    @property
    def cut_short(self) -> bool:
        """Whether the episode ended because the conversation no longer fitted into the DM's context."""
        return self.episode.cut_short

    @property
    def answerer(self) -> DungeonMaster:
        """Who answers: the DM."""
        return self.dm

    def sample_action(self, rng: np.random.Generator) -> str:
        """A random valid action: a template filled in with valid values."""
        return sample_action(self.script.program.actions, rng)

    def worded(self, action: str) -> str:
        """The action as it is."""
        return action

    def _exchange(self) -> str:
        return exchange(self._last_action, self.episode.told().observation)

    def _show(self) -> None:
        if self.render_mode == "human":
            show(self._exchange())

    def __getstate__(self) -> dict[str, Any]:
        return {
            "script": self.script,
            "keywords": self._keywords,
            "sandbox": self._sandbox.__reduce__(),
            "snapshot": self.episode.snapshot() if self.episode.begun else None,
            "np_random": self._np_random,
            "np_random_seed": self._np_random_seed,
            "spec": self.spec,
            "last_action": self._last_action,
            "action_space": self.action_space,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        make, settings = state["sandbox"]
        self.__init__(state["script"], sandbox=make(*settings), **state["keywords"])  # type: ignore[misc]
        self._own_sandbox = True
        self._np_random, self._np_random_seed = state["np_random"], state["np_random_seed"]
        self.spec, self.action_space = state["spec"], state["action_space"]
        if state["snapshot"] is not None:
            self.restore(state["snapshot"])
        self._last_action = state["last_action"]


def _require_playable(script: Script, dm: DungeonMaster, *, listing: bool) -> None:
    """Refuse what a narrative script has no engine for."""
    if script.grounded:
        return
    if not getattr(dm, "judges", False):
        raise ValueError(
            f'{script.name!r} is a narrative script, which dm="{dm.kind}" cannot play; it takes dm="llm" and a model'
        )
    if listing:
        raise ValueError(
            f"{script.name!r} is a narrative script: which actions would be carried out is for its DM to judge, one by one; "
            "leave admissible_actions out"
        )


def _whole(value: SupportsInt, name: str) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name}={value!r} is not a whole number") from None
