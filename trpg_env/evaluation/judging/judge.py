"""Asking a model for its judgement on each of the player's turns, of which the engine knows the truth.

It is asked as the DM of a narrative script is, whose judgement counts in play, with one difference: it is not told what
verification code makes of the action. A DM that narrates a grounded script is told whether the engine has carried the
action out; what it then says of right and wrong is no judgement of its own.

The world is told as it stands before the action, and of the last few exchanges what the player was told with the flags
of the engine. So no mistake leads to another: each turn is a question of its own.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from trpg_env.dm import briefing
from trpg_env.dm.llm import LOCAL_TOKENS, RECENT, TOKENS
from trpg_env.dm.verdict import BRIEF, LENGTHS, Verdict, verdict_form
from trpg_env.envs.react import Refused
from trpg_env.evaluation.judging.record import Fault, Judged, JudgedTurn, Said
from trpg_env.llm import Limits
from trpg_env.llm.calls import Calls
from trpg_env.llm.client import LOCAL, Model
from trpg_env.llm.errors import ContextTooLong, ModelError, Unreadable
from trpg_env.llm.exchange import Message
from trpg_env.prompts import prompt, prompt_hash
from trpg_env.script import Script
from trpg_env.trajectory import DMTurn, EpisodeError, Participant, Trajectory
from trpg_env.trajectory.replies import given
from trpg_env.trajectory.rules import misnumbered, misplaced
from trpg_env.world import Ruling, SeededFate, State, VerificationFailed, World
from trpg_env.world.resolution import MAX_ACTION

_WORDING: Final = ("dm", "judge", "dm_opening", "judge_turn", "dm_world", "repair")
_LARGEST_SEED: Final = 2**63 - 1
"""A recording has no place for a larger one."""


class OtherPlay(ValueError):
    """A trajectory of which the engine gives another course; nobody knows what the player saw."""


class _Question(NamedTuple):
    """One action: the state before it, what the engine rules, and the DM's turn that answers it."""

    before: State
    ruling: Ruling
    answer: DMTurn
    unread: bool


