"""One episode, played and kept turn by turn.

An agent or a DM that raises, and a check that does not answer, end the episode; its trajectory then has the outcome
`error` and says why. Nothing but an interrupt passes through.
"""

import inspect
from typing import Any

from trpg_env.agents import Agent, Turn
from trpg_env.envs import AgentRefineEnv, Wait
from trpg_env.rollout.run import Planned
from trpg_env.trajectory import DMTurn, EpisodeError, Outcome, Participant, PlayerTurn, Trajectory


def participant(who: Any) -> Participant:
    """What a trajectory says of a player or a DM: its kind, and its model and settings where it names them."""
    return Participant(
        kind=str(getattr(who, "kind", type(who).__name__)),
        model=getattr(who, "model", None),
        sampling=getattr(who, "sampling", None),
        prompt_hash=getattr(who, "prompt_hash", None),
    )


async def play_episode(
    env: AgentRefineEnv, agent: Agent, episode: Planned, luck: int, wait: Wait
) -> Trajectory:
    """Play one episode.

    Args:
        env: The environment, unwrapped; nobody else plays in it meanwhile.
        agent: Who plays, likewise.
        episode: Which episode.
        luck: Its luck.
        wait: How a coroutine of the agent's or the DM's is waited for.
    """
    try:
        observation, info = await env.reset_async(seed=episode.seed, options={"luck": luck}, wait=wait)
    except Exception as error:
        return broken_at_once(env, agent, episode, luck, _broken("dm", error))
    opening = observation.removeprefix(env.episode.instruction).removeprefix("\n\n")
    turns: list[DMTurn | PlayerTurn] = [_dm_turn(0, opening, info, env)]
    broken: EpisodeError | None = None
    terminated = truncated = False
    try:
        agent.reset(env, episode.seed)
    except Exception as error:
        broken = _broken("player", error)
    while broken is None and not (terminated or truncated):
        try:
            decided = agent.act(observation, info)
            if not isinstance(decided, Turn) and inspect.isawaitable(decided):
                decided = await wait(decided)
            played = _player_turn(len(turns), decided)
        except Exception as error:
            broken = _broken("player", error)
            break
        turns.append(played)
        observation, _, terminated, truncated, info = await env.step_async(played.action, wait=wait)
        turns.append(_dm_turn(len(turns), observation, info, env))
        if info["error"]["kind"] is not None:
            broken = EpisodeError(**info["error"])
    outcome: Outcome = "truncated"
    if broken is not None:
        outcome = "error"
    elif terminated:
        outcome = "completed" if info["success"] else "failed"
    return _trajectory(env, agent, episode, luck, turns, outcome, broken, info["success"], info["progress"])


def broken_at_once(
    env: AgentRefineEnv, agent: Agent, episode: Planned, luck: int, error: EpisodeError
) -> Trajectory:
    """The record of an episode of which no turn is known: the DM's only turn in it is empty.

    Args:
        env: An environment of its script.
        agent: Who plays.
        episode: Which episode.
        luck: Its luck.
        error: Why it broke.
    """
    nothing = DMTurn(
        turn=0,
        thought="",
        observation="",
        parameter_error=False,
        place_error=False,
        logic_error=False,
        message="",
        progress=0.0,
        completed=[],
        state_hash="",
    )
    return _trajectory(env, agent, episode, luck, [nothing], "error", error, success=False, progress=0.0)


def _trajectory(
    env: AgentRefineEnv,
    agent: Agent,
    episode: Planned,
    luck: int,
    turns: list[DMTurn | PlayerTurn],
    outcome: Outcome,
    error: EpisodeError | None,
    success: bool,
    progress: float,
) -> Trajectory:
    return Trajectory(
        id=episode.id,
        script=env.script.origin,
        script_hash=env.script.hash,
        family=env.script.family,
        seed=episode.seed,
        luck=luck,
        player=participant(agent),
        dm=participant(env.dm),
        instruction=env.episode.instruction,
        turns=turns,
        success=success,
        progress=progress,
        outcome=outcome,
        error=error,
    )


def _broken(kind: str, error: Exception) -> EpisodeError:
    return EpisodeError(kind=kind, message=f"{type(error).__name__}: {error}")


def _dm_turn(number: int, observation: str, info: dict[str, Any], env: AgentRefineEnv) -> DMTurn:
    return DMTurn(
        turn=number,
        thought=info["thought"],
        observation=observation,
        **info["assessment"],
        progress=info["progress"],
        completed=list(env.state.completed),
        state_hash=info["state_hash"],
    )


def _player_turn(number: int, turn: object) -> PlayerTurn:
    if not isinstance(turn, Turn) or not isinstance(turn.action, str) or not isinstance(turn.thought, str):
        raise TypeError(f"act gave {turn!r}; it gives a Turn of two texts, a thought and an action")
    return PlayerTurn(
        turn=number, thought=turn.thought, action=turn.action, reasoning=turn.reasoning, reply=turn.reply
    )
