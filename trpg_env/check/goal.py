"""The goal: not reached at the start, and within reach of a player who has luck."""

from trpg_env.check.report import Findings, some
from trpg_env.check.watch import Spent, WatchedWorld
from trpg_env.world import GroundAction, find_plan, find_some_plan
from trpg_env.world.code import OUTSIDE
from trpg_env.world.search import outcomes
from trpg_env.world.values import Value

TRANSITIONS = 300_000
"""The transitions that the search for shortest plans may make in all, over all variations; and again the search for any."""
_DEEPER = 5
_MAX_FOLLOWED = 64

_CONDITIONS = ("completion_conditions",)


def check_goal_at_start(world: WatchedWorld, starts: list[list[Value]], findings: Findings) -> bool:
    """Find variations in which the goal is reached before anything is done.

    Args:
        world: The script's world.
        starts: The state at the start of each variation.
        findings: Where faults go.

    Returns:
        Whether there are any.
    """
    reached = [i for i, values in enumerate(starts) if world.succeeds(values)]
    if reached:
        where = world.describe(reached)
        findings.fault(
            _CONDITIONS,
            f"the goal is reached at the start already{where}; let at least one condition be false there",
        )
    return bool(reached)


def check_goal(world: WatchedWorld, starts: list[list[Value]], findings: Findings) -> bool:
    """Find variations in which no plan of at most `max_turns` actions reaches the goal, whatever the luck.

    Args:
        world: The script's world.
        starts: The state at the start of each variation.
        findings: Where faults and notes go.

    Returns:
        Whether each of them has such a plan.

    Raises:
        VerificationFailed: A pattern or code did not answer.
    """
    world.budget = TRANSITIONS
    plans: list[tuple[str, ...]] = []
    without: list[int] = []
    open_: list[int] = []
    for i, values in enumerate(starts):
        try:
            if world.succeeds(values) or any(_reaches(world, values, plan) for plan in plans):
                continue
            plan = find_plan(world, values, depth=world.script.max_turns, states=world.states)
        except Spent:
            open_.append(i)
            continue
        if plan.actions is not None:
            plans.append(plan.actions)
        elif plan.decided and not world.cut:
            without.append(i)
        else:
            open_.append(i)
    if without:
        _report(world, starts, without, findings)
    world.budget = TRANSITIONS
    open_ = [i for i in open_ if not _solved(world, starts[i], plans)]
    if open_:
        findings.undecided(_CONDITIONS, f"whether a plan reaches the goal{world.describe(open_)}")
    return not (without or open_)


def _solved(world: WatchedWorld, values: list[Value], plans: list[tuple[str, ...]]) -> bool:
    """Whether a plan is found where a shortest one was out of reach; it is added to the plans."""
    try:
        if any(_reaches(world, values, plan) for plan in plans):
            return True
        plan = find_some_plan(world, values, depth=world.script.max_turns, states=world.states)
    except Spent:
        return False
    if plan.actions is None:
        return False
    plans.append(plan.actions)
    return True


def _report(world: WatchedWorld, starts: list[list[Value]], without: list[int], findings: Findings) -> None:
    where, turns = world.describe(without), world.script.max_turns
    if world.fails(starts[without[0]]):
        findings.fault(
            ("failure_conditions",),
            f"a failure condition holds at the start already{where}; let all of them be false there",
        )
        return
    try:
        values = starts[without[0]]
        plan = find_plan(world, values, depth=_DEEPER * turns, states=world.states).actions
    except Spent:
        plan = None
    if plan is not None:
        findings.fault(
            ("max_turns",),
            f"the shortest plan takes {len(plan)} turns{where}, but max_turns is {turns};"
            f" write at least {len(plan)}, or bring the goal nearer",
        )
        return
    never = [
        f'"{c.text}"' for i, c in enumerate(world.program.completion) if ("completion", i) not in world.noted
    ]
    reason = (
        f"nothing within reach makes true: {some(never)}"
        if never
        else "its conditions are never true together"
    )
    findings.fault(
        _CONDITIONS,
        f"no plan reaches the goal within {turns} turns{where}, with the best of luck; {reason}; give actions or"
        " events effects that lead there, or preconditions that can be met",
    )


def _reaches(world: WatchedWorld, values: list[Value], plan: tuple[str, ...]) -> bool:
    """Whether a plan made for another variation reaches the goal from here too."""
    states = [values]
    for text in plan:
        following: list[list[Value]] = []
        for before in states:
            action = world.resolver.resolve(text, before)
            if not isinstance(action, GroundAction):
                continue
            if all(holds(before, OUTSIDE) for holds, _, _ in action.preconditions):
                following += (s for s in outcomes(world, before, action) if not world.fails(s))
        if any(map(world.succeeds, following)):
            return True
        states = following[:_MAX_FOLLOWED]
    return False
