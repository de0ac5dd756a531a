"""An environment whose wording is perturbed: what it says is said in other words, and is to be answered in them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np

from trpg_env.envs.environment import AgentRefineEnv
from trpg_env.envs.game import MAX_ACTION, GameEnv
from trpg_env.envs.perturbations.checking import checked
from trpg_env.envs.perturbations.perturbation import (
    Perturbation,
    PerturbationError,
    perturbation,
)
from trpg_env.envs.perturbations.vocabulary import (
    Understood,
    Vocabulary,
    of_game,
    of_script,
    require_told,
    understood_in,
)
from trpg_env.envs.perturbations.wording import Wording
from trpg_env.envs.react import ReAct, Refused
from trpg_env.envs.showing import exchange
from trpg_env.envs.spaces import ActionText, AnyText
from trpg_env.envs.text import Step
from trpg_env.envs.waiting import Wait, directly

_CHECKED_IN_A_TASK = 500
"""How many of a benchmark's actions are checked for each task at most."""
_MOST_KEPT = 50
"""For how many tasks with other names a wording is kept."""


class PerturbedEnv(gym.Wrapper[str, str, str, str], gym.utils.RecordConstructorArgs):
    """An environment of texts in other words.

    Instruction, observations, messages and admissible actions are in the new wording, and actions are taken in it. One in the
    old wording is a parameter error, as any text that is no action: a turn is gone, nothing has changed.

    Args:
        env: `AgentRefine-v0` or a benchmark of `trpg_env.suites`, under wrappers that leave texts as they are.
        perturbation: What is said otherwise.
        required: Whether an environment, or a benchmark's task, in which there is nothing to change is refused; otherwise it
            stays as it is.

    Attributes:
        perturbation: What is said otherwise.

    Raises:
        PerturbationError: The perturbation cannot be had in this environment.
    """

    def __init__(self, env: gym.Env[str, str], perturbation: Perturbation, required: bool = True) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, perturbation=perturbation, required=required)
        gym.Wrapper.__init__(self, env)
        self.perturbation = perturbation
        self._required = required
        self._inner = _playable(env, perturbation)
        self._last = ("", "")
        self._kept: dict[tuple[str, ...], Wording] = {}
        if isinstance(self._inner, AgentRefineEnv):
            self._wording = checked(perturbation, of_script(self._inner.script), required=required)
            self.action_space = ActionText(MAX_ACTION, self._wording.actions)
        else:
            self._wording = Wording(None, of_game(self._inner))
            self.action_space = _Actions(self)

    @property
    def changes(self) -> bool:
        """Whether anything is said otherwise: for a benchmark, in the task in play."""
        return self._wording.changes

    @property
    def instruction(self) -> str:
        """What the player was told before the opening scene."""
        return self._wording.instruction(self._inner.instruction)

    @property
    def completed(self) -> Sequence[int]:
        """The completion conditions that hold now, by index."""
        return self._inner.completed

    @property
    def luck(self) -> int:
        """The episode's luck."""
        return self._inner.luck

    @property
    def cut_short(self) -> bool:
        """Whether the episode ended because the conversation no longer fitted into the DM's context."""
        return self._inner.cut_short

    @property
    def answerer(self) -> object:
        """Who answers."""
        return self._inner.answerer

    def sample_action(self, rng: np.random.Generator) -> str:
        """A random valid action, as the player is to write it."""
        return self.worded(self._inner.sample_action(rng))

    def worded(self, action: str) -> str:
        """An action of the old wording, as the player is to write it."""
        return self._wording.worded(action, self._understood())

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode; see the environment's own `reset`."""
        observation, info = self.env.reset(seed=seed, options=cast("dict[str, Any] | None", options))
        return self._begun(observation, info)

    async def reset_async(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, wait: Wait = directly
    ) -> tuple[str, dict[str, Any]]:
        """`reset`, where what must be waited for is waited for as `wait` says."""
        observation, info = await self._inner.reset_async(seed=seed, options=options, wait=wait)
        return self._begun(observation, info)

    def step(self, action: str) -> Step:
        """Take one action in the new wording: any text."""
        meant = self._meant(action)
        return self._stepped(action, meant, self.env.step(meant))  # type: ignore[arg-type]

    async def step_async(self, action: str, *, wait: Wait = directly) -> Step:
        """`step`, likewise."""
        meant = self._meant(action)
        return self._stepped(action, meant, await self._inner.step_async(meant, wait=wait))

    def render(self) -> Any:
        """The last exchange in the new wording, with `"ansi"`."""
        if super().render() is None:
            return None
        return exchange(*self._last)

    def _begun(self, observation: str, info: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if isinstance(self._inner, GameEnv):
            self._wording = self._of_the_task(of_game(self._inner))
        said = self._wording.heard(observation, self._inner.instruction)
        self._last = ("", said)
        return said, self._wording.info(info)

    def _of_the_task(self, vocabulary: Vocabulary) -> Wording:
        names = tuple(vocabulary.entities)
        found = self._kept.get(names)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = checked(self.perturbation, vocabulary, required=self._required, most=_CHECKED_IN_A_TASK)
            self._kept[names] = found
        return found

    def _meant(self, action: str) -> str:
        # What is no text is for the environment to refuse.
        return self._wording.meant(action, self._understood()) if isinstance(action, str) else action

    def _understood(self) -> Understood:
        if isinstance(self._inner, GameEnv):
            return self._wording.resembled
        begun = self._inner.episode.begun
        return understood_in(self._inner.world, self._inner.state) if begun else _nobody

    def _stepped(self, action: str, meant: str, step: Step) -> Step:
        observation, reward, terminated, truncated, info = step
        refused = meant.message if isinstance(meant, Refused) else None
        said = self._wording.heard(observation, "", refused)
        self._last = (str(action), said)
        return said, reward, terminated, truncated, self._wording.info(info, refused)


def perturbed(env: gym.Env[str, str], by: str | Perturbation, **keywords: Any) -> PerturbedEnv:
    """An environment in other words.

    Args:
        env: `AgentRefine-v0` or a benchmark of `trpg_env.suites`.
        by: A perturbation, or the name of one.
        **keywords: With a name: `seed` and `table`, as `perturbation` takes them.

    Raises:
        PerturbationError: There is no such perturbation, or it cannot be had in this environment.

    Example:
        >>> import gymnasium as gym, trpg_env
        >>> env = perturbed(gym.make("AgentRefine-v0", script="cool-tomato"), "verb")
        >>> _ = env.reset(seed=0)
        >>> env.step("move west")[0].splitlines()[0]
        'Place: kitchen. A narrow galley kitchen.'
        >>> env.step("go east")[4]["assessment"]["parameter_error"]
        True
        >>> env.close()
    """
    return PerturbedEnv(env, by if isinstance(by, Perturbation) else perturbation(by, **keywords))


def _playable(env: gym.Env[str, str], by: Perturbation) -> AgentRefineEnv | GameEnv:
    """The environment whose wording is known."""
    inner: Any = env
    while isinstance(inner, gym.Wrapper):
        if isinstance(inner, ReAct):
            raise PerturbationError(
                'whole replies are read first: ReAct(perturbed(env, …)), with action_format="plain"'
            )
        if isinstance(inner, PerturbedEnv):
            raise PerturbationError(
                "the environment is perturbed already; a table of your own can change several things at once"
            )
        inner = inner.env
    if not isinstance(inner, AgentRefineEnv | GameEnv):
        raise PerturbationError(
            f"the wording of {type(inner).__name__} is not known; AgentRefine-v0 and trpg_env.suites tell theirs"
        )
    if inner.render_mode == "human":
        raise PerturbationError(
            'render_mode="human" shows the words that are perturbed; "ansi" shows those that are said'
        )
    if isinstance(inner, GameEnv):
        require_told(inner.game, by, str(inner.answerer))
    return inner


def _nobody(text: str) -> None:
    """Before an episode has begun nothing can be asked."""


class _Actions(AnyText):
    """Any text; samples are actions of the environment in its new wording."""

    def __init__(self, env: PerturbedEnv) -> None:
        super().__init__(MAX_ACTION)
        self._env = env

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A random action that is understood.

        Raises:
            ValueError: A mask was given; masks are over alphabets, and there is none.
        """
        if mask is not None or probability is not None:
            raise ValueError("actions are sampled from the game's own; masks do not apply")
        return self._env.sample_action(self.np_random)
