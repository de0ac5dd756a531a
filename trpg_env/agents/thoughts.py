"""What the erring player thinks: templates that quote what it was told, and nothing that it could not know.

Placeholders: `{action}` the action that comes now, `{last}` the one before, `{message}` what the DM said was wrong,
`{seen}` a line of the last observation that is about the action.
"""

import re
from collections.abc import Mapping

from trpg_env.agents.draws import Draws
from trpg_env.script.program import ErrorKind

_LONGEST = 200
"""The longest quotation, in characters."""
_LINES = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|\n+")
_WORDS = re.compile(r"\w{4,}")
_DONE = re.compile(r"\b(already|no longer|any more)\b")

Templates = tuple[str, ...]

ON: Templates = (
    'The next step is "{action}".',
    'I go on with "{action}".',
    'So now "{action}".',
    'What brings me on from here is "{action}".',
    'Let me keep the goal in view: "{action}" serves it.',
    'One thing after the other: "{action}".',
    'This is the time for "{action}".',
    'I still need to "{action}".',
    'To get nearer to the goal: "{action}".',
    'Of what I could do now, "{action}" is what the goal asks for.',
    'I read: “{seen}” With that in mind, "{action}".',
    '“{seen}” Then "{action}".',
    'I was told “{seen}” So "{action}".',
    '“{seen}” That settles it: "{action}".',
    'Since “{seen}”, I choose "{action}".',
)
"""A step of the plan."""

LAST: Templates = (
    'One step is left: "{action}".',
    'If I see it right, "{action}" is all that is missing.',
    'With "{action}" the task should be done.',
    '“{seen}” Then "{action}" should complete the task.',
)
"""The plan's last step."""

LOST: Templates = (
    'I see no way to the goal from here, so I try "{action}".',
    'I do not know how to go on. Perhaps "{action}".',
)
"""Without a plan."""

DETOUR: Templates = (
    'Before I go on I want to know more; "{action}" may help.',
    'I am not sure of my way. I try "{action}" and see.',
    'Perhaps I have missed something. "{action}" first.',
    'It cannot hurt to "{action}".',
    '“{seen}” I wonder what comes of "{action}".',
)
"""A step off the plan that does no harm."""

REPEAT: Templates = (
    'I do it once more, to be sure: "{action}".',
    'I am not certain that it worked. Again: "{action}".',
    'Once more: "{action}".',
    'Better twice than not at all: "{action}".',
)
"""The last action again, though nothing was wrong with it."""

BELIEF: Mapping[ErrorKind, Templates] = {
    "parameter": (
        'Let me try "{action}"; it ought to be understood.',
        'As far as I recall the way to put it is "{action}".',
        'I should get on with "{action}".',
        '“{seen}” So "{action}".',
    ),
    "place": (
        'I can do this from where I am: "{action}".',
        'What I need is close by, I think: "{action}".',
        'No need to go anywhere first: "{action}".',
        'It must be within reach from here. "{action}".',
        'Nothing keeps me from doing it on the spot: "{action}".',
        '“{seen}” I take it that this is the right spot for "{action}".',
    ),
    "logic": (
        'Everything is ready for it, so "{action}".',
        'Nothing should stand in the way of "{action}".',
        'This may be the moment for "{action}".',
        'I can skip ahead a little: "{action}".',
        'I might as well "{action}" now.',
        '“{seen}” I take it that all is prepared: "{action}".',
    ),
}
"""A mistake, as it looks to whoever makes it."""

WORDING: Mapping[str, Templates] = {
    "spelling": ON[:10],
    "verb": (
        'I put it in my own words: "{action}".',
        'There must be more than one way to say it: "{action}".',
    ),
    "half": ('The shortest way to say it: "{action}".', 'It will be clear what I mean by "{action}".'),
    "sentence": ('I say plainly what I am after: "{action}".', 'In a whole sentence: "{action}".'),
    "call": ('I write it as a command with its arguments: "{action}".', 'As a call: "{action}".'),
    "two": ('I can do both at once: "{action}".', 'To save a turn: "{action}".'),
    "order": (
        'If I get the words together, it is "{action}".',
        'I believe it is said like this: "{action}".',
    ),
}
"""A mistake in the form of an action, by the way in which it is made."""

