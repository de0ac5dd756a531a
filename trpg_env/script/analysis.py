"""From what a script's file says to what it means, with every fault reported at its place.

`analyse` resolves names, parses expressions and effects, reads domains, and has the sandbox look at patterns
and code. It stops at nothing: all faults of a script are found in one run.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trpg_env.sandbox import Sandbox, SourceRejected
from trpg_env.script.definitions import Definitions
from trpg_env.script.domains import Domain, DomainError, free, parse_domain
from trpg_env.script.effects import (
    Assign,
    Effect,
    Text,
    expressions_of,
    parse_effects,
    parse_text,
    walk_effects,
)
from trpg_env.script.environment import Environment, read_environment, read_names, read_variations
from trpg_env.script.expressions import MAX_NODES, Scope, parse_expression
from trpg_env.script.faults import Path
from trpg_env.script.names import TAKEN, fold, suggestion
from trpg_env.script.nodes import Attribute, Call, Entity, Expression, Item
from trpg_env.script.nodes import Literal as LiteralExpression
from trpg_env.script.program import (
    Action,
    Code,
    Condition,
    ErrorKind,
    Event,
    Pattern,
    Precondition,
    Program,
)
from trpg_env.script.reading import ExpressionError
from trpg_env.script.templates import Template, TemplateError, parse_template

if TYPE_CHECKING:
    from trpg_env.script import model
    from trpg_env.script.model import Script

MAX_PLACEHOLDERS = 12
_PYTHON = re.compile(r"^\s*(async\s+def|def|import|from\s+\w+\s+import)\s", re.MULTILINE)
_GROUNDED_ONLY = ("opening", "define", "events", "variations", "failure_conditions", "milestones")

Report = Callable[[Path, str], None]


def analyse(script: "Script", sandbox: Sandbox, report: Report) -> Program:
    """Make a script's program.

    Args:
        script: The script as written.
        sandbox: Where patterns and code are compiled.
        report: Takes each fault. A program for which anything was reported must not be played.
    """
    return _Analysis(script, sandbox, report).program()


class _Analysis:
    def __init__(self, script: "Script", sandbox: Sandbox, report: Report) -> None:
        self._script, self._sandbox, self._report = script, sandbox, report
        self._definitions = Definitions()

    def program(self) -> Program:
        script = self._script
        self._grounded = self._is_grounded()
        if not self._grounded:
            return self._narrative()
        environment = read_environment(script.environment, self._report)
        self._environment = environment
        kinds = {fold(kind): kind for kind in environment.kinds}
        scope = Scope(environment.spellings, kinds | {"items": "items", "places": "places"})
        names = {*environment.spellings, *kinds}
        self._scope = self._definitions.read(script.define, names, scope, self._report)
        actions = self._actions()
        events = tuple(self._event(i, event) for i, event in enumerate(script.events))
        completion = self._conditions("completion_conditions", script.completion_conditions)
        written = (
            e for effects in [*(a.effects for a in actions), *(v.effects for v in events)] for e in effects
        )
        return Program(
            grounded=True,
            actions=actions,
            entities=environment.entities,
            kinds={"items": (), "places": ()} | environment.kinds,
            kind_of=environment.kind_of,
            spellings=environment.spellings,
            definitions=self._definitions.found,
            completion=completion,
            failure=self._conditions("failure_conditions", script.failure_conditions),
            milestones=self._conditions("milestones", script.milestones) if script.milestones else completion,
            events=events,
            variations=read_variations(script.variations, environment, self._scope, self._report),
            attributes=frozenset(a for attributes in environment.entities.values() for a in attributes).union(
                *(attributes_written(e) for e in walk_effects(tuple(written)) if isinstance(e, Assign))
            ),
            opening=self._text(script.opening, self._scope, ("opening",)),
        )

    def _is_grounded(self) -> bool:
        script = self._script
        lists = {
            "completion_conditions": script.completion_conditions,
            "failure_conditions": script.failure_conditions,
            "milestones": script.milestones,
        }
        kinds = {c.when is not None for conditions in lists.values() for c in conditions}
        if len(kinds) == 2:
            for name, conditions in lists.items():
                for i, condition in enumerate(conditions):
                    if condition.when is None:
                        self._report(
                            (name, i), "conditions with and without `when` are mixed; give every one a `when`"
                        )
        grounded = True in kinds
        if grounded and not script.completion_conditions:
            self._report(("completion_conditions",), "no condition says when the goal is reached")
        if not grounded:
            self._refuse_in_narrative()
        return grounded

    def _refuse_in_narrative(self) -> None:
        script = self._script
        instead = (
            "is for the engine, but no condition has a `when`; give each of completion_conditions a `when`"
        )
        for name in _GROUNDED_ONLY:
            if name not in ("failure_conditions", "milestones") and getattr(script, name):
                self._report((name,), f"{name} {instead}")
        for key, action in script.available_actions.items():
            for name in ("preconditions", "effects", "observation"):
                if getattr(action, name):
                    self._report(("available_actions", key, name), f"{name} {instead}")

    def _narrative(self) -> Program:
        script = self._script
        self._environment = read_names(script.environment)
        self._scope = Scope(entities={}, kinds={})

        def sentences(conditions: list["model.Condition"]) -> tuple[Condition, ...]:
            return tuple(Condition(c.text or "", None) for c in conditions)

        completion = sentences(script.completion_conditions) or (Condition(script.goal, None),)
        return Program(
            grounded=False,
            actions=self._actions(),
            kinds=self._environment.kinds,
            completion=completion,
            failure=sentences(script.failure_conditions),
            milestones=sentences(script.milestones) or completion,
        )

    def _parse(self, value: object, scope: Scope, path: Path) -> Expression:
        try:
            expression = parse_expression(value, scope)
        except ExpressionError as error:
            self._report(path, str(error))
            return LiteralExpression(None)
        self._check_size(expression, path)
        return expression

    def _check_size(self, expression: Expression, path: Path) -> None:
        size = self._definitions.size(expression)
        if size > MAX_NODES:
            self._report(
                path, f"with its definitions written out it has {size:,} parts; at most {MAX_NODES:,}"
            )

    def _effects(self, value: object, scope: Scope, path: Path) -> tuple[Effect, ...]:
        effects = parse_effects(value, scope, path, self._report)
        for expression in expressions_of(effects):
            self._check_size(expression, path)
        return effects

    def _text(self, value: str | None, scope: Scope, path: Path) -> Text | None:
        if value is None:
            return None
        try:
            text = parse_text(value, scope)
        except ExpressionError as error:
            self._report(path, str(error))
            return ()
        for part in text:
            if not isinstance(part, str):
                self._check_size(part, path)
        return text

    def _conditions(self, name: str, conditions: list["model.Condition"]) -> tuple[Condition, ...]:
        return tuple(
            Condition(c.text or str(c.when), self._parse(c.when, self._scope, (name, i, "when")))
            for i, c in enumerate(conditions)
        )

    def _event(self, i: int, event: "model.Event") -> Event:
        path: Path = ("events", i)
        return Event(
            self._parse(event.when, self._scope, (*path, "when")),
            self._effects(event.effects, self._scope, (*path, "effects")),
            self._text(event.observation, self._scope, (*path, "observation")),
        )

    def _actions(self) -> tuple[Action, ...]:
        actions: list[Action] = []
        seen: dict[str, str] = {}
        for key, action in self._script.available_actions.items():
            path: Path = ("available_actions", key)
            try:
                template = parse_template(key)
            except TemplateError as error:
                self._report(path, str(error))
                continue
            if fold(template.text) in seen:
                self._report(path, f"the action is given twice (as {seen[fold(template.text)]!r} too)")
                continue
            seen[fold(template.text)] = key
            if len(template.placeholders) > MAX_PLACEHOLDERS:
                self._report(path, f"an action has at most {MAX_PLACEHOLDERS} placeholders")
                continue
            actions.append(self._action(len(actions), key, template, action, path))
        return tuple(actions)

    def _action(self, index: int, key: str, template: Template, action: "model.Action", path: Path) -> Action:
        variables = {"_".join(p.split()): p for p in template.placeholders}
        if self._scope.entities:
            for name in TAKEN & set(variables):
                self._report(path, f"the placeholder {{{name}}} has a name of the language; choose another")
        scope = Scope(self._scope.entities, self._scope.kinds, self._scope.definitions, variables)
        if not self._grounded:
            action = action.model_copy(update={"preconditions": [], "effects": [], "observation": None})
        preconditions = []
        for i, precondition in enumerate(action.preconditions):
            here: Path = (*path, "preconditions", i)
            when = self._parse(precondition.when, scope, (*here, "when"))
            message = self._text(precondition.message, scope, (*here, "message"))
            preconditions.append(Precondition(when, precondition.error or self._default_error(when), message))
        return Action(
            index=index,
            key=key,
            template=template,
            description=action.description or "",
            domains=self._domains(template, action, path),
            verification=self._verification(template, action.verification_code, (*path, "verification_code")),
            preconditions=tuple(preconditions),
            effects=self._effects(action.effects, scope, (*path, "effects")),
            observation=self._text(action.observation, scope, (*path, "observation")),
        )

    def _default_error(self, when: Expression) -> ErrorKind:
        for node in self._definitions.walk_through(when):
            if isinstance(node, Call) and node.function in ("place_of", "visible"):
                return "place"
            if node == Attribute(Entity("player"), "at"):
                return "place"
        return "logic"

    def _domains(self, template: Template, action: "model.Action", path: Path) -> tuple[Domain, ...]:
        placeholders = {fold(p): p for p in template.placeholders}
        specs: dict[str, tuple[str, Any]] = {}
        for name, spec in action.parameters.items():
            if fold(name) not in placeholders:
                hint = suggestion(name, template.placeholders) or f"; write {{{name}}} into the action's name"
                self._report((*path, "parameters", name), f"the action has no placeholder {{{name}}}{hint}")
            specs[fold(name)] = (name, spec)
        domains: list[Domain] = []
        environment: Environment = self._environment
        kinds = {fold(kind): members for kind, members in environment.kinds.items()}
        for folded, placeholder in placeholders.items():
            name, spec = specs.get(folded, (placeholder, None))
            try:
                domains.append(parse_domain(spec, placeholder, kinds, environment.spellings))
            except DomainError as error:
                # Models describe free text in words where the paper's format has a list of values.
                if self._grounded or not (spec == [] or isinstance(spec, str)):
                    self._report((*path, "parameters", name), str(error))
                domains.append(free(placeholder))
        return tuple(domains)

    def _verification(self, template: Template, source: str | None, path: Path) -> Pattern | Code | None:
        if source is None or not source.strip():
            return None
        try:
            if _PYTHON.search(source):
                self._sandbox.check(source)
                return Code(source)
            groups = self._sandbox.groups(source)
        except SourceRejected as error:
            self._report(path, str(error))
            return None
        left = {fold(p): p for p in template.placeholders}
        filled: dict[str | int, str] = {}
        for group in groups:
            if isinstance(group, str):
                placeholder = left.pop(fold(group), None)
                if placeholder is None:
                    hint = (
                        suggestion(group, template.placeholders) or "; name it in the action, or write (?:…)"
                    )
                    self._report(path, f"the group {group!r} of the pattern has no placeholder{hint}")
                else:
                    filled[group] = placeholder
        waiting = list(left.values())
        for group in groups:
            if isinstance(group, int) and waiting:
                filled[group] = waiting.pop(0)
        return Pattern(source, tuple(filled.items()), not waiting)


def attributes_written(effect: Assign) -> frozenset[str]:
    """The attributes that an assignment may set: the last one named, and keys that may name one."""
    names: set[str | None] = set()
    node: Expression = effect.target
    while isinstance(node, Item):
        names.add(step_name(node))
        node = node.base
    if isinstance(node, Attribute):
        names.add(node.name)
    return frozenset(name for name in names if name is not None)


def step_name(step: Attribute | Item) -> str | None:
    """The attribute that a step may read or set, where it is written out."""
    if isinstance(step, Attribute):
        return step.name
    key = step.key.value if isinstance(step.key, LiteralExpression) else None
    return key if isinstance(key, str) else None
