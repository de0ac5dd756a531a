"""A game that is not ours as an environment of texts: benchmarks are played through this and nothing else.

A benchmark gives a `Game`: how a task begins, and what an action comes to. Turns, truncation, rewards, `info` and
Gymnasium's manners are here, once for all of them.
"""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded

from trpg_env.envs.react import Refused
from trpg_env.envs.showing import MAX_OBSERVATION, exchange, shortened, show
from trpg_env.envs.spaces import AnyText
from trpg_env.envs.text import Step
from trpg_env.envs.waiting import Wait, directly

MAX_ACTION = 4_096
"""The longest action, in characters."""

ErrorKind = Literal["parameter", "place", "logic"]


@dataclass(frozen=True, slots=True)
class Task:
    """What an episode of a benchmark is played on; plain data, which can be pickled.

    Attributes:
        name: What people call it; no other task of the benchmark is called so.
        hash: SHA-256 of all that it is made of: tells one version of it from another.
        family: What it is of, such as its level or its kind of task.
        max_turns: After how many actions an episode of it is truncated.
        difficulty: `easy` or `hard` where the benchmark says so, else None.
        data: What the benchmark's game makes it of, as JSON-like data.
        origin: What a trajectory says it was played on: benchmark and name.
    """

    name: str
    hash: str
    family: str
    max_turns: int
    difficulty: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None


class Opening(NamedTuple):
    """How an episode begins.

    Attributes:
        instruction: The goal, and which actions there are.
        observation: What the player sees first.
        progress: How much of the goal is reached already, from 0 to 1.
    """

    instruction: str
    observation: str
    progress: float = 0.0


class Told(NamedTuple):
    """What an action came to.

    Attributes:
        observation: What the player is told.
        progress: How much of the goal has been reached so far, from 0 to 1.
        success: Whether the goal is reached; the episode then ends.
        over: Whether the episode has ended without it.
        error: What was wrong with the action: it is none (`parameter`), cannot be done here (`place`) or not now (`logic`).
            None where it was carried out.
        message: What was wrong, in a sentence; empty where nothing was.
        name: The action that was understood; None where none was.
        parameters: Its values.
    """

    observation: str
    progress: float
    success: bool = False
    over: bool = False
    error: ErrorKind | None = None
    message: str = ""
    name: str | None = None
    parameters: Mapping[str, str] = {}