STILL: Mapping[ErrorKind, Templates] = {
    "parameter": (
        '“{message}” Perhaps that one was special. In the same manner, "{action}".',
        'I was told “{message}”, but I do not give up on that way of putting it: "{action}".',
        '“{message}” It may have been a slip. "{action}".',
    ),
    "place": (
        '“{message}” It has to be here all the same. I try "{action}".',
        '“{message}” Perhaps it is only that one thing that cannot be done here; "{action}" instead.',
        'I hear “{message}” and look again. Surely "{action}".',
    ),
    "logic": (
        '“{message}” Then another way around it: "{action}".',
        '“{message}” I still think that the time has come: "{action}".',
        'That cannot be all there is to it. “{message}” So "{action}".',
    ),
}
"""A further mistake from the same belief; its lesson is not learnt yet."""

AGAIN: Templates = (
    '“{message}” I do not see why. Once more: "{action}".',
    '“{message}” That must be a misunderstanding, so again: "{action}".',
    'I was told “{message}” and yet I try it again: "{action}".',
)
"""The same mistake again, word for word."""

NOTICED: Mapping[ErrorKind, Templates] = {
    "parameter": (
        "That was not understood: “{message}” I have to choose an action and values from those I was given.",
        'I was told: “{message}” So I put "{last}" wrongly, and I keep to the list of actions now.',
        "“{message}” My words were not among the actions; I look at the list again.",
        "The answer was “{message}” The form matters here, so I write it as the list has it.",
        '"{last}" was no action that I have. “{message}” I take one of those that there are.',
    ),
    "place": (
        'I was told: “{message}” So I am in the wrong place for "{last}".',
        "“{message}” It was not to be done from here; what I need is elsewhere.",
        "I was wrong about where things are: “{message}” I have to move, or turn to what is here.",
        'The answer to "{last}" was “{message}” Not here, then.',
        "“{message}” I mistook where I am. I look at what can be reached from here.",
    ),
    "logic": (
        'I was told: “{message}” Something else comes before "{last}".',
        "“{message}” So I had the order wrong; I do first what has to come first.",
        'I was too quick with "{last}": “{message}” One thing has to be settled before.',
        "The answer was “{message}” That tells me what is still missing.",
        '“{message}” I ran ahead of things with "{last}". Step by step, then.',
    ),
}
"""What an error's answer teaches."""

DONE: Templates = (
    "“{message}” So that is behind me, and I need not do it again.",
    'I was told: “{message}” Then "{last}" was one step too many; I turn to what is still to be done.',
    "The answer was “{message}” I had lost track of what I have done.",
    '“{message}” Nothing more to be had from "{last}".',
)
"""What an answer teaches that says that something is done."""


def lesson(error: ErrorKind, message: str) -> Templates:
    """What can be learnt from an answer, going by its words."""
    return DONE if error == "logic" and _DONE.search(message) else NOTICED[error]


def say(templates: Templates, draws: Draws, seen: str, **words: str) -> str:
    """A thought from one of the templates; one that quotes an observation only where a line of it is about the action."""
    template = draws.pick(templates)
    if "{seen}" in template:
        seen = _line(seen, words["action"], draws)
        if not seen:
            template = draws.pick([t for t in templates if "{seen}" not in t])
    if "message" in words:
        words["message"] = _shortened(words["message"])
    return template.format(seen=seen, **words)


def _line(observation: str, action: str, draws: Draws) -> str:
    """A sentence of an observation that has a word in common with an action; empty where there is none."""
    words = set(_WORDS.findall(action.casefold()))
    lines = [
        line
        for line in _LINES.split(observation)
        if len(line) <= _LONGEST and not words.isdisjoint(_WORDS.findall(line.casefold()))
    ]
    return draws.pick(lines) if lines else ""


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1].rsplit(' ', 1)[0]}…"