class Judge:
    """Has a language model judge the actions of episodes of grounded scripts.

    Args:
        model: `local`, or the name of a model that the endpoint serves.
        base_url: The endpoint; `OPENAI_BASE_URL` or OpenAI's own where left out.
        record: A file that keeps every exchange.
        replay: A file that every answer is taken from, without a model.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest reply, in tokens; a DM's where left out.
        limits: Time limits, retries and calls in flight.

    Attributes:
        participant: The model with its sampling and the hash of the prompts, as trajectories tell of a DM.

    Raises:
        ModelUnavailable: The model cannot be asked at all; the text says what to do.
        ValueError: `record` and `replay` are given together, or a number is out of range.

    Example:
        >>> Judge("gpt-4o", base_url="http://localhost:8000/v1").participant.model
        'gpt-4o'
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        record: str | os.PathLike[str] | None = None,
        replay: str | os.PathLike[str] | None = None,
        temperature: float = 0.0,
        max_tokens: int | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
    ) -> None:
        self._model = Model(model, base_url=base_url, record=record, replay=replay, limits=limits)
        small = self._model.name == LOCAL
        tokens = (LOCAL_TOKENS if small else TOKENS) if max_tokens is None else max_tokens
        self._lengths = BRIEF if small else LENGTHS
        self._asking = temperature, tokens
        self.participant = Participant(
            kind="llm",
            model=self._model.name,
            sampling=self._calls().sampling,
            prompt_hash=prompt_hash(*_WORDING),
        )

    async def judge(self, trajectory: Trajectory, world: World) -> Judged:
        """Ask for a judgement on each of an episode's actions.

        Args:
            trajectory: A rollout of a grounded script that did not break.
            world: Its script's world.

        Raises:
            OtherPlay: It is not what the engine plays with these actions.
        """
        calls = self._calls()
        calls.begin(trajectory.seed, trajectory.luck)
        turns: list[JudgedTurn] = []
        error: EpisodeError | None = None
        try:
            questions = _played(trajectory, world)
            rules = _rules(world.script)
            form = verdict_form(len(world.program.completion), self._lengths)
            for i, question in enumerate(questions):
                said: Said | None = None
                fault: Fault | None = "reply"
                if not question.unread:
                    messages = [*_told(trajectory, questions[:i]), _asked_now(world, question)]
                    said, fault = await _answered(calls, [rules, *messages], form)
                turns.append(_turn(question, said, fault))
        except ModelError as failed:
            error = EpisodeError(kind=f"dm:{failed.kind}", message=str(failed))
        except VerificationFailed as failed:
            error = EpisodeError(kind=failed.kind, message=str(failed))
        return Judged(
            id=trajectory.id,
            script=world.script.name,
            script_hash=trajectory.script_hash,
            family=trajectory.family,
            seed=trajectory.seed,
            luck=trajectory.luck,
            conditions=len(world.program.completion),
            player=trajectory.player,
            judge=self.participant,
            turns=turns,
            error=error,
            usage=calls.usage.as_dict(),
        )

    def _calls(self) -> Calls:
        return Calls(self._model, "judge", *self._asking)


async def _answered(
    calls: Calls, messages: Sequence[Message], form: type[Verdict]
) -> tuple[Said | None, Fault | None]:
    """An answer, or why there is none that can be read.

    Raises:
        ModelError: The model failed for good.
    """
    try:
        verdict = await calls.give(messages, form)
    except Unreadable:
        return None, "format"
    except ContextTooLong:
        return None, "context"
    return Said(**verdict.model_dump()), None


def _turn(question: _Question, said: Said | None, fault: Fault | None) -> JudgedTurn:
    ruling = question.ruling
    return JudgedTurn(
        turn=question.answer.turn,
        ruled=ruling.error,
        met=list(ruling.state.completed),
        said=said,
        fault=fault,
    )


def _played(trajectory: Trajectory, world: World) -> list[_Question]:
    """The engine's course of the episode.

    Raises:
        OtherPlay: The trajectory's is another.
        VerificationFailed: A check of the script's did not answer.
    """
    fault = misplaced(trajectory) or misnumbered(trajectory)
    if fault is not None or abs(trajectory.seed) > _LARGEST_SEED:
        raise OtherPlay(f"episode {trajectory.id}: {fault or 'its seed is too large'}")
    questions = []
    fate = SeededFate(trajectory.seed, trajectory.luck)
    state = world.begin(world.variation_of(trajectory.seed))
    for player, dm in trajectory.exchanges():
        action = given(trajectory, player)
        unread = isinstance(action, Refused)
        if isinstance(action, Refused):
            ruling = world.refuse(state, action, action.message)
        else:
            ruling = world.rule(state, action, fate)
        after = ruling.state.hash.to_bytes(16, "big").hex()
        if (dm.error, dm.state_hash) != (ruling.error, after):
            raise OtherPlay(
                f"episode {trajectory.id}: turns[{dm.turn}] is not what the engine plays; "
                "trpg-env verify says what is wrong with it"
            )
        questions.append(_Question(state, ruling, dm, unread))
        state = ruling.state
    return questions


def _rules(script: Script) -> Message:
    """A DM's rules for a world that is to be judged."""
    return {"role": "system", "content": briefing.rules(script, "judge")}


def _told(trajectory: Trajectory, earlier: Sequence[_Question]) -> Iterator[Message]:
    """The last few exchanges, as a DM that makes no mistake would have had them."""
    opening = [(briefing.opening(), _reply(trajectory.turns[0], ()))]
    exchanges = [
        (_asks(q), _reply(q.answer, () if q.ruling.error else q.ruling.state.completed))
        for q in earlier[-RECENT:]
    ]
    for asked, answered in [*opening, *exchanges][-RECENT:]:
        yield {"role": "user", "content": asked}
        yield {"role": "assistant", "content": answered}


def _asked_now(world: World, question: _Question) -> Message:
    return {"role": "user", "content": _asks(question) + briefing.present(world, question.before)}


def _asks(question: _Question) -> str:
    text = question.ruling.text
    action = briefing.compact(text if len(text) <= MAX_ACTION else f"{text[: MAX_ACTION - 1]}…")
    return prompt("judge_turn").format(turn=question.before.turn + 1, action=action)


def _reply(answer: object, met: Sequence[int]) -> str:
    assert isinstance(answer, DMTurn), "turns alternate"
    return briefing.compact(
        {
            "thought": answer.thought,
            "observation": answer.observation,
            "parameter_error": answer.parameter_error,
            "place_error": answer.place_error,
            "logic_error": answer.logic_error,
            "completed": list(met),
        }
    )
