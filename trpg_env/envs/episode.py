"""One episode in play: seed, luck and variation, the state, the DM's words, rewards and `info`.

Everything that an environment does between `reset` and the end, without Gymnasium: the single environment
and the vector environment are faces of it.
"""

from collections.abc import Mapping
from math import isfinite
from operator import index
from typing import Any, NamedTuple

from trpg_env.dm import DungeonMaster, Judgement, Narration
from trpg_env.envs.info import Info, copied, info_of, of_one_shape
from trpg_env.envs.react import Refused
from trpg_env.envs.reward import Reward
from trpg_env.envs.showing import MAX_OBSERVATION, shortened
from trpg_env.envs.waiting import Loop, Wait
from trpg_env.llm.errors import ContextTooLong, ModelError
from trpg_env.script.instruction import instruction
from trpg_env.world import AnyWorld, NarrativeWorld, Ruling, SeededFate, State, VerificationFailed, World

_UNCHECKED = "the action could not be checked"
_UNANSWERED = "the dungeon master did not answer"
_FULL = "the dungeon master's context is full"


class Step(NamedTuple):
    """Gymnasium's five values."""

    observation: str
    reward: float
    terminated: bool
    truncated: bool
    info: Info


class Episode:
    """Plays one episode after another in one world.

    Args:
        world: The world, grounded or narrative.
        dm: Puts rulings into words, and judges where the world leaves it open.
        reward: What rulings are worth.
        max_turns: After how many actions an episode is truncated.
        admissible_actions: Whether `info` lists them.

    Attributes:
        max_turns: After how many actions an episode is truncated.
        playing: Whether an episode has begun and not ended.
        seed: The episode's seed.
        luck: Its luck.
        variation: The number of its variation.
        cut_short: Whether the episode ended because the conversation no longer fits into the DM's context: the last
            action was neither judged nor answered.
    """

    def __init__(
        self, world: AnyWorld, dm: DungeonMaster, reward: Reward, max_turns: int, *, admissible_actions: bool
    ) -> None:
        self._world = world
        self._dm = dm
        self._reward = reward
        self.max_turns = max_turns
        self._admissible = admissible_actions
        self._audits = world.grounded and getattr(dm, "judges", False) is True
        self._instruction = instruction(world.script, max_turns)
        self.playing = self.cut_short = False
        self.seed = self.luck = self.variation = 0
        self._state: State | None = None
        self._fate = SeededFate(0, 0)
        # What was last given: after an action as it came about, otherwise whole.
        self._given: tuple[Ruling, str, str, list[str] | None, Judgement | None] | None = None
        self._told: Step | None = None
        # Why there was no opening: the first step ends the episode for it.
        self._unopened: dict[str, str] | None = None
        self._loop = Loop()

    def close(self) -> None:
        """End what waited for the DM."""
        self._loop.close()

    @property
    def state(self) -> State:
        """The state of play."""
        assert self._state is not None, "begin first"
        return self._state

    @property
    def ruling(self) -> Ruling | None:
        """What the last action came to; None at the start."""
        return None if self._given is None else self._given[0]

    @property
    def begun(self) -> bool:
        """Whether there is an episode, in play or ended."""
        return self._given is not None or self._told is not None

    @property
    def turns_left(self) -> int:
        """How many actions may still be taken."""
        return self.max_turns - self.state.turn

    @property
    def instruction(self) -> str:
        """What the player is told before play."""
        return self._instruction

    def begin(self, seed: int, luck: int, variation: int | None) -> Step:
        """Start an episode.

        Args:
            seed: Draws the variation, and with `luck` every chance.
            luck: Another luck is another fate from the same start.
            variation: The variation by its number instead of by the seed.

        Raises:
            ValueError: There is no such variation.
        """
        state = self._start(seed, luck, variation)
        try:
            narration = self._dm.open(self._world, state, self._fate)
            return self._opened(narration if isinstance(narration, Narration) else self._loop.run(narration))
        except ModelError as error:
            return self._not_opened(error)

    async def begin_async(self, seed: int, luck: int, variation: int | None, wait: Wait) -> Step:
        """The same as `begin`, for a caller who says how a DM that is a coroutine is waited for."""
        state = self._start(seed, luck, variation)
        try:
            narration = self._dm.open(self._world, state, self._fate)
            return self._opened(narration if isinstance(narration, Narration) else await wait(narration))
        except ModelError as error:
            return self._not_opened(error)

    def _start(self, seed: int, luck: int, variation: int | None) -> State:
        variation = self._world.variation_of(seed) if variation is None else variation
        state = self._world.begin(variation)
        self.seed, self.luck, self.variation = seed, luck, variation
        self._fate = SeededFate(seed, luck)
        # Play begins with the opening scene.
        self._state, self._given, self._told, self._unopened = state, None, None, None
        self.playing = self.cut_short = False
        return state

    def _opened(self, narration: Narration) -> Step:
        state = self.state
        observation = shortened(f"{self._instruction}\n\n{narration.observation}")
        error: VerificationFailed | None = None
        listed: list[str] | None = []
        try:
            listed = self._admissible_now(state)
        except VerificationFailed as failed:
            # `reset` has no way to end an episode; the first step meets the same fault and does.
            error = failed
        info = self._idle_info(narration.thought, listed)
        if error is not None:
            info["error"] = {"kind": error.kind, "message": str(error)}
        self._told, self.playing = Step(observation, 0.0, False, False, info), True
        return self.told()

    def _not_opened(self, error: ModelError) -> Step:
        """An episode whose DM did not answer: `reset` has no way to end it, and the first step does."""
        opened = self._opened(
            Narration(f"{_UNANSWERED}; the episode cannot go on.", f"Here it ends: {_UNANSWERED}.")
        )
        why = {"kind": f"dm:{error.kind}", "message": str(error)}
        self._told, self._unopened = opened._replace(info=opened.info | {"error": why}), why
        return self.told()

    def act(self, text: str) -> tuple[str, float, bool, bool, Info]:
        """Take one action; any text at all. A DM that raises ends the episode, as a check that does not answer does."""
        before = self._state
        assert before is not None, "begin first"
        ruled = self._ruled(before, text)
        if ruled.__class__ is Step:
            return ruled
        ruling, admissible = ruled
        try:
            narration = self._dm.answer(self._world, before, ruling)
            if not isinstance(narration, Narration):
                narration = self._loop.run(narration)
            return self._answered(before, ruling, narration, admissible)
        except Exception as error:
            return self._broken_dm(error)

    async def act_async(self, text: str, wait: Wait) -> tuple[str, float, bool, bool, Info]:
        """The same as `act`, for a caller who says how a DM that is a coroutine is waited for."""
        before = self._state
        assert before is not None, "begin first"
        ruled = self._ruled(before, text)
        if isinstance(ruled, Step):
            return ruled
        ruling, admissible = ruled
        try:
            narration = self._dm.answer(self._world, before, ruling)
            if not isinstance(narration, Narration):
                narration = await wait(narration)
            return self._answered(before, ruling, narration, admissible)
        except Exception as error:
            return self._broken_dm(error)

    def _ruled(self, before: State, text: str) -> Any:
        """The ruling on an action and what is admissible after it, or the step that ends a broken episode."""
        if self._unopened is not None:
            return self._broken(_UNANSWERED, **self._unopened)
        try:
            if text.__class__ is Refused:
                ruling = self._world.refuse(before, text, text.message)
            else:
                ruling = self._world.rule(before, text, self._fate)
            return ruling, self._admissible_now(ruling.state) if self._admissible else None
        except VerificationFailed as error:
            return self._broken(_UNCHECKED, error.kind, str(error))

    def _answered(
        self, before: State, ruling: Ruling, narration: Narration, admissible: list[str] | None
    ) -> tuple[str, float, bool, bool, Info]:
        thought, observation, judgement = narration
        if (
            thought.__class__ is not str
            or observation.__class__ is not str
            or not (judgement is None or judgement.__class__ is Judgement)
        ):
            raise TypeError(f"a narration is two texts and a judgement, not {narration!r}")
        if len(observation) > MAX_OBSERVATION:
            observation = shortened(observation)
        world = self._world
        if world.__class__ is NarrativeWorld:
            ruling = _concluded(world, before, ruling, judgement, observation)
        audit = judgement or Judgement() if self._audits else None
        self._state = state = ruling.state
        self._given = (
            ruling,
            thought,
            observation,
            None if admissible is None else admissible.copy(),
            audit,
        )
        reward, terms = self._reward.score(ruling)
        terminated = ruling.success or ruling.failure
        truncated = not terminated and state.values[0] >= self.max_turns
        if terminated or truncated:
            self.playing = False
        info = info_of(thought, ruling, terms, admissible, audit)
        return observation, reward, terminated, truncated, info

    def _admissible_now(self, state: State) -> list[str] | None:
        if not self._admissible:
            return None
        assert isinstance(self._world, World), "asked for in a grounded script alone"
        return [action.text for action in self._world.admissible.now(state.values)]

    def _broken_dm(self, error: Exception) -> Step:
        if isinstance(error, ContextTooLong):
            self.cut_short = True
            return self._ended(_FULL)
        if isinstance(error, ModelError):
            return self._broken(_UNANSWERED, f"dm:{error.kind}", str(error))
        try:
            message = f"{type(error).__name__}: {error}"
        except Exception:  # it cannot even say what it is
            message = type(error).__name__
        return self._broken(_UNANSWERED, "dm", message)

    def _broken(self, why: str, kind: str, message: str) -> Step:
        return self._ended(why, {"kind": kind, "message": message})

    def _ended(self, why: str, error: dict[str, str] | None = None) -> Step:
        """The step that ends an episode whose last action has no answer."""
        self._given, self.playing = None, False
        info = self._idle_info(f"{why}; the episode cannot go on.", [] if self._admissible else None)
        info["error"] = error or info["error"]
        self._told = Step(f"The episode ends here: {why}.", 0.0, False, True, info)
        return self.told()

    def _idle_info(self, thought: str, listed: list[str] | None) -> Info:
        """`info` where no action was judged: at the start, and where an episode broke."""
        state = self.state
        ruling = Ruling("", None, {}, None, "", "", state, False, False, state.progress, state.progress)
        return info_of(thought, ruling, self._reward.zero, listed, Judgement() if self._audits else None)

    def told(self) -> Step:
        """What was last given to the player, made afresh.

        Raises:
            ValueError: No episode has begun.
        """
        if self._given is None and self._told is not None:
            return self._told._replace(info=copied(self._told.info))
        if self._given is None:
            raise ValueError("no episode has begun: reset first")
        ruling, thought, observation, listed, audit = self._given
        reward, terms = self._reward.score(ruling)
        terminated = ruling.success or ruling.failure
        info = info_of(thought, ruling, terms, None if listed is None else listed.copy(), audit)
        return Step(observation, reward, terminated, not (terminated or self.playing), info)

    def snapshot(self) -> dict[str, Any]:
        """The complete state as JSON-like data, the DM's transcript included.

        Raises:
            ValueError: No episode has begun.
        """
        last = self.told()
        return {
            "script_hash": self._world.script.hash,
            "seed": self.seed,
            "luck": self.luck,
            "variation": self.variation,
            "state": self._world.save(self.state),
            "dm": self._dm.snapshot(),
            "observation": last.observation,
            "reward": last.reward,
            "terminated": last.terminated,
            "truncated": last.truncated,
            "cut_short": self.cut_short,
            "info": last.info,
        }

    def restore(self, snapshot: Mapping[str, Any]) -> Step:
        """Take up a snapshot; playing on from it is the same, bit for bit.

        Raises:
            ValueError: It is no snapshot, or one of another script.
        """
        if snapshot.get("script_hash") != self._world.script.hash:
            raise ValueError(f"the snapshot is none, or of another script than {self._world.script.name!r}")
        try:
            state = self._world.load(snapshot["state"])
            seed, luck, variation = (index(snapshot[name]) for name in ("seed", "luck", "variation"))
            last = Step(
                str(snapshot["observation"]),
                float(snapshot["reward"]),
                snapshot["terminated"],
                snapshot["truncated"],
                copied(dict(snapshot["info"])),
            )
            if not (isfinite(last.reward) and {last.terminated, last.truncated} <= {True, False}):
                raise ValueError("reward, terminated and truncated are a number and two booleans")
            transcript, cut_short = snapshot["dm"], snapshot.get("cut_short") is True
            self._world.settings(variation)
            if not self._agree(state, last.info):
                raise ValueError("its parts contradict one another")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a snapshot that snapshot() gave: {error!r}") from None
        self._dm.restore(transcript)
        self.seed, self.luck, self.variation = seed, luck, variation
        self._fate = SeededFate(seed, luck)
        self._state, self._told, self._given = state, last, None
        self.playing, self.cut_short = not (last.terminated or last.truncated), cut_short
        told = last.info["error"]
        self._unopened = told if self.playing and str(told["kind"]).startswith("dm:") else None
        return self.told()

    def _agree(self, state: State, info: Info) -> bool:
        """Whether a state and an `info` may be of the same turn."""
        if not self._admissible:
            info.pop("admissible_actions", None)
        elif "admissible_actions" not in info:
            info["admissible_actions"] = self._admissible_now(state)
        nothing = Ruling("", None, {}, None, "", "", state, False, False, 0.0, 0.0)
        audit = Judgement() if self._audits else None
        expected = info_of("", nothing, {}, [] if self._admissible else None, audit)
        return (
            of_one_shape(info | {"reward_terms": {}}, expected)
            and (info["state_hash"], info["turn"]) == (expected["state_hash"], state.turn)
            and (info["success"] or info["progress"] == state.progress)
            and self._world.is_sound(state)
        )


def _concluded(
    world: NarrativeWorld, before: State, ruling: Ruling, judgement: Judgement | None, told: str
) -> Ruling:
    """What a narrative world's ruling comes to by the DM's judgement."""
    if judgement is None:
        raise TypeError("the DM of a narrative script judges each action; this one gave no judgement")
    return world.conclude(before, ruling, judgement.error, judgement.completed, told)
