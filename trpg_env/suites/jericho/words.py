"""The words of interactive fiction: what may be typed, and what an answer says of it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trpg_env.envs.game import ErrorKind

MOVES = (
    "north",
    "south",
    "east",
    "west",
    "up",
    "down",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
    "in",
    "out",
)
"""Where one may go."""

ALONE = ("look", "inventory", "wait")
"""Commands without an object."""

ON_ONE = tuple(
    f"{verb} {{thing}}"
    for verb in (
        "examine",
        "take",
        "drop",
        "open",
        "close",
        "read",
        "enter",
        "climb",
        "move",
        "push",
        "pull",
        "turn",
        "turn on",
        "turn off",
        "search",
        "look under",
        "eat",
        "drink",
        "wear",
        "ring",
        "attack",
    )
)
"""Commands on an object."""

ON_TWO = (
    "put {thing} in {other}",
    "put {thing} on {other}",
    "give {thing} to {other}",
    "unlock {thing} with {other}",
    "tie {thing} to {other}",
    "attack {thing} with {other}",
)
"""Commands on two objects."""

TEMPLATES = (*MOVES, *ALONE, *ON_ONE, *ON_TWO)
"""The commands that are tried; games understand others, too."""

OUTSIDE = {
    *(
        "save",
        "restore",
        "restart",
        "quit",
        "q",
        "script",
        "unscript",
        "transcript",
        "notranscript",
        "record",
    ),
    *("unrecord", "replay", "undo", "$verify", "verify"),
}
"""Commands to the program, and not to the world."""

_WORD_LENGTH = 6
_NO_THINGS = {"it", "them", "him", "her", "me", "myself", "all", "everything", "one"}
_STATUS = re.compile(r"\A\s*>?[^\n]*?\S {5,}[^\n]*\d[^\n]*\n")
_SCORE_LINE = re.compile(r"\[Your score .*?\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WORD = re.compile(r"[a-z0-9'-]+")
_NOT_LETTERS = re.compile(r"[^a-zA-Z0-9\s]")

_ASIDE = re.compile(r"\A(?:\([^)]*\)\s*)*")
_NOT_UNDERSTOOD = re.compile(
    r"I don't (?:know the word|understand)|You used the word .* in a way|That sentence isn't one|There was no verb"
    r"|There seems to be a|I beg your pardon|There were too many nouns|I didn't understand|That's not a verb I"
    r"|I only understood you as far as|You seem to have said too little|You can't use multiple|You excepted something"
    r"|I couldn't understand|I can't see whom|.*\[!",
    re.IGNORECASE | re.DOTALL,
)
_NOT_DONE = re.compile(
    r"You can't|You (?:already|don't) have|You aren't|(?:It is|It's|That's) already|That's (?:not something|hardly|plainly)"
    r"|There is nothing to|There's nothing here|You must tell me how|How, exactly, can you|It doesn't seem to work"
    r"|An interesting idea|What a concept|A valiant attempt|Nice try|The .* (?:is locked|is already|isn't|can't be)"
    r"|That would never work|You have no|I don't think that",
    re.IGNORECASE,
)
_END = re.compile(r"\brestart\b.*\brestore\b.*\b(?:quit|end)\b", re.IGNORECASE | re.DOTALL)


def line(action: str) -> str:
    """What of an action is typed, as AgentBoard has it: what comes before a comma or full stop, twenty words at most.

    Example:
        >>> line("open mailbox, then read leaflet")
        'open mailbox'
    """
    cut = _CONTROL.sub(" ", action).split(",")[0].split(".")[0]
    return " ".join(cut.split()[:20])


def outside(text: str) -> bool:
    """Whether a line is for the program: saves, restarts, quits; games know words by their first six letters."""
    first = text.lower().split(" ")[0]
    return first.startswith(("#", "$")) or first[:_WORD_LENGTH] in {word[:_WORD_LENGTH] for word in OUTSIDE}


def cleaned(text: str) -> str:
    r"""A game's text on one line, without the line of its status, as AgentBoard has it.

    Example:
        >>> cleaned("> Attic        Score: 5       Moves: 7  \nTaken.\n\n")
        'Taken.'
    """
    read = _SCORE_LINE.sub("", _STATUS.sub("", text))
    return " ".join(_CONTROL.sub(" ", read).removeprefix(">").split())


def fault(text: str) -> ErrorKind | None:
    """What was wrong with a line that was answered so; None where nothing is known to have been.

    Known are the common answers of Infocom's games and of those written in Inform.

    Example:
        >>> fault("(the door) You can't go that way.")
        'logic'
    """
    begins = _ASIDE.sub("", text, count=1)
    if _NOT_UNDERSTOOD.match(begins):
        return "parameter"
    return "logic" if _NOT_DONE.match(begins) else None


def ended(text: str) -> bool:
    """Whether a game asks what to do after its end."""
    return bool(_END.search(text))


def shown(pattern: str, text: str) -> bool:
    """Whether an annotated text is in another, punctuation aside, as AgentBoard compares them."""
    return _NOT_LETTERS.sub("", pattern) in _NOT_LETTERS.sub("", text)


def nouns(text: str, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The words of a text that the game takes for things, in order.

    Args:
        text: The text.
        words: The game's dictionary: a word, or its first letters, and what kinds of word it is.
    """
    longest = max(map(len, words), default=0)
    for word in dict.fromkeys(_WORD.findall(text.lower())):
        kinds = words.get(word[:longest])
        if (
            word not in _NO_THINGS
            and kinds is not None
            and (not kinds or ("noun" in kinds and "dir" not in kinds))
        ):
            yield word


def candidates(things: Iterable[str]) -> list[str]:
    """All that may be tried on some things."""
    named = list(things)
    return [
        *MOVES,
        *(template.format(thing=one) for template in ON_ONE for one in named),
        *(template.format(thing=a, other=b) for template in ON_TWO for a in named for b in named if a != b),
    ]
