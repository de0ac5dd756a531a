"""What was played: the trajectory's model, its files, whether it is true, and counts over it."""

from trpg_env.trajectory.agreement import Agreement, Comparison, Opinions, compare
from trpg_env.trajectory.identity import episode_id, episode_seed
from trpg_env.trajectory.journal import Journal, WriteFailed
from trpg_env.trajectory.lookup import NoScript, Scripts
from trpg_env.trajectory.model import (
    BY_PLAYER,
    DMTurn,
    EpisodeError,
    Outcome,
    Participant,
    PlayerTurn,
    Trajectory,
    writable,
)
from trpg_env.trajectory.reading import Form, StoreError, parse_line, read_trajectories
from trpg_env.trajectory.similarity import Similarity
from trpg_env.trajectory.statistics import Statistics, error_and_refines
from trpg_env.trajectory.store import Store
from trpg_env.trajectory.tally import Tally, letter
from trpg_env.trajectory.unplayed import verify_unplayed
from trpg_env.trajectory.usage import CONTEXT_TOO_LONG, COUNTS, PARTICIPANTS, counted
from trpg_env.trajectory.variety import Variety
from trpg_env.trajectory.verification import Verifier, verify

__all__ = [
    "BY_PLAYER",
    "CONTEXT_TOO_LONG",
    "COUNTS",
    "PARTICIPANTS",
    "Agreement",
    "Comparison",
    "DMTurn",
    "EpisodeError",
    "Form",
    "Journal",
    "NoScript",
    "Opinions",
    "Outcome",
    "Participant",
    "PlayerTurn",
    "Scripts",
    "Similarity",
    "Statistics",
    "Store",
    "StoreError",
    "Tally",
    "Trajectory",
    "Variety",
    "Verifier",
    "WriteFailed",
    "compare",
    "counted",
    "episode_id",
    "episode_seed",
    "error_and_refines",
    "letter",
    "parse_line",
    "read_trajectories",
    "verify",
    "verify_unplayed",
    "writable",
]
