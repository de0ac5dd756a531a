"""Replies of a model that is dungeon master, and what it was asked."""

import hashlib
import json
from typing import Any

Body = dict[str, Any]


def reply(observation: str = "You look around.", thought: str = "They look.", **judged: Any) -> str:
    """A reply in the form asked for; flags are false and nothing is completed where nothing else is said."""
    flags = {"parameter_error": False, "place_error": False, "logic_error": False, "completed": []}
    return json.dumps({"thought": thought, "observation": observation} | flags | judged)


def told_by_all_it_was_asked(body: Body) -> str:
    """A reply that differs wherever what was asked differs in anything."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return reply(
        f"You see {digest}.", place_error=digest[0] in "01", completed=[0] if digest[1] in "01" else []
    )


def contents(body: Body, role: str) -> list[str]:
    """What one role says in a conversation."""
    return [message["content"] for message in body["messages"] if message["role"] == role]


def roles(body: Body) -> str:
    """Who says something in a conversation, by first letters."""
    return "".join(message["role"][0] for message in body["messages"])
