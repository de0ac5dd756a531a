"""The formats of datasets, by name; each is a small file on top of the conversation."""

from collections.abc import Mapping

from trpg_env.tuning.formats.base import Entry, Episode, Format
from trpg_env.tuning.formats.messages import MESSAGES
from trpg_env.tuning.formats.openai import OPENAI
from trpg_env.tuning.formats.paper import PAPER

FORMATS: Mapping[str, Format] = {format.name: format for format in (PAPER, MESSAGES, OPENAI)}

__all__ = ["FORMATS", "Entry", "Episode", "Format"]
