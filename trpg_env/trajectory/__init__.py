"""What was played: the trajectory's model, its files, and counts over it."""

from trpg_env.trajectory.identity import episode_id
from trpg_env.trajectory.model import DMTurn, EpisodeError, Outcome, Participant, PlayerTurn, Trajectory
from trpg_env.trajectory.reading import StoreError, parse_line, read_trajectories
from trpg_env.trajectory.statistics import Statistics, error_and_refines
from trpg_env.trajectory.store import Store
from trpg_env.trajectory.tally import Tally

__all__ = [
    "DMTurn",
    "EpisodeError",
    "Outcome",
    "Participant",
    "PlayerTurn",
    "Statistics",
    "Store",
    "StoreError",
    "Tally",
    "Trajectory",
    "episode_id",
    "error_and_refines",
    "parse_line",
    "read_trajectories",
]
