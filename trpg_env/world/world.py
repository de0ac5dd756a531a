"""A script's world in play: one action on one state → one ruling.

A `World` is what a script compiles to. It holds nothing of an episode: states are handed in and given back, and
the same world plays any number of episodes. The order of a turn: find the action, preconditions, effects,
events, progress, failure, completion.
"""

from collections.abc import Sequence
from typing import Any

from trpg_env.sandbox import Sandbox
from trpg_env.script.model import Script
from trpg_env.script.program import Condition, ErrorKind, Program, Setting
from trpg_env.script.templates import normalise
from trpg_env.world.admissible import Admissible
from trpg_env.world.code import OUTSIDE, Function, Names
from trpg_env.world.compile import Compiler
from trpg_env.world.fate import Fate, draw
from trpg_env.world.grounding import GroundAction, Grounder
from trpg_env.world.layout import Layout
from trpg_env.world.reads import slots_read
from trpg_env.world.resolution import Refusal, Resolver
from trpg_env.world.ruling import Ruling, State, erroneous
from trpg_env.world.statements import Render, Run, Statements, Turn
from trpg_env.world.values import Value, plain, put, thaw

_NOWHERE_ELSE = Names({}, {})
_MAX_STARTS = 1_000

_new = tuple.__new__
"""Makes a named tuple from a tuple of its fields, at a third of what its own constructor costs."""


class NotGrounded(ValueError):
    """A narrative script was given where the engine would have to play it."""


