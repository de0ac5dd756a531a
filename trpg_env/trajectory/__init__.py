"""What was played: the trajectory's model, its files, and counts over it."""

from trpg_env.trajectory.model import DMTurn, EpisodeError, Outcome, Participant, PlayerTurn, Trajectory
from trpg_env.trajectory.reading import StoreError, read_trajectories
from trpg_env.trajectory.statistics import Statistics, error_and_refines
from trpg_env.trajectory.store import Writer

__all__ = [
    "DMTurn",
    "EpisodeError",
    "Outcome",
    "Participant",
    "PlayerTurn",
    "Statistics",
    "StoreError",
    "Trajectory",
    "Writer",
    "error_and_refines",
    "read_trajectories",
]
