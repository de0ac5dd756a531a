"""From trajectories to training data."""

from trpg_env.tuning.conversation import Ablation, Message, conversation
from trpg_env.tuning.export import export
from trpg_env.tuning.formats import FORMATS, Format
from trpg_env.tuning.formats.paper import read_paper
from trpg_env.tuning.options import ExportError, Options
from trpg_env.tuning.summary import Summary

__all__ = [
    "FORMATS",
    "Ablation",
    "ExportError",
    "Format",
    "Message",
    "Options",
    "Summary",
    "conversation",
    "export",
    "read_paper",
]
