"""Having a model write trajectories: both sides in one answer, held to the verifier (paper, trajectory generation).

Up to the first bad turn everything is kept, and the model is asked to go on from there; a trajectory that reaches the goal
with too few error-and-refines is handed over whole, and a new one asked for. Each call is told of what is kept and of the
last fault alone.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trpg_env.dm.briefing import compact
from trpg_env.dm.verdict import BRIEF, LENGTHS
from trpg_env.llm import Answer, Calls, ContextTooLong, Message, Model, ModelError, split_reasoning
from trpg_env.llm.client import LOCAL
from trpg_env.llm.extraction import Malformed
from trpg_env.llm.structured import how_it_ended, said_again
from trpg_env.prompts import prompt, prompt_hash
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.script.instruction import instruction
from trpg_env.script.names import fold
from trpg_env.synthesis.judging import Judge, Judged, Objection
from trpg_env.synthesis.outcome import BUDGET, CODE, Outcome
from trpg_env.synthesis.reading import Turns, named, read_turns, spelled
from trpg_env.synthesis.scripts import SHOWN, calls_spent
from trpg_env.synthesis.wire import PLAYER, as_written, turns_schema
from trpg_env.trajectory import (
    COUNTS,
    DMTurn,
    Participant,
    PlayerTurn,
    Trajectory,
    episode_id,
    episode_seed,
)
from trpg_env.trajectory.matching import Matcher
from trpg_env.world import VerificationFailed, World
from trpg_env.world.values import plain

_WORDING: Final = (
    "trajectory",
    "trajectory_example_script",
    "trajectory_example",
    "trajectory_script",
    "trajectory_start",
    "trajectory_go_on",
    "trajectory_again",
)
MAX_SCRIPTS: Final = 1_000
"""How many scripts are kept ready at once."""
_NOT_SHOWN: Final = frozenset({"schema_version", "name", "family", "provenance"})
"""What of a script says nothing of its world."""


class _Stage:
    """A script made ready to be written for.

    Args:
        script: The script.
        sandbox: Where its patterns and code run.
        min_refinements: How many error-and-refines a trajectory must have.
        lengths: The longest thought and observation, in characters.
    """

    def __init__(
        self, script: Script, sandbox: Sandbox, min_refinements: int, lengths: tuple[int, int]
    ) -> None:
        conditions = [condition.text for condition in script.program.completion]
        self.script = script
        self.spent = calls_spent(script)
        self.judge = Judge(conditions, Matcher(script, sandbox), min_refinements)
        # What one answer's actions have been found to be is not to be cleared away by another's meanwhile.
        self.judging = threading.Lock()
        self.schema = turns_schema(len(conditions), script.max_turns, lengths)
        data = script.source.data
        self._shown = compact({k: v for k, v in data.items() if fold(k).replace(" ", "_") not in _NOT_SHOWN})
        varies = script.grounded and script.program.variation_count > 1
        self._world = World(script, sandbox) if varies else None

    def question(self, seed: int) -> str:
        """What asks for a trajectory.

        Args:
            seed: The episode's, which draws the variation where there are any.
        """
        start = ""
        if self._world is not None:
            settings = self._world.settings(self._world.variation_of(seed))
            told = {".".join((s.entity, s.attribute, *map(str, s.keys))): plain(s.value) for s in settings}
            start = prompt("trajectory_start").replace("{settings}", compact(told)) + "\n"
        asked = prompt("trajectory_script").replace("{turns}", str(self.script.max_turns))
        before, _, after = asked.partition("{script}")
        return f"{before}{self._shown}{after.replace('{start}', start)}"


class TrajectoryWriter:
    """Has a model write one trajectory after another.

    Args:
        scripts: The scripts; items are dealt out to them in turn.
        model: Who is asked.
        seed: The run's seed; each item's follows from it and the item's number.
        sandbox: Where the scripts' patterns and code run.
        participant: What the trajectories say of the model, which is how it is asked (see `writer_of`).
        max_calls: How many calls a trajectory may take, those that its script took included.
        min_refinements: How many error-and-refines it must have.
    """

    def __init__(
        self,
        scripts: Sequence[Script],
        model: Model,
        seed: int,
        sandbox: Sandbox,
        *,
        participant: Participant,
        max_calls: int,
        min_refinements: int,
    ) -> None:
        assert participant.sampling is not None
        lengths = BRIEF if model.name == LOCAL else LENGTHS
        self._scripts, self._sandbox, self._lengths = scripts, sandbox, lengths
        self._model, self._seed = model, seed
        self._participant, self._sampling = participant, participant.sampling
        self._max_calls, self._least = max_calls, min_refinements
        self._stages: dict[int, _Stage] = {}
        self._rules = _rules(min_refinements)

    async def write(self, item: int) -> tuple[Outcome, Trajectory | None]:
        """Have one trajectory written.

        Args:
            item: Its number in the run.

        Returns:
            What became of it, and the trajectory if it passed.
        """
        stage, seed = self._stage(item % len(self._scripts)), episode_seed(self._seed, item)
        left = self._max_calls - stage.spent
        if left < 1:
            return Outcome.refused(
                item,
                BUDGET,
                f"the script {stage.script.name} took {stage.spent} of {self._max_calls} calls; a larger max_calls makes room",
            ), None
        calls = Calls(self._model, "trajectory", **self._sampling)
        calls.begin(seed, 0)
        try:
            return await self._write(item, stage, seed, calls, left)
        except ContextTooLong as error:
            return Outcome.too_long(item, error, calls.usage), None
        except ModelError as error:
            return Outcome.broken(item, error, calls.usage), None
        except VerificationFailed as failed:
            return Outcome.refused(
                item, CODE, f"a check of {stage.script.name} does not answer: {failed.kind}", calls.usage
            ), None

    async def _write(
        self, item: int, stage: _Stage, seed: int, calls: Calls, left: int
    ) -> tuple[Outcome, Trajectory | None]:
        asked: list[Message] = [
            {"role": "system", "content": self._rules},
            {"role": "user", "content": stage.question(seed)},
        ]
        messages, kept = asked, list[dict[str, Any]]()
        while True:
            answer = await calls.say(messages, stage.schema, partial=True)
            judged = await asyncio.to_thread(_judged, stage, kept, answer)
            if judged.objection is None:
                made = self._trajectory(stage.script, seed, judged.turns, calls)
                return Outcome.made(item, made.id, calls.usage), made
            wrong = judged.objection
            if calls.usage.calls >= left:
                return Outcome.refused(item, wrong.rule, wrong.message, calls.usage, answer), None
            turns = as_written(judged.turns)
            again = wrong.rule == "refinements"
            kept = [] if again else turns
            messages = [*asked, *_go_on(wrong, turns, answer, again=again)]

    def _stage(self, i: int) -> _Stage:
        stage = self._stages.pop(i, None)
        if stage is None:
            stage = _Stage(self._scripts[i], self._sandbox, self._least, self._lengths)
            if len(self._stages) >= MAX_SCRIPTS:
                del self._stages[next(iter(self._stages))]
        self._stages[i] = stage  # the one used last stands last
        return stage

    def _trajectory(
        self, script: Script, seed: int, turns: list[DMTurn | PlayerTurn], calls: Calls
    ) -> Trajectory:
        usage = calls.usage.as_dict()
        return Trajectory(
            id=synthesis_id(script, seed, self._participant),
            script=script.origin,
            script_hash=script.hash,
            family=script.family,
            seed=seed,
            luck=0,
            source="synthesis",
            player=self._participant,
            dm=self._participant,
            # No rule of the paper's limits the turns; what the player was told is true all the same.
            instruction=instruction(script, max(script.max_turns, len(turns) // 2)),
            turns=turns,
            success=True,
            progress=1.0,
            outcome="completed",
            usage={name: usage[name] for name in COUNTS},
        )


def writer_of(model: str, temperature: float, max_tokens: int) -> Participant:
    """What a trajectory says of the model that wrote both its sides."""
    return Participant(
        kind="llm",
        model=model,
        sampling={"temperature": float(temperature), "max_tokens": max_tokens},
        prompt_hash=prompt_hash(*_WORDING),
    )


def synthesis_id(script: Script, seed: int, participant: Participant) -> str:
    """What a trajectory is called: known before it is written."""
    return episode_id(script.hash, seed, 0, script.max_turns, participant, participant)


def _rules(min_refinements: int) -> str:
    return (
        prompt("trajectory")
        .replace("{refinements}", str(min_refinements))
        .replace("{example_script}", prompt("trajectory_example_script"))
        .replace("{example}", prompt("trajectory_example"))
    )


def _judged(stage: _Stage, kept: list[dict[str, Any]], answer: Answer) -> Judged:
    """What becomes of the turns that are kept with those that an answer adds; never less than was kept before."""
    try:
        written = read_turns(answer.content)
    except Malformed as malformed:
        written = Turns([], str(malformed))
    with stage.judging:
        judged = stage.judge.judge(_joined(kept, written))
        if judged.objection is None or len(judged.turns) >= len(kept):
            return judged
        before = stage.judge.judge(Turns(kept)).turns
    message = f"What you began anew is not better: {judged.objection.message}"
    return Judged(before, Objection(judged.objection.rule, len(before), message))


def _joined(kept: list[dict[str, Any]], written: Turns) -> Turns:
    """Turns that were kept, and those that go on from there, or from an earlier turn: some models begin anew.

    Where the turns are numbered otherwise than was asked for, it is the first one that tells: one that repeats the
    opening begins anew, and so does an opening where the player's turn was asked for; what cannot be meant by its number,
    since the other's turn stands there, goes on from the end. Where the DM's turn was asked for, nobody knows what one is
    that is numbered 0 and no repetition.
    """
    on = Turns(kept + written.items, written.fault)
    if not kept or not written.items:
        return on
    first = named(written.items[0]) if isinstance(written.items[0], Mapping) else {}
    number, players = first.get("turn"), _is_players(first)
    if type(number) is not int:
        number = None
    asked_for_players = len(kept) % 2
    if not players and (
        (number == 0 and asked_for_players) or (number in (None, 0, 1) and _same(first, kept[0]))
    ):
        return written
    if not players and number == 0:
        return Turns(kept, f"the answer begins with turn 0, and turn {len(kept)} was asked for.")
    if number is None or not 0 < number < len(kept) or players is not bool(number % 2):
        return on
    # A player's turn that is numbered 1 is mostly the first of those that go on.
    return (
        on
        if number == 1 and not _same(first, kept[1])
        else Turns(kept[:number] + written.items, written.fault)
    )


def _same(said: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Whether a turn says what one that was kept says."""
    key = "action" if "action" in kept else "observation"
    return bool(said.get(key) == kept[key])


def _is_players(item: Mapping[str, Any]) -> bool:
    role = item.get("role")
    return isinstance(role, str) and spelled(role) == spelled(PLAYER)


def _go_on(wrong: Objection, turns: list[dict[str, Any]], answer: Answer, *, again: bool) -> list[Message]:
    """The rest of a conversation that asks for what is still missing."""
    fault = " ".join(filter(None, [wrong.message, how_it_ended(answer)]))
    if turns:
        said = compact({"turns": turns})
    else:
        said, again = said_again(split_reasoning(answer.content)[1], SHOWN), True
    asked = prompt("trajectory_again" if again else "trajectory_go_on")
    role = "player" if len(turns) % 2 else "DM"
    asked = asked.replace("{turn}", str(len(turns))).replace("{role}", role).replace("{fault}", fault)
    return [{"role": "assistant", "content": said}, {"role": "user", "content": asked}]
