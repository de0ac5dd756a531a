"""Replies in the ReAct format: `Thought: …` and then `Action: …`, one of each, nothing after.

The parser is strict on purpose: a model that writes several actions, none, or its own observations is told
so, as a parameter error, instead of having a favourable part of its reply picked out.
"""

import re
from typing import Any, NamedTuple

import gymnasium as gym

from trpg_env.envs.spaces import ActionText

MAX_REPLY = 20_000
"""The longest reply, in characters."""

_LABEL = re.compile(
    r"(?im:^[ \t]*(?P<line>thought|action|observation)[ \t]*:)|(?<=\s)(?P<word>Action|Observation):"
)
_SAID = re.compile(r"(?i)(?<!\s)(\s++)(action|observation)([ \t]*:)")
"""What a thought may say that would be read as a label: it is one at a line's beginning, or capitalised."""
_FORM = 'Reply with one "Thought: …" and then one "Action: …", and stop there.'


class Reply(NamedTuple):
    """A reply in two parts."""

    thought: str
    action: str


class MalformedReply(ValueError):
    """A reply that is not in the format; the text says what is wrong with it."""


class Refused(str):
    """A text that a wrapper has refused: a turn with a parameter error, and this message.

    It goes through `step` like any action, so that wrappers in between see it too.
    """

    message: str

    def __new__(cls, text: str, message: str) -> "Refused":
        """The player's text, and what is wrong with it."""
        refused = super().__new__(cls, text)
        refused.message = message
        return refused

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.message


def parse_reply(text: str) -> Reply:
    r"""Read a reply.

    Raises:
        MalformedReply: It has no action or several, goes on after it, or is too long.

    Example:
        >>> parse_reply("Thought: The hall is east.\nAction: go east")
        Reply(thought='The hall is east.', action='go east')
    """
    if len(text) > MAX_REPLY:
        raise MalformedReply(
            f"The reply has {len(text):,} characters; at most {MAX_REPLY:,} are read. {_FORM}"
        )
    labels = [((m["line"] or m["word"]).lower(), m.start(), m.end()) for m in _LABEL.finditer(text)]
    actions = [label for label in labels if label[0] == "action"]
    if not actions:
        raise MalformedReply(f"The reply has no action. {_FORM}")
    if any(label[0] == "observation" for label in labels):
        raise MalformedReply(f"The reply invents an observation; what happens is not yours to tell. {_FORM}")
    if len(actions) > 1:
        raise MalformedReply(f"The reply has {len(actions)} actions; one a turn. {_FORM}")
    _, start, end = actions[0]
    first, _, rest = text[end:].strip().partition("\n")
    if rest.strip():
        raise MalformedReply(f"The reply goes on after its action. {_FORM}")
    if not first.strip():
        raise MalformedReply(f"The reply's action is empty. {_FORM}")
    thought = text[:start].strip()
    match = _LABEL.match(thought)
    return Reply(thought[match.end() :].strip() if match else thought, first.strip())


def format_reply(thought: str, action: str) -> str:
    r"""The reply that says a thought and an action; `parse_reply` finds the action again.

    The action's runs of blanks become one, as in play. Where the thought has what would be read as a label of the
    reply's own, its layout changes: a line break before it becomes a blank, and a blank comes before its colon.
    An action that is empty or has such a label in it stays what it is, which is no valid reply.

    Example:
        >>> format_reply("East it is.", "go east")
        'Thought: East it is.\nAction: go east'
        >>> format_reply("I might write\nAction: go west", "go east")
        'Thought: I might write Action : go west\nAction: go east'
    """
    said = f"Thought: {thought}"
    if ":" in thought:
        said = _SAID.sub(_as_words, said)
    return f"{said}\nAction: {' '.join(action.split())}"


def _as_words(match: re.Match[str]) -> str:
    blank, label, colon = match.groups()
    if label in ("Action", "Observation") and colon == ":":
        colon = " :"
    return str(blank.replace("\n", " ") + label + colon)


def _sampled(action: str) -> str:
    return format_reply("I try this.", action)


class ReAct(gym.ActionWrapper[str, str, str], gym.utils.RecordConstructorArgs):
    """An environment that takes whole ReAct replies.

    Args:
        env: An environment whose actions are texts.

    Example:
        >>> import gymnasium as gym, trpg_env
        >>> env = ReAct(gym.make("AgentRefine-v0", script="cool-tomato"))
        >>> _ = env.reset(seed=0)
        >>> _, _, _, _, info = env.step("I go east.")
        >>> info["assessment"]["message"][:27]
        'The reply has no action. Re'
        >>> env.close()
    """

    def __init__(self, env: gym.Env[str, str]) -> None:
        gym.utils.RecordConstructorArgs.__init__(self)
        gym.ActionWrapper.__init__(self, env)
        inner = env.action_space
        self.action_space = ActionText(MAX_REPLY, getattr(inner, "actions", ()), _sampled)

    def action(self, action: Any) -> Any:
        """The action that a reply names; a text that is no reply goes through as refused."""
        if not isinstance(action, str):
            return action
        try:
            return parse_reply(action).action
        except MalformedReply as error:
            return Refused(action, str(error))