class Game(Protocol):
    """What a benchmark is played by. It plays one task at a time, and may be given another when that has ended."""

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a task.

        Args:
            task: The task.
            seed: For what is drawn by chance, where the task does not settle it.
        """
        ...

    def act(self, action: str) -> Told:
        """What comes of an action: of any text at all; it never raises for one."""
        ...

    def admissible(self) -> Sequence[str]:
        """The actions that would be carried out now, or those that are understood where the benchmark cannot tell them."""
        ...

    def sample(self, rng: np.random.Generator) -> str:
        """A random action that is understood: a baseline that knows the actions and nothing else."""
        ...

    def state(self) -> str:
        """Tells one state of the world from another; no clocks, no addresses, no number of turns."""
        ...

    def expert(self) -> str | None:
        """The next action of an expert from here; None where there is none to be had."""
        ...

    def close(self) -> None:
        """Give back what the game holds, such as a process; it can be begun again."""
        ...


class GameEnv(gym.Env[str, str]):
    """A benchmark's tasks, played in text, with the same `info` as `AgentRefine-v0`.

    Observations and actions are texts. No text makes `step` raise.

    Args:
        game: What is played.
        tasks: The tasks, by name; `reset(options={"task": name})` chooses one.
        task: The task where `reset` names none; the first where this is left out.
        answers: Who answers, for trajectories: the benchmark's name.
        max_turns: After how many actions an episode is truncated; each task's own number where left out.
        reward: `"progress"` (the increase of progress) or `"sparse"` (1 on success).
        admissible_actions: Whether `info` lists the actions that would be carried out now.
        render_mode: None, `"ansi"` (`render` gives the last exchange) or `"human"` (written to standard output).

    Raises:
        ValueError: There is no such task, or a keyword has a value that it does not take.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi", "human"], "render_fps": 4}  # type: ignore[misc]

    def __init__(
        self,
        game: Game,
        tasks: Mapping[str, Task],
        *,
        task: str | None = None,
        answers: str = "game",
        max_turns: int | None = None,
        reward: str = "progress",
        admissible_actions: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f'render_mode={render_mode!r} is not None, "ansi" or "human"')
        if reward not in ("progress", "sparse"):
            raise ValueError(f'reward={reward!r} is not "progress" or "sparse"')
        if max_turns is not None and (
            not isinstance(max_turns, int) or isinstance(max_turns, bool) or max_turns < 1
        ):
            raise ValueError(f"max_turns={max_turns!r} is not a number of turns, 1 or more")
        if not tasks:
            raise ValueError("there is no task to play")
        self.game = game
        self.answerer = answers
        self.render_mode = render_mode
        self._tasks = tasks
        self._first = self._named(next(iter(tasks)) if task is None else task)
        self._max_turns = max_turns
        self._reward = reward
        self._listing = admissible_actions
        self.observation_space = AnyText(MAX_OBSERVATION)
        self.action_space: gym.Space[str] = _Actions(self)
        self.task: Task | None = None
        self.instruction = ""
        self.luck = 0
        self.cut_short = False
        self.completed: Sequence[int] = ()
        self._playing = False
        self._turn = 0
        self._last = ("", "")

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: The episode's seed, for what the task leaves to chance.
            options: `task` (by name) and `luck` (which of several episodes with the same start this is).

        Returns:
            Instruction and opening scene, and `info`.

        Raises:
            ValueError: An option is unknown or has no such value.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        if unknown := set(options) - {"task", "luck"}:
            raise ValueError(
                f"{sorted(map(str, unknown))[0]!r} is no option of reset; the options are task, luck"
            )
        task = self._named(options["task"]) if "task" in options else self._first
        luck = options.get("luck", 0)
        if not isinstance(luck, int) or isinstance(luck, bool):
            raise ValueError(f"luck={luck!r} is not a whole number")
        if seed is None:
            seed = int(self.np_random.integers(2**31))
        self._playing = False
        opening = self.game.begin(task, seed)
        self.task, self.luck, self.instruction = task, luck, opening.instruction
        self._turn, self._progress, self._playing = 0, opening.progress, True
        observation = shortened(f"{opening.instruction}\n\n{opening.observation}")
        self._last = ("", observation)
        self._show()
        return observation, self._info(Told("", opening.progress), 0.0)

    def step(self, action: str) -> Step:
        """Take one action: any text.

        Raises:
            InvalidAction: The action is not a text.
            ResetNeeded: No episode is in play.
        """
        if not isinstance(action, str):
            raise InvalidAction(f"an action is a text, not a {type(action).__name__}")
        if not self._playing or self.task is None:
            raise ResetNeeded("no episode is in play: call reset()")
        self._turn += 1
        told = self._told(action)
        before, self._progress = self._progress, max(self._progress, told.progress)
        told = told._replace(progress=self._progress)
        reward = float(told.success) if self._reward == "sparse" else self._progress - before
        terminated = told.success or told.over
        truncated = not terminated and self._turn >= (self._max_turns or self.task.max_turns)
        self._playing = not (terminated or truncated)
        observation = shortened(told.observation)
        self._last = (str(action), observation)
        self._show()
        return observation, reward, terminated, truncated, self._info(told, reward)

    def _told(self, action: str) -> Told:
        if isinstance(action, Refused):
            return self._refused(action, action.message)
        if len(action) > MAX_ACTION:
            return self._refused(action, f"An action has at most {MAX_ACTION:,} characters.")
        return self.game.act(action)

    def _refused(self, action: str, message: str) -> Told:
        return Told(message, self._progress, error="parameter", message=message)

    async def reset_async(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, wait: Wait = directly
    ) -> tuple[str, dict[str, Any]]:
        """`reset`; nothing has to be waited for."""
        return self.reset(seed=seed, options=options)

    async def step_async(self, action: str, *, wait: Wait = directly) -> Step:
        """`step`; nothing has to be waited for."""
        return self.step(action)

    def sample_action(self, rng: np.random.Generator) -> str:
        """A random action that is understood.

        Raises:
            ResetNeeded: No episode has begun, so there is nothing to act upon.
        """
        if self.task is None:
            raise ResetNeeded("no episode has begun: call reset() before an action is sampled")
        return self.game.sample(rng)

    def worded(self, action: str) -> str:
        """The action as it is."""
        return action

    def expert_action(self) -> str | None:
        """The next action of the benchmark's own expert; None where there is none to be had."""
        return self.game.expert()

    def render(self) -> str | None:
        """The last exchange as text with `"ansi"`; with `"human"` it was written out as it happened.

        Raises:
            ResetNeeded: No episode has begun.
        """
        if self.task is None:
            raise ResetNeeded("no episode has begun: call reset() before render()")
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="ansi" or "human"')
        return exchange(*self._last) if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Give back what the game holds."""
        self._playing = False
        self.game.close()

    def _named(self, name: object) -> Task:
        task = self._tasks.get(name) if isinstance(name, str) else None
        if task is None:
            some = ", ".join(list(self._tasks)[:3])
            raise ValueError(f"there is no task {name!r}; there are {len(self._tasks)}, such as {some}")
        return task

    def _info(self, told: Told, reward: float) -> dict[str, Any]:
        info: dict[str, Any] = {
            "success": told.success,
            "progress": float(told.progress),
            "turn": self._turn,
            "assessment": {
                "parameter_error": told.error == "parameter",
                "place_error": told.error == "place",
                "logic_error": told.error == "logic",
                "message": told.message,
            },
            "action": {"name": told.name, "parameters": dict(told.parameters)},
            "thought": "",
            "state_hash": hashlib.blake2b(
                self.game.state().encode(errors="replace"), digest_size=16
            ).hexdigest(),
            "reward_terms": {("success" if self._reward == "sparse" else "progress"): float(reward)},
            "error": {"kind": None, "message": None},
        }
        if self._listing:
            info["admissible_actions"] = list(self.game.admissible())
        return info

    def _show(self) -> None:
        if self.render_mode == "human":
            show(exchange(*self._last))


class _Actions(AnyText):
    """Any text; samples are actions that the game of an environment understands now."""

    def __init__(self, env: GameEnv, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(MAX_ACTION, seed)
        self._env = env

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A random action that is understood.

        Raises:
            ValueError: A mask was given; masks are over alphabets, and there is none.
        """
        if mask is not None or probability is not None:
            raise ValueError("actions are sampled from the game's own; masks do not apply")
        return self._env.sample_action(self.np_random)

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Actions":
        # A copy of the space alone, such as vector environments keep, goes on sampling in the same game.
        copied = _Actions(memo.get(id(self._env), self._env))
        if self._np_random is not None:
            copied._np_random = copy.deepcopy(self._np_random, memo)
        return copied


def task_hash(benchmark: str, rules: int, data: Mapping[str, Any]) -> str:
    """What tells a task from every other: SHA-256 in hexadecimal digits.

    Args:
        benchmark: The benchmark's name.
        rules: The version of its rules here: another one where the same actions would come to something else.
        data: What the task is made of, as JSON-like data.
    """
    text = json.dumps([benchmark, rules, data], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
