"""The table at which a run is played in one process: players, and environments for the episodes in flight."""

from trpg_env.agents import Agent
from trpg_env.envs import Wait
from trpg_env.rollout.environments import Environments, copied
from trpg_env.rollout.episode import Record, broken_at_once, play_episode
from trpg_env.rollout.run import Planned, Run


class Table:
    """Plays the episodes of a run.

    Args:
        run: The run.
        agent: Who plays; further players are deep copies.
        environments: Where each episode is played.
    """

    def __init__(self, run: Run, agent: Agent, environments: Environments) -> None:
        self._run = run
        self._agent = agent
        self._environments = environments

    def players(self, number: int) -> list[Agent]:
        """Players for this many episodes in flight; no more than there are episodes.

        Raises:
            ValueError: The agent cannot be copied.
        """
        more = range(min(number, self._run.n) - 1)
        why = "several episodes in flight want a player each, unless concurrency is 1"
        return [self._agent, *(copied(self._agent, why) for _ in more)]

    async def play(self, player: Agent, episode: Planned, wait: Wait) -> Record:
        """Play one episode; the player plays no other meanwhile."""
        env, options = self._environments.take(episode.item)
        try:
            return await play_episode(env, options, player, episode, self._run, wait)
        finally:
            self._environments.give_back(episode.item, env)

    def lost(self, episode: Planned, why: str) -> Record:
        """The record of an episode of which nothing is left."""
        env, _ = self._environments.take(episode.item)
        try:
            return broken_at_once(env, episode, self._run, {"kind": "process", "message": why})
        finally:
            self._environments.give_back(episode.item, env)
