"""The instruction: what a player is told before play, in a script's own words.

The goal, the actions with their valid values, and the names of the places; never where anything is.
"""

from trpg_env.script.domains import Free
from trpg_env.script.model import Script
from trpg_env.script.program import Action

SHOWN_VALUES = 60
SHOWN_PLACES = 200


def instruction(script: Script, turns: int | None = None) -> str:
    """The instruction of a script.

    Args:
        script: The script.
        turns: How many turns the player has; the script's own number where left out.

    Example:
        >>> from trpg_env.script import load_script
        >>> print(instruction(load_script("cool-tomato")).splitlines()[1])
        Your goal: Put a cool tomato in the microwave.
    """
    program = script.program
    lines = [f"You are: {script.persona}"] if script.persona else []
    lines.append(f"Your goal: {script.goal}")
    lines.append("Your actions, one each turn, with what may stand for each {placeholder}:")
    lines += [f"- {action_line(action)}" for action in program.actions]
    if program.places:
        rest = len(program.places) - SHOWN_PLACES
        lines.append(
            f"Places: {', '.join(program.places[:SHOWN_PLACES])}{f' and {rest:,} more' if rest > 0 else ''}."
        )
    left = turns or script.max_turns
    lines.append(f"You have {left} {'turn' if left == 1 else 'turns'}.")
    return "\n".join(lines)


def action_line(action: Action) -> str:
    """An action with its description and what may stand for each placeholder, in one line."""
    parts = [action.template.text]
    if action.description:
        parts.append(f": {action.description}")
    for placeholder, domain in zip(action.template.placeholders, action.domains, strict=True):
        bare = isinstance(domain, Free) and [v.spelling for v in domain.examples] == [placeholder]
        described = "any text" if bare else domain.describe(SHOWN_VALUES)
        parts.append(f"{' ' if parts[-1].endswith('.') else '. '}{{{placeholder}}}: {described}.")
    return "".join(parts)
