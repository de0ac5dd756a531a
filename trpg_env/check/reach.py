"""Actions, events, places and milestones that no player ever comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trpg_env.check.report import Findings
from trpg_env.check.watch import Spent, WatchedWorld, What
from trpg_env.script.faults import Path
from trpg_env.script.nodes import Attribute, Entity, Expression
from trpg_env.world.relevance import relevant_slots
from trpg_env.world.search import outcomes
from trpg_env.world.values import Value

TRANSITIONS = 100_000
"""The transitions that looking for all that was not come across yet may make."""
TRANSITIONS_EACH = 20_000
"""The transitions that may then be made to rule out one thing, or one precondition of an action."""
TRANSITIONS_TO_RULE_OUT = 100_000
"""The transitions that may be made to rule out things in all."""


@dataclass(frozen=True)
class _Thing:
    """Something that a player should come to.

    Attributes:
        what: What it is.
        path: Where it stands.
        fault: The sentence that says it is never come to, without the end that names the turns.
        advice: What to write instead.
        question: What is open as long as that is not known.
        deciding: What decides whether it comes to pass.
    """

    what: What
    path: Path
    fault: str
    advice: str
    question: str
    deciding: tuple[Expression, ...]


def check_reach(
    world: WatchedWorld, starts: Sequence[list[Value]], meant: frozenset[int], findings: Findings
) -> None:
    """Find actions and events that can never fire, and places and milestones that cannot be reached.

    What was come across in the search for plans needs no search of its own. For the rest all states are looked
    at that an episode can come to. Where these are too many, each thing is looked for by itself: states are told
    apart only by what decides it, and play goes on where an episode would end. What is not come across even
    then never comes to pass; what is, stays undecided.

    Args:
        world: The script's world, with what it has noted so far.
        starts: The state at the start of each variation.
        meant: The actions, by index, that some text means; the others have faults of their own.
        findings: Where faults and notes go.

    Raises:
        VerificationFailed: A pattern or code did not answer.
    """
    for values in starts:
        world.note(values)
    things = [*_things(world, meant)]
    ends = [c.when for c in (*world.program.completion, *world.program.failure) if c.when is not None]
    world.budget = TRANSITIONS
    missing = [thing for thing in things if thing.what not in world.noted]
    deciding = [*ends, *(e for thing in missing for e in thing.deciding)]
    complete = not missing or _explore(world, starts, deciding, {t.what for t in missing}, past_ends=False)
    missing = [thing for thing in missing if thing.what not in world.noted]
    prover = _Prover(world, starts)
    for thing in missing:
        never = complete or prover.rules_out(thing)
        if never and len(starts) == world.program.variation_count:
            turns = world.script.max_turns
            findings.fault(thing.path, f"{thing.fault} within {turns} turns; {thing.advice}")
        else:
            findings.undecided(thing.path, thing.question)


def _things(world: WatchedWorld, meant: frozenset[int]) -> Iterator[_Thing]:
    program = world.program
    for action in program.actions:
        if action.index in meant:
            yield _Thing(
                ("action", action.index),
                action.path,
                "no state lets this action be carried out",
                "mend its preconditions, or let something bring about what they ask for",
                "whether this action can ever be carried out",
                tuple(p.when for p in action.preconditions),
            )
    for i, event in enumerate(program.events):
        yield _Thing(
            ("event", i),
            ("events", i, "when"),
            "this event never fires",
            "mend its condition, or let something bring about what it asks for",
            "whether this event ever fires",
            (event.when,),
        )
    for place in program.places if world.walks else ():
        yield _Thing(
            ("place", place),
            ("environment", "places", place),
            f"the player never gets to {place}",
            "give a place that can be reached an exit to it, or mend the actions that lead there",
            f"whether the player ever gets to {place}",
            (Attribute(Entity("player"), "at"),),
        )
    for i, milestone in enumerate(program.milestones if world.script.milestones else ()):
        if milestone.when is not None:
            yield _Thing(
                ("milestone", i),
                ("milestones", i, "when"),
                "this milestone is never reached",
                "mend its condition, or let something bring about what it asks for",
                "whether this milestone is ever reached",
                (milestone.when,),
            )


class _Prover:
    """Rules out that things come to pass, even where play goes on past an episode's end."""

    def __init__(self, world: WatchedWorld, starts: Sequence[list[Value]]) -> None:
        self._world, self._starts = world, starts
        self._left = TRANSITIONS_TO_RULE_OUT

    def rules_out(self, thing: _Thing) -> bool:
        """Whether it is certain that a thing never comes to pass."""
        kind, index = thing.what
        if kind != "action":
            return self._never(thing.what, thing.deciding)
        grounded = [a for a in self._world.admissible.actions if a.action.index == index]
        if all(any(part.constant for part in action.conjuncts) for action in grounded):
            return True
        # A single precondition hangs on less than all of them, and is enough.
        for i, condition in enumerate(thing.deciding):
            what: What = ("precondition", i)
            self._world.watched[what] = list(dict.fromkeys(a.preconditions[i][0] for a in grounded))
            never = self._never(what, [condition])
            del self._world.watched[what]
            if never:
                return True
        return len(thing.deciding) > 1 and self._never(thing.what, thing.deciding)

    def _never(self, what: What, deciding: Sequence[Expression]) -> bool:
        world = self._world
        budget = world.budget = min(TRANSITIONS_EACH, self._left)
        kept, world.noted = world.noted, set()
        for values in self._starts:
            world.note(values)
        complete = what in world.noted or _explore(world, self._starts, deciding, {what}, past_ends=True)
        seen, world.noted = what in world.noted, kept
        self._left -= budget - max(0, world.budget)
        return complete and not seen


def _explore(
    world: WatchedWorld,
    starts: Sequence[list[Value]],
    deciding: Sequence[Expression],
    wanted: set[What],
    *,
    past_ends: bool,
) -> bool:
    """Play every action in every state, until all that is wanted was noted, or all states that differ in what decides.

    Returns:
        Whether it came to the end.
    """
    slots = sorted(relevant_slots(world, deciding))
    seen: set[object] = set()
    layer = [values for values in starts if _is_new(values, slots, seen)]
    world.cut = False
    try:
        for _ in range(world.script.max_turns):
            following: list[list[Value]] = []
            for before in layer:
                for action in world.admissible.now(before):
                    for after in outcomes(world, before, action):
                        if _is_new(after, slots, seen) and (past_ends or not _ends(world, after)):
                            following.append(after)
                if wanted <= world.noted:
                    return True
            if not following:
                break
            layer = following
    except Spent:
        return False
    return not world.cut


def _is_new(values: list[Value], slots: Sequence[int], seen: set[object]) -> bool:
    told = [values[slot] for slot in slots]
    kinds = tuple(map(type, told))
    # To Python true is 1, hence the types; lists and mappings are told apart by their texts.
    identity = repr(told) if tuple in kinds or dict in kinds else (kinds, *told)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _ends(world: WatchedWorld, values: list[Value]) -> bool:
    return world.fails(values) or world.succeeds(values)
