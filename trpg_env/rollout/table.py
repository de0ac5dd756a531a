"""The table at which a run is played in one process: the compiled worlds, and seats for episodes.

A seat is a player and environments of its own for each script, so that as many episodes are in flight as there
are seats.
"""

import copy
from dataclasses import dataclass
from typing import Any, TypeVar

from trpg_env.agents import Agent
from trpg_env.dm import DungeonMaster
from trpg_env.envs import AgentRefineEnv, Wait
from trpg_env.rollout.episode import Record, broken_at_once, play_episode
from trpg_env.rollout.run import Planned, Run
from trpg_env.sandbox import Sandbox
from trpg_env.world import World

T = TypeVar("T")


@dataclass(frozen=True)
class Seat:
    """A player with environments of its own, script by script."""

    agent: Agent
    envs: list[AgentRefineEnv]


class Table:
    """Plays the episodes of a run.

    Args:
        run: The run.
        agent: Who plays; each further seat has a deep copy.
        dm: Who answers; each environment has a deep copy.
        sandbox: Where the scripts' own checks run.

    Raises:
        ValueError: A script cannot be played by this DM, or agent or DM cannot be copied.
    """

    def __init__(self, run: Run, agent: Agent, dm: str | DungeonMaster, sandbox: Sandbox) -> None:
        self._run = run
        self._dm = dm
        # The environment says better than the world does why a script cannot be played.
        self._first = Seat(agent, [self._environment(s, sandbox=sandbox) for s in run.scripts])

    def _environment(self, script: Any, **keywords: Any) -> AgentRefineEnv:
        dm = _copied(self._dm, "each script and each episode in flight wants a DM")
        return AgentRefineEnv(script, dm=dm, max_turns=self._run.max_turns, **keywords)

    def seats(self, number: int) -> list[Seat]:
        """Seats for this many episodes in flight; no more than there are episodes."""
        return [self._first, *(self._another() for _ in range(min(number, self._run.n) - 1))]

    def _another(self) -> Seat:
        agent = _copied(
            self._first.agent, "several episodes in flight want a player each, unless concurrency is 1"
        )
        worlds: list[World] = [env.world for env in self._first.envs]
        return Seat(agent, [self._environment(world.script, world=world) for world in worlds])

    async def play(self, seat: Seat, episode: Planned, wait: Wait) -> Record:
        """Play one episode at a seat."""
        return await play_episode(seat.envs[episode.script], seat.agent, episode, self._run, wait)

    def lost(self, episode: Planned, why: str) -> Record:
        """The record of an episode of which nothing is left."""
        error = {"kind": "process", "message": why}
        return broken_at_once(self._first.envs[episode.script], episode, self._run, error)


def _copied(who: T, why: str) -> T:
    try:
        return copy.deepcopy(who)
    except Exception as error:
        raise ValueError(
            f"{type(who).__name__} cannot be copied ({error}), and {why}: give it a __deepcopy__ that shares what may "
            "be shared"
        ) from None
