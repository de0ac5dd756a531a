"""The runner: one episode after another in one process.

Episode i has script i modulo their number and a seed that follows from the run's seed and i alone. An
episode that breaks is a trajectory with outcome `error`, never a crash of the run.
"""

import asyncio
import hashlib
import inspect
import json
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        loop = stack.enter_context(Loop())
        for i in range(n):
            yield play_episode(envs[i % len(envs)], agent, episode_seed(seed, i), luck, loop)


def episode_seed(seed: int, episode: int) -> int:
    """The seed of one episode of a run, from 0 to 2**31 - 1."""
    digest = hashlib.blake2b(f"{seed}:{episode}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1


class Loop:
    """The event loop in which coroutines of agents run, in a thread of its own.

    So an agent keeps one loop over all episodes, and a caller may have a loop running itself (a notebook has).
    """

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._runner = asyncio.Runner()

    def run(self, turn: Awaitable[Turn]) -> Turn:
        """Wait for a turn."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "trpg_env-agent")
        return self._thread.submit(self._runner.run, _awaited(turn)).result()

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()


def play_episode(env: AgentRefineEnv, agent: Agent, seed: int, luck: int, loop: Loop) -> Trajectory:
    """Play one episode.

    Args:
        env: The environment, unwrapped.
        agent: Who plays.
        seed: The episode's seed.
        luck: Its luck.
        loop: Where a coroutine's `act` runs.
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
            played = _player_turn(len(turns), _decided(agent.act(observation, info), loop))
        except Exception as broken:
            error = _broken(broken)
            break
        turns.append(played)
        observation, _, terminated, truncated, info = env.step(played.action)
        turns.append(_dm_turn(len(turns), observation, info, env))
        if info["error"]["kind"] is not None:
            error = EpisodeError(**info["error"])
    return _trajectory(env, agent, turns, info, terminated, error)


def _decided(turn: Turn | Awaitable[Turn], loop: Loop) -> Turn:
    if not isinstance(turn, Turn) and inspect.isawaitable(turn):
        turn = loop.run(turn)
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
    player = Participant(kind=str(getattr(agent, "kind", type(agent).__name__)))
    dm = Participant(kind=env.dm.kind)
    outcome: Outcome = "truncated"
    if error is not None:
        outcome = "error"
    elif terminated:
        outcome = "completed" if info["success"] else "failed"
    seed, luck = env.episode.seed, env.episode.luck
    played = [script.hash, seed, luck, env.episode.max_turns, player.model_dump(), dm.model_dump()]
    identity = json.dumps(played, sort_keys=True)
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
