"""The table at which a run is played in one process: the compiled worlds, and environments for the episodes in flight.

An episode has an environment to itself while it is played and gives it back then; another is made only when all of
its script are taken. So there are hardly more environments than episodes in flight, however many scripts there are.
"""

import copy
from typing import Any, TypeVar

from trpg_env.agents import Agent
from trpg_env.dm import DungeonMaster
from trpg_env.envs import AgentRefineEnv, Wait
from trpg_env.rollout.episode import Record, broken_at_once, play_episode
from trpg_env.rollout.run import Planned, Run
from trpg_env.sandbox import Sandbox

T = TypeVar("T")


class Table:
    """Plays the episodes of a run.

    Args:
        run: The run.
        agent: Who plays; further players are deep copies.
        dm: Who answers; each environment has a deep copy.
        sandbox: Where the scripts' own checks run.

    Raises:
        ValueError: A script cannot be played by this DM, or the DM cannot be copied.
    """

    def __init__(self, run: Run, agent: Agent, dm: str | DungeonMaster, sandbox: Sandbox) -> None:
        self._run = run
        self._agent = agent
        self._dm = dm
        # The environment says better than the world does why a script cannot be played.
        self._first = [self._environment(script, sandbox=sandbox) for script in run.scripts]
        self._free = [[env] for env in self._first]

    def _environment(self, script: Any, **keywords: Any) -> AgentRefineEnv:
        dm = _copied(self._dm, "each script and each episode in flight wants a DM")
        return AgentRefineEnv(script, dm=dm, max_turns=self._run.max_turns, **keywords)

    def players(self, number: int) -> list[Agent]:
        """Players for this many episodes in flight; no more than there are episodes.

        Raises:
            ValueError: The agent cannot be copied.
        """
        more = range(min(number, self._run.n) - 1)
        why = "several episodes in flight want a player each, unless concurrency is 1"
        return [self._agent, *(_copied(self._agent, why) for _ in more)]

    async def play(self, player: Agent, episode: Planned, wait: Wait) -> Record:
        """Play one episode; the player plays no other meanwhile."""
        free = self._free[episode.script]
        env = free.pop() if free else self._another(episode.script)
        try:
            return await play_episode(env, player, episode, self._run, wait)
        finally:
            free.append(env)

    def _another(self, script: int) -> AgentRefineEnv:
        world = self._first[script].world
        return self._environment(world.script, world=world)

    def lost(self, episode: Planned, why: str) -> Record:
        """The record of an episode of which nothing is left."""
        error = {"kind": "process", "message": why}
        return broken_at_once(self._first[episode.script], episode, self._run, error)


def _copied(who: T, why: str) -> T:
    try:
        return copy.deepcopy(who)
    except Exception as error:
        raise ValueError(
            f"{type(who).__name__} cannot be copied ({error}), and {why}: give it a __deepcopy__ that shares what may "
            "be shared"
        ) from None