class World:
    """A grounded script, compiled.

    Args:
        script: The script.
        sandbox: Where its patterns and code run; it stays the caller's.

    Attributes:
        grounded: True; a `NarrativeWorld` says False.
        script: The script.
        program: What it means.
        layout: Where a state's values stand.
        grounder: Makes its ground actions.
        admissible: Lists the actions that would be carried out in a state.

    Raises:
        NotGrounded: The script is a narrative one.

    Example:
        >>> from trpg_env.sandbox import Sandbox
        >>> from trpg_env.script import load_script
        >>> from trpg_env.world.fate import SeededFate
        >>> with Sandbox() as sandbox:
        ...     world = World(load_script("cool-tomato", sandbox=sandbox), sandbox)
        ...     state = world.begin(variation=0)
        ...     ruling = world.rule(state, "go west", SeededFate(0, 0))
        >>> ruling.error, ruling.state.turn
        (None, 1)
    """

    grounded = True

    def __init__(self, script: Script, sandbox: Sandbox) -> None:
        program = script.program
        if not program.grounded:
            raise NotGrounded(f'{script.name} is a narrative script: only dm="llm" can play its world')
        self.script = script
        self.program: Program = program
        self.layout = Layout(program)
        self.sandbox = sandbox
        compiler = Compiler(program, self.layout)
        statements = Statements(compiler, self.layout)
        self.look = compiler.look
        self.grounder = Grounder(program, compiler, statements)
        self.resolver = Resolver(program, self.grounder, self.layout, sandbox)
        self.admissible = Admissible(self.grounder, self.resolver)
        self._table = self.resolver.table
        self._completion = list(enumerate(_conditions(compiler, program.completion)))
        self._failure = _conditions(compiler, program.failure)
        self._milestones = _conditions(compiler, program.milestones)
        self._watch, self._always = _watches(program, self.layout)
        self._starts: dict[int, State] = {}
        self._events: list[tuple[Function, Run, Render | None]] = [
            (
                compiler.expression(event.when, _NOWHERE_ELSE),
                statements.effects(event.effects, _NOWHERE_ELSE),
                None if event.observation is None else statements.text(event.observation, _NOWHERE_ELSE),
            )
            for event in program.events
        ]

    def variation_of(self, seed: int) -> int:
        """The variation that a seed draws."""
        return int(draw(seed, "variations") * self.program.variation_count)

    def settings(self, variation: int) -> list[Setting]:
        """What a variation sets, the last path fastest.

        Raises:
            ValueError: There is no variation of this number.
        """
        count = self.program.variation_count
        if not 0 <= variation < count:
            raise ValueError(f"variation {variation} is not one of 0 to {count - 1}")
        chosen: list[tuple[Setting, ...]] = []
        for axis in reversed(self.program.variations):
            variation, i = divmod(variation, len(axis))
            chosen.append(axis[i])
        return [setting for settings in reversed(chosen) for setting in settings]

    def begin(self, variation: int) -> State:
        """The state at the start of an episode."""
        start = self._starts.get(variation)
        if start is None:
            start = self._begin(variation)
            if len(self._starts) < _MAX_STARTS:
                self._starts[variation] = start
        # Who is handed the state may do with its values what they like.
        return start._replace(values=start.values.copy())

    def _begin(self, variation: int) -> State:
        values = list(self.layout.start)
        for setting in self.settings(variation):
            slot = self.layout.slots[setting.attribute][setting.entity]
            values[slot] = put(values[slot], setting.keys, setting.value)
        return self.judge(values)

    def judge(self, values: list[Value]) -> State:
        """A state at the start of play from its values: milestones that hold already do not count."""
        pending = tuple(i for i, holds in enumerate(self._milestones) if not holds(values, OUTSIDE))
        return State(values, self.layout.hash(values), pending, len(pending), self._completed(values), 0.0)

    def rule(self, state: State, text: str, fate: Fate) -> Ruling:
        """Carry out one action.

        Args:
            state: The state before; it stays as it is.
            text: What the player wrote.
            fate: Decides the turn's chances.

        Raises:
            VerificationFailed: The script's pattern or code did not answer; nothing has changed.
        """
        meaning = self._table.get(text)
        if meaning is None:
            text = normalise(text)
            meaning = self.resolver.resolve(text, state.values)
        if meaning.__class__ is Refusal:
            return self._refused(state, text, meaning)
        action: GroundAction = meaning  # type: ignore[assignment]
        values = state.values
        for holds, error, message in action.preconditions:
            if not holds(values, OUTSIDE):
                said = message(values, OUTSIDE) if message else _DEFAULT_MESSAGE[error].format(action.text)
                return erroneous(state, text, action.name, action.parameters, error, said)
        values = values.copy()
        values[0] += 1
        touched: list[int] = []
        observation = self._play(values, action, _new(Turn, (fate, touched, [])))
        after, failure = self._judged(state, values, touched)
        progress = after.progress
        success = not failure and len(after.completed) == len(self._completion)
        return _new(
            Ruling,
            (
                text,
                action.name,
                action.parameters,
                None,
                "",
                observation,
                after,
                success,
                failure,
                1.0 if success else progress,
                state.progress,
            ),
        )

    def obstacle(self, values: list[Value], action: GroundAction) -> ErrorKind | None:
        """The error that an action would be in a state; None where it would be carried out."""
        for holds, error, _ in action.preconditions:
            if not holds(values, OUTSIDE):
                return error
        return None

    def _play(self, values: list[Value], action: GroundAction, turn: Turn) -> str:
        """Run an action's effects and the events on `values`; what the player sees of it."""
        action.effects(values, OUTSIDE, turn)
        said, seen = turn.said, action.observation
        if seen is not None:
            observation = seen(values, OUTSIDE)
            if said:
                observation = " ".join([observation, *said])
        else:
            observation = " ".join(said) if said else f"Done: {action.text}."
        for when, effects, text in self._events:
            if when(values, OUTSIDE):
                turn = Turn(turn.fate, turn.touched, [])
                effects(values, OUTSIDE, turn)
                parts = [text(values, OUTSIDE)] if text is not None else []
                parts += turn.said or ()
                if parts:
                    observation = f"{observation}\n{' '.join(parts)}"
        return observation

    def _judged(self, before: State, values: list[Value], touched: list[int]) -> tuple[State, bool]:
        """The state after an action that was carried out, and whether the episode is lost in it."""
        old, total, token = before.values, before.hash, self.layout.token
        due, watch = self._always, self._watch
        for slot in touched if len(touched) < 2 else set(touched):
            if values[slot] is not old[slot]:
                total ^= token(slot, old[slot]) ^ token(slot, values[slot])
                due |= watch[slot]
        _, _, pending, counted, completed, progress = before
        if due:
            milestones = self._milestones
            for i in pending:
                if due >> i & 1 and milestones[i](values, OUTSIDE):
                    pending = tuple([k for k in pending if not milestones[k](values, OUTSIDE)])
                    progress = (counted - len(pending)) / counted
                    break
            if due >> len(milestones):
                completed = tuple([i for i, holds in self._completion if holds(values, OUTSIDE)])
        after = _new(State, (values, total, pending, counted, completed, progress))
        return after, self.fails(values) if self._failure else False

    def refuse(self, state: State, text: str, message: str) -> Ruling:
        """A turn whose text was refused before it reached the script: a parameter error."""
        return self._refused(state, text, Refusal(message))

    @staticmethod
    def _refused(state: State, text: str, refusal: Refusal) -> Ruling:
        return erroneous(
            state, text, refusal.name, dict(refusal.parameters or {}), "parameter", refusal.message
        )

    def _completed(self, values: list[Value]) -> tuple[int, ...]:
        return tuple([i for i, holds in self._completion if holds(values, OUTSIDE)])

    def transition(self, values: list[Value], action: GroundAction, fate: Fate) -> list[Value]:
        """The values after an action that can be carried out, nothing said: the same as `rule`, for searching."""
        turn = Turn(fate, [], None)
        values = values.copy()
        values[0] += 1
        action.effects(values, OUTSIDE, turn)
        for when, effects, _ in self._events:
            if when(values, OUTSIDE):
                effects(values, OUTSIDE, turn)
        return values

    def succeeds(self, values: list[Value]) -> bool:
        """Whether the goal is reached in a state."""
        return not self.fails(values) and all(holds(values, OUTSIDE) for _, holds in self._completion)

    def fails(self, values: list[Value]) -> bool:
        """Whether a state ends the episode without success."""
        for fails in self._failure:  # noqa: SIM110 - a generator would cost more than the conditions
            if fails(values, OUTSIDE):
                return True
        return False

    def unmet(self, values: list[Value]) -> int:
        """How many milestones and completion conditions do not hold in a state."""
        conditions = [*self._milestones, *(holds for _, holds in self._completion)]
        return sum(not holds(values, OUTSIDE) for holds in conditions)

    def is_sound(self, state: State) -> bool:
        """Whether the parts of a loaded state agree: what is completed holds."""
        return self._completed(state.values) == state.completed

    def save(self, state: State) -> dict[str, Any]:
        """A state as JSON-like data."""
        world = {
            e: {a: plain(x) for a, x in of.items()} for e, of in self.layout.by_entity(state.values).items()
        }
        return {
            "turn": state.turn,
            "world": world,
            "pending": list(state.pending),
            "counted": state.counted,
            "completed": list(state.completed),
        }

    def load(self, data: dict[str, Any]) -> State:
        """A state from what `save` gave.

        Raises:
            ValueError: It is not a state of this script.
        """
        values: list[Value] = [None] * len(self.layout.start)
        try:
            values[0] = int(data["turn"])
            for entity, attributes in data["world"].items():
                for attribute, value in attributes.items():
                    values[self.layout.slots[attribute][entity]] = thaw(value)
            pending, completed = tuple(map(int, data["pending"])), tuple(map(int, data["completed"]))
            counted = int(data["counted"])
            if list(pending) != sorted(set(pending) & set(range(len(self._milestones)))):
                raise ValueError(
                    f"not a state of the script {self.script.name!r}: its pending milestones are {pending}"
                )
            if not len(pending) <= counted <= len(self._milestones):
                raise ValueError(
                    f"not a state of the script {self.script.name!r}: {counted} milestones count"
                )
            progress = (counted - len(pending)) / counted if counted else 0.0
            return State(values, self.layout.hash(values), pending, counted, completed, progress)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a state of the script {self.script.name!r}: {error!r}") from None


_DEFAULT_MESSAGE = {
    "place": "You cannot do this here: {}.",
    "logic": "You cannot do this now: {}.",
    "parameter": "This is not a valid action: {}.",
}


def _watches(program: Program, layout: Layout) -> tuple[list[int], int]:
    """Which conditions may change when a slot is set, one bit each: milestones first, then completion conditions.

    Returns:
        The bits by slot, and those of the conditions that may change in any turn.
    """
    watch, always = [0] * len(layout.names), 0
    for i, condition in enumerate((*program.milestones, *program.completion)):
        assert condition.when is not None, "a grounded script"
        slots = slots_read(condition.when, program, layout)
        if slots is None:
            always |= 1 << i
        for slot in slots or ():
            watch[slot] |= 1 << i
    return watch, always


def _conditions(compiler: Compiler, conditions: Sequence[Condition]) -> list[Function]:
    return [compiler.expression(c.when, _NOWHERE_ELSE) for c in conditions if c.when is not None]
