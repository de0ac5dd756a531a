"""What an episode is called, and what its player is to reach, each on a line."""

from trpg_env.report.texts import line
from trpg_env.trajectory import Trajectory

_MARKS = ("Your goal:", "Goal:", "Question:")
"""What begins the line of an instruction that tells the goal, where another one comes first."""


def title(trajectory: Trajectory) -> str:
    """What an episode is called: the name of what was played, with its family before it where the name says little.

    Args:
        trajectory: The episode.
    """
    if trajectory.script is None:
        return line(trajectory.family)
    name, family = trajectory.script.rpartition("/")[2], trajectory.family
    # A number or a date is given to what is one of many; what has a name of its own needs none.
    numbered = any(map(str.isdecimal, name)) and not name.startswith(family)
    return f"{line(family)} · {line(name)}" if numbered else line(name)


def goal(trajectory: Trajectory) -> str:
    """The line of the instruction that tells the goal: the first, if none is marked as such.

    Args:
        trajectory: The episode.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> (episode,) = rollout("cool-tomato", PlannerAgent(), n=1)
        >>> goal(episode)
        'Your goal: Put a cool tomato in the microwave.'
    """
    told = [each for each in trajectory.instruction.splitlines() if each.strip()]
    return line(next((each for each in told if each.startswith(_MARKS)), told[0] if told else ""), 300)
