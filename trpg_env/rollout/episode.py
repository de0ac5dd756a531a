"""One episode, played and kept turn by turn, as the data of a trajectory.

An agent or a DM that raises, and a check that does not answer, end the episode; its trajectory then has the outcome
`error` and says why: `error.kind` is `player`, `dm`, `environment`, or what became of the check, and with a model that
did not answer also what became of that, such as `player:timeout`. A conversation that is too long for a model is no
error: the episode is truncated there. Nothing but an interrupt passes through.
"""

import asyncio
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, cast

import gymnasium as gym

from trpg_env.agents import Agent, Turn
from trpg_env.envs import Wait
from trpg_env.envs.react import Refused
from trpg_env.envs.text import TextEnv
from trpg_env.llm.errors import ContextTooLong, ModelError
from trpg_env.rollout.run import Planned, Run
from trpg_env.rollout.spent import spent
from trpg_env.trajectory import BY_PLAYER, CONTEXT_TOO_LONG, Outcome, Participant, writable

Record = dict[str, Any]
"""The data of a `Trajectory` in the order of the format; every text in it can be written."""

_RAISED = (Exception, SystemExit, asyncio.CancelledError)
"""What breaks an episode and not the run: a player that leaves the program, or cancels itself, is no interrupt."""


def participant(who: Any) -> Participant:
    """What a trajectory says of a player or a DM: its kind, and its model and settings where it names them.

    Raises:
        ValueError: What it says of itself cannot be written as JSON.
    """
    try:
        said = Participant(
            kind=str(getattr(who, "kind", type(who).__name__)),
            model=getattr(who, "model", None),
            sampling=getattr(who, "sampling", None),
            prompt_hash=getattr(who, "prompt_hash", None),
        )
        return Participant.model_validate_json(said.model_dump_json())
    except ValueError as error:
        raise ValueError(
            f"{type(who).__name__} has a model, sampling or prompt_hash that is no JSON: {error}"
        ) from None


async def play_episode(
    env: TextEnv, options: Mapping[str, Any], agent: Agent, episode: Planned, run: Run, wait: Wait
) -> Record:
    """Play one episode.

    Args:
        env: The environment; nobody else plays in it meanwhile.
        options: Options of `reset` beside the luck.
        agent: Who plays, likewise.
        episode: Which episode.
        run: The run it is of.
        wait: How a coroutine of the agent's or the DM's is waited for.
    """
    try:
        asked = {"luck": run.luck, **options}
        observation, info = await env.reset_async(seed=episode.seed, options=asked, wait=wait)
        opening = observation.removeprefix(env.instruction).removeprefix("\n\n")
        turns = [_dm_turn(0, opening, info, env.completed)]
    except _RAISED as error:
        return broken_at_once(env, episode, run, _broken("dm", error), spent(dm=env.answerer))
    if info["error"]["kind"] is not None:
        return broken_at_once(env, episode, run, _error(**info["error"]), spent(dm=env.answerer))
    broken: Record | None = None
    success = terminated = truncated = too_long = False
    try:
        begun = agent.reset(cast("gym.Env[str, str]", env), episode.seed)
        if inspect.isawaitable(begun):
            await wait(begun)
    except _RAISED as error:
        broken = _broken(BY_PLAYER, error)
    while broken is None and not (terminated or truncated):
        try:
            decided = agent.act(observation, info)
            if not isinstance(decided, Turn) and inspect.isawaitable(decided):
                decided = await wait(decided)
            action, played = _player_turn(len(turns), decided)
        except ContextTooLong:
            too_long = True
            break
        except _RAISED as error:
            broken = _broken(BY_PLAYER, error)
            break
        try:
            observation, _, terminated, truncated, told = await env.step_async(action, wait=wait)
            answer = _dm_turn(len(turns) + 1, observation, told, env.completed)
        except _RAISED as error:
            # An action without an answer is no turn; why it had none is told.
            broken = _broken("environment", error, f"; the action was {played['action']!r}")
            break
        if env.cut_short:  # nor is one that the DM could no longer take in
            too_long = True
            break
        turns += (played, answer)
        # What the record says is taken before the player has `info` in hand.
        info, success = told, told["success"]
        if info["error"]["kind"] is not None:
            broken = _error(**info["error"])
    outcome: Outcome = "truncated"
    if broken is not None:
        outcome = "error"
    elif terminated:
        outcome = "completed" if success else "failed"
    usage = spent(player=agent, dm=env.answerer) | ({CONTEXT_TOO_LONG: 1} if too_long else {})
    return _record(env, episode, run, turns, outcome, broken, usage, success, turns[-1]["progress"])


