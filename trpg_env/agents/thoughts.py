"""What the erring player thinks: templates that quote what it was told, and nothing that it could not know.

Placeholders: `{action}` the action that comes now, `{last}` the one before, `{message}` what the DM said was wrong,
`{seen}` a line of the last observation, `{subject}` what a belief is about.
"""

import re
from collections.abc import Mapping

from trpg_env.agents.draws import Draws
from trpg_env.script.program import ErrorKind

_LONGEST = 140
_LINES = re.compile(r"(?<=[.!?])\s+|\n+")

Templates = tuple[str, ...]

ON: Templates = (
    'The next step is "{action}".',
    'I go on with "{action}".',
    'So now "{action}".',
    'What brings me on from here is "{action}".',
    'I read: “{seen}” With that in mind, "{action}".',
    '“{seen}” Good. Then "{action}".',
    'I was told “{seen}” The goal still wants more of me, so "{action}".',
    'From what I see, “{seen}” the thing to do is "{action}".',
    'Let me keep the goal in view: "{action}" serves it.',
    'One thing after the other: "{action}".',
)
"""A step of the plan."""

LAST: Templates = (
    'One step is left: "{action}".',
    'If I see it right, "{action}" is all that is missing.',
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
    '“{seen}” I wonder what comes of "{action}".',
    'Perhaps I have missed something. "{action}" first.',
)
"""A step off the plan that does no harm."""

REPEAT: Templates = (
    'I do it once more, to be sure: "{action}".',
    'I am not certain that it worked. Again: "{action}".',
    'Once more: "{action}".',
)
"""The last action again."""

BELIEF: Mapping[ErrorKind, Templates] = {
    "parameter": (
        'I should be able to "{action}".',
        'Let me try "{action}"; it ought to be understood.',
        'As far as I recall the way to put it is "{action}".',
        '“{seen}” I say it in my own words: "{action}".',
        'The shortest way to say it: "{action}".',
    ),
    "place": (
        'I can do this from where I am: "{action}".',
        'What I need is close by, I think: "{action}".',
        'No need to go anywhere first: "{action}".',
        '“{seen}” I believe that is the right spot for "{action}".',
        'It must be within reach from here. "{action}".',
    ),
    "logic": (
        'Everything is ready for it, so "{action}".',
        'Nothing should stand in the way of "{action}".',
        'This may be the moment for "{action}".',
        '“{seen}” I take it that all is prepared: "{action}".',
        'I can skip ahead a little: "{action}".',
    ),
}
"""A mistake, as it looks to whoever makes it."""

STILL: Mapping[ErrorKind, Templates] = {
    "parameter": (
        'Perhaps that one was special. In the same manner, "{action}".',
        'I do not give up on that way of putting it: "{action}".',
    ),
    "place": (
        'It has to be here all the same. I try "{action}".',
        'Perhaps it was only the wrong thing to do with it here; "{action}" instead.',
    ),
    "logic": (
        'Then another way around it: "{action}".',
        'I still think that the time has come: "{action}".',
    ),
}
"""A further mistake from the same belief."""

NOTICED: Mapping[ErrorKind, Templates] = {
    "parameter": (
        "That was not understood: “{message}” I have to choose an action and values from those I was given.",
        'I was told: “{message}” So I put "{last}" wrongly, and I keep to the list of actions now.',
        "“{message}” My words were not among the actions; I look at the list again.",
        "The answer was “{message}” The form matters here, so I write it as the list has it.",
    ),
    "place": (
        'I was told: “{message}” So I am in the wrong place for "{last}".',
        "“{message}” It was not to be done from here; what I need is elsewhere.",
        "I was wrong about where things are: “{message}” I have to move, or turn to what is here.",
        'The answer to "{last}" was “{message}” Not here, then.',
    ),
    "logic": (
        'I was told: “{message}” Something else comes before "{last}".',
        "“{message}” So I had the order wrong; I do first what has to come first.",
        'I was too quick with "{last}": “{message}” One thing has to be settled before.',
        "The answer was “{message}” That tells me what is still missing, or done already.",
    ),
}
"""What an error's answer teaches."""


def say(templates: Templates, draws: Draws, seen: str, **words: str) -> str:
    """A thought from one of the templates; one that quotes an observation only where there is one to quote."""
    if not seen:
        templates = tuple([template for template in templates if "{seen}" not in template])
    template = draws.pick(templates)
    if "{seen}" in template:
        seen = _line(seen, draws)
    return template.format(seen=seen, **words)


def _line(observation: str, draws: Draws) -> str:
    """A sentence of an observation."""
    lines = [line for line in _LINES.split(observation) if line]
    line = draws.pick(lines) if lines else ""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
