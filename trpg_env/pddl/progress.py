"""Progress: the best share of the goal's literals that held at once so far."""

from typing import Any

from trpg_env.pddl.case import Case

_MAX_LIST = 3_000
"""The longest list of conditions in one expression, in characters."""


def milestones(case: Case) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Milestones that are reached as ever more of the goal holds at once, and the definitions that they take.

    A goal of one literal is a milestone as it is, and so is what holds at the start: both need none of their own.

    Args:
        case: The problem.
    """
    goal = case.problem.goal
    if len(goal) < 2 or case.met == len(goal):
        return {}, []
    counter = case.naming.counter
    found = [
        {
            "text": f"At least {k} of the goal's {len(goal)} conditions hold at once."
            if k < len(goal)
            else f"All {len(goal)} conditions of the goal hold at once.",
            "when": f"{counter} >= {k}",
        }
        for k in range(case.met + 1, len(goal) + 1)
    ]
    return _definitions(case), found


def _definitions(case: Case) -> dict[str, str]:
    """The number of literals that hold; of a long goal a sum of parts, since one expression has an end."""
    counter, sums = case.naming.counter, list[str]()
    conditions: list[str] = []
    for i, literal in enumerate(case.problem.goal, start=1):
        conditions.append(case.condition(literal, {}))
        if i == len(case.problem.goal) or len(", ".join(conditions)) > _MAX_LIST:
            sums.append(f"count(met for met in [{', '.join(conditions)}])")
            conditions = []
    if len(sums) == 1:
        return {counter: sums[0]}
    several = {f"{counter}_part_{i}": text for i, text in enumerate(sums, start=1)}
    return {counter: " + ".join(several), **several}


def share_of_goal(progress: float, pddl: dict[str, Any]) -> float:
    """Progress as benchmarks count it: what held at the start counts too.

    Args:
        progress: A script's progress, which counts what was brought about.
        pddl: What the script's `x-pddl` holds.

    Example:
        >>> share_of_goal(0.5, {"goal_literals": 4, "met_at_start": 2})
        0.75
    """
    goal, met = int(pddl["goal_literals"]), int(pddl["met_at_start"])
    return (met + (goal - met) * progress) / goal if goal else progress
