"""The runner: one episode after another in one process.

Episode i has script i modulo their number and a seed that follows from the run's seed and i alone. An
episode that breaks is a trajectory with outcome `error`, never a crash of the run.
"""

import asyncio
import hashlib
import inspect
import json
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack
from typing import Any

from trpg_env.agents import Agent, Turn
from trpg_env.envs import AgentRefineEnv
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptLike, load_script
from trpg_env.trajectory import DMTurn, EpisodeError, Outcome, Participant, PlayerTurn, Trajectory


def play_all(
    scripts: list[ScriptLike],
    agent: Agent,
    n: int,
    seed: int,
    luck: int,
    max_turns: int | None,
    sandbox: Sandbox | None,
) -> Iterator[Trajectory]:
    """Play `n` episodes; see `rollout`."""
    with ExitStack() as stack:
        shared = sandbox or stack.enter_context(Sandbox())
        loaded = [load_script(script, sandbox=shared) for script in scripts]
        envs = [AgentRefineEnv(script, max_turns=max_turns, sandbox=shared) for script in loaded]
        loop = stack.enter_context(asyncio.Runner()) if inspect.iscoroutinefunction(agent.act) else None
        for i in range(n):
            yield play_episode(envs[i % len(envs)], agent, episode_seed(seed, i), luck, loop)


def episode_seed(seed: int, episode: int) -> int:
    """The seed of one episode of a run, from 0 to 2**31 - 1."""
    digest = hashlib.blake2b(f"{seed}:{episode}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


def play_episode(
    env: AgentRefineEnv, agent: Agent, seed: int, luck: int = 0, loop: asyncio.Runner | None = None
) -> Trajectory:
    """Play one episode.

    Args:
        env: The environment, unwrapped.
        agent: Who plays.
        seed: The episode's seed.
        luck: Its luck.
        loop: Where a coroutine's `act` runs; one is made where it is needed.
    """
    turns: list[DMTurn | PlayerTurn] = []
    observation, info = env.reset(seed=seed, options={"luck": luck})
    opening = observation.removeprefix(env.episode.instruction).removeprefix("\n\n")
    turns.append(_dm_turn(0, opening, info, env))
    error: EpisodeError | None = None
    terminated = truncated = False
    try:
        agent.reset(env, seed)
    except Exception as broken:
        error = _broken(broken)
    while error is None and not (terminated or truncated):
        try:
            turn = _decided(agent.act(observation, info), loop)
        except Exception as broken:
            error = _broken(broken)
            break
        turns.append(_player_turn(len(turns), turn))
        observation, _, terminated, truncated, info = env.step(turn.action)
        turns.append(_dm_turn(len(turns), observation, info, env))
        if info["error"]["kind"] is not None:
            error = EpisodeError(**info["error"])
    return _trajectory(env, agent, turns, info, terminated, error)


def _decided(turn: Turn | Awaitable[Turn], loop: asyncio.Runner | None) -> Turn:
    if inspect.isawaitable(turn):
        coroutine = _awaited(turn)
        turn = loop.run(coroutine) if loop is not None else asyncio.run(coroutine)
    if not isinstance(turn, Turn) or not isinstance(turn.action, str) or not isinstance(turn.thought, str):
        raise TypeError(f"act gave {turn!r}; it gives a Turn of two texts, a thought and an action")
    return turn


async def _awaited(turn: Awaitable[Turn]) -> Turn:
    return await turn


def _broken(error: Exception) -> EpisodeError:
    return EpisodeError(kind="player", message=f"{type(error).__name__}: {error}")


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


def _player_turn(number: int, turn: Turn) -> PlayerTurn:
    return PlayerTurn(
        turn=number, thought=turn.thought, action=turn.action, reasoning=turn.reasoning, reply=turn.reply
    )


def _trajectory(
    env: AgentRefineEnv,
    agent: Agent,
    turns: list[DMTurn | PlayerTurn],
    info: dict[str, Any],
    terminated: bool,
    error: EpisodeError | None,
) -> Trajectory:
    script: Script = env.script
    player = Participant(kind=getattr(agent, "kind", type(agent).__name__))
    dm = Participant(kind=env.dm.kind)
    outcome: Outcome = "truncated"
    if error is not None:
        outcome = "error"
    elif terminated:
        outcome = "completed" if info["success"] else "failed"
    seed, luck = env.episode.seed, env.episode.luck
    identity = json.dumps([script.hash, seed, luck, player.model_dump(), dm.model_dump()], sort_keys=True)
    return Trajectory(
        id=hashlib.sha256(identity.encode()).hexdigest()[:16],
        script=script.origin,
        script_hash=script.hash,
        family=script.family,
        seed=seed,
        luck=luck,
        player=player,
        dm=dm,
        instruction=env.episode.instruction,
        turns=turns,
        success=info["success"],
        progress=info["progress"],
        outcome=outcome,
        error=error,
    )