def broken_at_once(
    env: TextEnv, episode: Planned, run: Run, error: Record, usage: dict[str, int] | None = None
) -> Record:
    """The record of an episode of which no turn is known: the DM's only turn in it is empty.

    Args:
        env: The environment in which it broke, or another one of its item.
        episode: Which episode.
        run: The run it is of.
        error: Why it broke.
        usage: What it cost, where that is known.
    """
    assessment = {"parameter_error": False, "place_error": False, "logic_error": False, "message": ""}
    nothing = {"thought": "", "assessment": assessment, "progress": 0.0, "state_hash": ""}
    turns = [_dm_turn(0, "", nothing, ())]
    return _record(env, episode, run, turns, "error", error, usage or {}, success=False, progress=0.0)


def _record(
    env: TextEnv,
    episode: Planned,
    run: Run,
    turns: list[Record],
    outcome: Outcome,
    error: Record | None,
    usage: dict[str, int],
    success: bool,
    progress: float,
) -> Record:
    item = run.items[episode.item]
    return {
        "schema_version": 1,
        "id": episode.id,
        "script": None if item.origin is None else writable(item.origin),
        "script_hash": item.hash,
        "family": writable(item.family),
        "seed": episode.seed,
        "luck": run.luck,
        "source": "rollout",
        "player": run.player.model_dump(),
        "dm": run.dm.model_dump(),
        "instruction": writable(env.instruction),
        "turns": turns,
        "success": success,
        "progress": progress,
        "outcome": outcome,
        "error": error,
        "parent": None,
        "usage": usage,
    }


def _broken(kind: str, error: BaseException, more: str = "") -> Record:
    """Why an episode broke; raised again where it did not break but is being called off."""
    if isinstance(error, asyncio.CancelledError) and _called_off():
        raise error
    if isinstance(error, ModelError):
        return _error(f"{kind}:{error.kind}", f"{error}{more}")
    try:
        said = str(error)
    except Exception:
        said = "it cannot say why"
    return _error(kind, f"{type(error).__name__}: {said}{more}")


def _called_off() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # played without an event loop: nobody can call it off
        return False
    return task is not None and task.cancelling() > 0


def _error(kind: str, message: str) -> Record:
    return {"kind": kind, "message": writable(message)}


def _dm_turn(number: int, observation: str, info: dict[str, Any], completed: Iterable[int]) -> Record:
    assessment = info["assessment"]
    return {
        "turn": number,
        "role": "DM",
        "thought": writable(info["thought"]),
        "observation": writable(observation),
        "parameter_error": assessment["parameter_error"],
        "place_error": assessment["place_error"],
        "logic_error": assessment["logic_error"],
        "message": writable(assessment["message"]),
        "progress": info["progress"],
        "completed": [*completed],
        "state_hash": info["state_hash"],
    }


def _player_turn(number: int, turn: object) -> tuple[str, Record]:
    """The action as it is taken, and the turn as it is kept."""
    if isinstance(turn, str):
        turn = Turn("", turn)
    if not isinstance(turn, Turn) or not isinstance(turn.action, str) or not isinstance(turn.thought, str):
        raise TypeError(
            f"act gave {turn!r}; it gives an action's text, or a Turn of two texts, a thought and an action"
        )
    if not isinstance(turn.reasoning, str | None) or not isinstance(turn.reply, str | None):
        raise TypeError(f"act gave {turn!r}; reasoning and reply are texts, or None")
    # A text of a class of its own is none in a record.
    action = writable(str(turn.action))
    played = {
        "turn": number,
        "role": "Player",
        "thought": writable(turn.thought),
        "action": action,
        "reasoning": None if turn.reasoning is None else writable(turn.reasoning),
        "reply": None if turn.reply is None else writable(turn.reply),
    }
    return Refused(action, turn.action.message) if isinstance(turn.action, Refused) else action, played
