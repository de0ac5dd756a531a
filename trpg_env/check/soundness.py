"""`check_script`: all the checks, one after the other, on one script."""

from trpg_env.check.acceptance import check_acceptance
from trpg_env.check.attributes import check_attributes
from trpg_env.check.goal import check_goal, check_goal_at_start
from trpg_env.check.reach import check_reach
from trpg_env.check.report import CheckReport, Findings
from trpg_env.check.unearned import check_unearned
from trpg_env.check.watch import WatchedWorld
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Program, Script, ScriptError, ScriptLike, load_script
from trpg_env.script.program import Code, Pattern
from trpg_env.world import VerificationFailed
from trpg_env.world.resolution import Resolver

VARIATIONS = 64
"""How many variations are looked at, counted from 0."""
GROUND_ACTIONS = 50_000
"""How many ground actions are listed for a search."""
GROUND_COST = 1_500_000
"""How much may be asked of the sandbox to list a script's ground actions, in patterns matched."""
_COST_OF_CODE = 30


def check_script(script: ScriptLike, *, sandbox: Sandbox | None = None) -> list[Fault]:
    """Find what is wrong with a script.

    Args:
        script: What `load_script` takes.
        sandbox: Where the script's patterns and code run; without one, one is started for this call.

    Returns:
        The faults in the order of the file; none where the script is sound. A script that cannot be loaded has
        the faults of its `ScriptError`.

    Raises:
        TypeError: `script` is nothing that `load_script` takes.

    Example:
        >>> check_script("cool-tomato")
        []
    """
    return list(inspect_script(script, sandbox=sandbox).faults)


def inspect_script(script: ScriptLike, *, sandbox: Sandbox | None = None) -> CheckReport:
    """Find what is wrong with a script, and say what could not be decided.

    Args:
        script: What `load_script` takes.
        sandbox: Where the script's patterns and code run; without one, one is started for this call.

    Raises:
        TypeError: `script` is nothing that `load_script` takes.

    Example:
        >>> inspect_script("cool-tomato").notes
        ()
    """
    if sandbox is None:
        with Sandbox() as own:
            return inspect_script(script, sandbox=own)
    try:
        loaded = load_script(script, sandbox=sandbox)
    except ScriptError as error:
        return CheckReport(error.faults)
    findings, solved = Findings(loaded.source), False
    try:
        if loaded.grounded:
            solved = _check_grounded(loaded, sandbox, findings)
        else:
            check_acceptance(loaded, Resolver.of(loaded.program, sandbox), [[0]], findings)
    except VerificationFailed as error:
        _blame(loaded.program, error, findings)
    return findings.report(solved=solved)


def _check_grounded(script: Script, sandbox: Sandbox, findings: Findings) -> bool:
    """Find what is wrong with a grounded script; whether a plan was found for every variation looked at."""
    check_attributes(script, findings)
    world = WatchedWorld(script, sandbox)
    starts = [world.begin(i).values for i in range(min(VARIATIONS, world.program.variation_count))]
    texts = check_acceptance(script, world.resolver, starts, findings)
    started = check_goal_at_start(world, starts, findings)
    if not started:
        check_unearned(world, texts, findings)
    count = world.grounder.count()
    if count > GROUND_ACTIONS or _cost(world) > GROUND_COST:
        findings.undecided(
            ("available_actions",),
            f"whether the goal and everything else can be reached; the script has {count:,} ground actions,"
            " too many to search",
        )
        return False
    solved = check_goal(world, starts, findings)
    check_reach(world, starts, frozenset(texts), findings)
    return solved and not started


def _cost(world: WatchedWorld) -> int:
    """What it costs to list the ground actions."""
    actions = world.program.actions
    patterns = len({a.verification.source for a in actions if isinstance(a.verification, Pattern)})
    total = 0
    for action in actions:
        count = 1
        for domain in action.domains:
            count *= len(domain.samples)
        total += count * (1 + patterns + _COST_OF_CODE * isinstance(action.verification, Code))
    return total


def _blame(program: Program, error: VerificationFailed, findings: Findings) -> None:
    blamed = [
        a for a in program.actions if a.verification is not None and a.verification.source == error.source
    ]
    for action in blamed:
        findings.fault((*action.path, "verification_code"), f"does not answer: {error.message}")
    if not blamed:
        findings.fault(("available_actions",), f"verification does not answer: {error}")
