"""Conversations that others have kept: chat messages, read as trajectories.

Data for tuning agents is published as chat messages: the user tells what is seen, the assistant thinks and acts. Such a
conversation says less than a trajectory of ours: not which script was played, nor how it ended. What is not said
is left unknown, and nothing is made up; `trpg_env.chats.imported` tells what stands in its place.
"""

from trpg_env.chats.files import ChatError, Records
from trpg_env.chats.imported import IMPORTED, Again, import_chats, imported_trajectory, is_imported
from trpg_env.chats.messages import BadRecord, Conversation, Said, conversation_of

__all__ = [
    "IMPORTED",
    "Again",
    "BadRecord",
    "ChatError",
    "Conversation",
    "Records",
    "Said",
    "conversation_of",
    "import_chats",
    "imported_trajectory",
    "is_imported",
]
