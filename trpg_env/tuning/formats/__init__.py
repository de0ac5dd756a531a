"""The formats of datasets, by name; each is a small file on top of the conversation."""

from collections.abc import Mapping

from trpg_env.tuning.formats.axolotl import AXOLOTL
from trpg_env.tuning.formats.base import Entry, Episode, Format, Telling
from trpg_env.tuning.formats.llamafactory import LLAMAFACTORY
from trpg_env.tuning.formats.messages import MESSAGES
from trpg_env.tuning.formats.openai import OPENAI
from trpg_env.tuning.formats.paper import PAPER
from trpg_env.tuning.formats.swift import SWIFT
from trpg_env.tuning.formats.tokens import TOKENS

FORMATS: Mapping[str, Format] = {
    format.name: format for format in (PAPER, MESSAGES, OPENAI, SWIFT, AXOLOTL, LLAMAFACTORY, TOKENS)
}

__all__ = ["FORMATS", "Entry", "Episode", "Format", "Telling"]
