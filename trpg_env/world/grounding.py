"""Ground actions: an action with a value for each placeholder, compiled when it is first needed."""

from collections.abc import Iterator
from functools import cached_property

from trpg_env.script.domains import Value, iterate
from trpg_env.script.nodes import And, Expression, Variable, walk
from trpg_env.script.program import Action, ErrorKind, Program
from trpg_env.world.code import Code, Function, Names
from trpg_env.world.compile import Compiler
from trpg_env.world.statements import Render, Run, Statements

MAX_GROUND = 200_000
"""How many ground actions are enumerated at most."""


class TooManyActions(ValueError):
    """A script has more ground actions than are ever listed."""


class GroundAction:
    """An action with its values; its parts are compiled one by one, on first use."""

    def __init__(self, action: Action, values: tuple[Value, ...], grounder: "Grounder") -> None:
        self.action = action
        self.name = action.template.text
        self.text = action.template.fill([v.spelling for v in values])
        self.parameters = {p: v.spelling for p, v in zip(action.template.placeholders, values, strict=True)}
        self._names = Names(
            {p: v.value for p, v in zip(action.template.placeholders, values, strict=True)}, {}
        )
        self._grounder = grounder

    @cached_property
    def preconditions(self) -> tuple[tuple[Function, ErrorKind, Render | None], ...]:
        """In script order: the condition, the error that its failing is, and what the player is told."""
        statements = self._grounder.statements
        return tuple(
            (
                self._grounder.condition(p.when, self._names).run,
                p.error,
                None if p.message is None else statements.text(p.message, self._names),
            )
            for p in self.action.preconditions
        )

    @cached_property
    def conjuncts(self) -> tuple[Code, ...]:
        """The preconditions' parts, all of which must hold; those that always hold are left out."""
        found: list[Code] = []
        waiting = [p.when for p in reversed(self.action.preconditions)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, And):
                waiting += reversed(node.operands)
                continue
            code = self._grounder.condition(node, self._names)
            if not (code.constant and code.value):
                found.append(code)
        return tuple(found)

    @cached_property
    def effects(self) -> Run:
        """What the action changes."""
        return self._grounder.statements.effects(self.action.effects, self._names)

    @cached_property
    def observation(self) -> Render | None:
        """What the player sees; None where the action has no `observation`."""
        text = self.action.observation
        return None if text is None else self._grounder.statements.text(text, self._names)


class Grounder:
    """Makes ground actions; conditions that are equal once their values are filled in share one closure."""

    def __init__(self, program: Program, compiler: Compiler, statements: Statements) -> None:
        self._program = program
        self._compiler = compiler
        self.statements = statements
        self._conditions: dict[tuple[object, ...], Code] = {}
        self._variables: dict[int, tuple[str, ...]] = {}

    def condition(self, node: Expression, names: Names) -> Code:
        """Compile a condition of an action, or find it compiled."""
        variables = self._variables.get(id(node))
        if variables is None:
            variables = tuple(
                {n.name for n in walk(node) if isinstance(n, Variable) and n.name in names.known}
            )
            self._variables[id(node)] = variables
        # Equal nodes of different actions have equal values, hence the node itself and not its id.
        key = (node, *((v, names.known[v].__class__, names.known[v]) for v in variables))
        code = self._conditions.get(key)
        if code is None:
            if len(self._conditions) > MAX_GROUND:
                self._conditions.clear()
            code = self._conditions[key] = self._compiler.condition(node, names)
        return code

    def ground(self, action: Action, values: tuple[Value, ...]) -> GroundAction:
        """One ground action."""
        return GroundAction(action, values, self)

    def count(self) -> int:
        """How many ground actions there are, the examples of free texts counted as their values."""
        total = 0
        for action in self._program.actions:
            product = 1
            for domain in action.domains:
                product *= len(domain.samples)
            total += product
        return total

    def require_listable(self) -> None:
        """See to it that there are not too many ground actions to list.

        Raises:
            TooManyActions: There are more than `MAX_GROUND`.
        """
        count = self.count()
        if count > MAX_GROUND:
            raise TooManyActions(
                f"the script has {count:,} ground actions; at most {MAX_GROUND:,} are listed"
            )

    def all(self) -> Iterator[GroundAction]:
        """Every ground action, in script order.

        Raises:
            TooManyActions: There are more than `MAX_GROUND`.
        """
        self.require_listable()
        for action in self._program.actions:
            for values in iterate(action.domains):
                yield self.ground(action, values)
