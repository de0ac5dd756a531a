"""From trajectories to training data."""

from trpg_env.tuning.conversation import Message, conversation
from trpg_env.tuning.export import FORMATS, ExportError, Summary, export

__all__ = ["FORMATS", "ExportError", "Message", "Summary", "conversation", "export"]
