"""Effects and texts: what an action does and says, parsed into frozen nodes.

An effect is a text with one assignment, or a mapping with `say`, `when`, `chance` or `for`. A text is a
sentence with `{expressions}` in braces.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from trpg_env.script.expressions import (
    Scope,
    build,
    parse_expression,
    parse_loop,
    parse_text_expression,
    read_in,
)
from trpg_env.script.faults import Path, place_of_path
from trpg_env.script.names import fold, suggestion
from trpg_env.script.nodes import Attribute, Entity, Expression, Item, Literal, Loop, Variable
from trpg_env.script.reading import ExpressionError, unparse

MAX_DEPTH = 20

Text = tuple["str | Expression", ...]
"""A text's literal parts and the expressions between them."""


@dataclass(frozen=True, slots=True)
class Assign:
    """`target op value`: the target is an attribute, or a key (at any depth) of one."""

    target: Attribute | Item
    op: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Say:
    """Adds a text to the observation."""

    text: Text


@dataclass(frozen=True, slots=True)
class When:
    """Effects under a condition."""

    condition: Expression
    then: tuple["Effect", ...]
    otherwise: tuple["Effect", ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """Effects that happen with a probability in [0, 1]; `place` tells its draws from all others'."""

    probability: float
    place: str
    then: tuple["Effect", ...]
    otherwise: tuple["Effect", ...]


@dataclass(frozen=True, slots=True)
class For:
    """Effects for each element of a set that is fixed before the first round."""

    loop: Loop
    then: tuple["Effect", ...]


Effect = Assign | Say | When | Chance | For

Report = Callable[[Path, str], None]
"""Takes a fault: where it is, and what is wrong."""


def parse_effects(value: object, scope: Scope, path: Path, report: Report) -> tuple[Effect, ...]:
    """Parse a list of effects; what is wrong is reported at its own path, the rest is parsed all the same."""
    if value is None:
        return ()
    if not isinstance(value, list):
        report(path, "effects are a list: one text or mapping each")
        return ()
    if sum(isinstance(key, int) for key in path) > MAX_DEPTH:
        report(path, f"effects nest at most {MAX_DEPTH} deep")
        return ()
    effects: list[Effect] = []
    for i, item in enumerate(value):
        here = (*path, i)
        try:
            effects.append(_effect(item, scope, here, report))
        except ExpressionError as error:
            report(here, str(error))
    return tuple(effects)


def _effect(item: object, scope: Scope, path: Path, report: Report) -> Effect:
    if isinstance(item, str):
        return parse_assignment(item, scope)
    if not isinstance(item, dict):
        raise ExpressionError(
            "an effect is a text `x.attribute = …`, or a mapping with say, when, chance or for"
        )
    item = {
        fold(key).replace(" ", "_") if not key.startswith("x-") else key: value for key, value in item.items()
    }
    forms = {
        "say": {"say"},
        "when": {"when", "then", "else"},
        "chance": {"chance", "then", "else"},
        "for": {"for", "then"},
    }
    form = next((form for form in forms if form in item), None)
    if form is None:
        raise ExpressionError(
            f"an effect's mapping has say, when, chance or for, not {', '.join(map(repr, item)) or 'nothing'}"
        )
    for key in item:
        if key not in forms[form] and not key.startswith("x-"):
            raise ExpressionError(f"{key!r} does not go with {form!r}{suggestion(key, forms[form])}")
    if form == "say":
        return Say(parse_text(item["say"], scope))
    if "then" not in item:
        raise ExpressionError(f"{form!r} wants `then: […]`")
    if form == "for":
        loop, inner = parse_loop(item["for"], scope)
        return For(loop, parse_effects(item["then"], inner, (*path, "then"), report))
    then = parse_effects(item["then"], scope, (*path, "then"), report)
    otherwise = parse_effects(item.get("else"), scope, (*path, "else"), report)
    if form == "when":
        return When(parse_expression(item["when"], scope), then, otherwise)
    probability = item["chance"]
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise ExpressionError("a chance is a number from 0 to 1")
    return Chance(float(probability), place_of_path(path), then, otherwise)


def parse_assignment(text: str, scope: Scope) -> Assign:
    """Parse `target = expr`, `target += expr` or `target -= expr`.

    Raises:
        ExpressionError: It is not one of these.
    """
    statement = read_in(text, scope, statement=True)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        op, node = "=", statement.targets[0]
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub):
        op, node = ("+=" if isinstance(statement.op, ast.Add) else "-="), statement.target
    else:
        raise ExpressionError(f"{text!r} is no effect; write `x.attribute = …`, `+= …` or `-= …`")
    assert isinstance(statement, ast.Assign | ast.AugAssign)
    target = parse_target(node, scope)
    return Assign(target, op, build(statement.value, scope))


def parse_target(node: ast.AST, scope: Scope) -> Attribute | Item:
    """The left side of an assignment, or a path of `variations`."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        raise ExpressionError(f"{unparse(node)!r} cannot be set; set an attribute: `x.attribute = …`")
    target = build(node, scope)
    assert isinstance(target, Attribute | Item)
    root: Expression = target
    while isinstance(root, Item):
        root = root.base
    if not isinstance(root, Attribute):
        raise ExpressionError(
            f"{unparse(node)!r} cannot be set; name an attribute first: `x.attribute[key] = …`"
        )
    while isinstance(root, Attribute | Item):
        root = root.base
    if not isinstance(root, Entity | Variable):
        raise ExpressionError(
            f"{unparse(node)!r} cannot be set; a target begins with an entity or a parameter"
        )
    return target


def parse_path(text: str, scope: Scope) -> Attribute | Item:
    """A path such as `tomato.at` or `guard.trust["Ines"]`, as `variations` has it."""
    target = parse_target(read_in(text, scope), scope)
    node: Expression = target
    while isinstance(node, Attribute | Item):
        if isinstance(node, Item) and not isinstance(node.key, Literal):
            raise ExpressionError(f"{text!r}: a path names each key in quotes")
        node = node.base
    return target


def parse_text(value: object, scope: Scope) -> Text:
    """Parse a text with `{expressions}`; `{{` is a brace.

    Raises:
        ExpressionError: An expression in it is not of the language, or a brace is left open.
    """
    if isinstance(value, bool | int | float):
        value = str(value).lower()
    if not isinstance(value, str):
        raise ExpressionError("a text is expected here")
    scope = replace(scope, texts=True)
    parts: list[str | Expression] = []
    literal = ""
    i = 0
    while i < len(value):
        character = value[i]
        if value[i : i + 2] in ("{{", "}}"):
            literal += character
            i += 2
        elif character == "{":
            end = _closing_brace(value, i)
            if literal:
                parts.append(literal)
                literal = ""
            parts.append(parse_text_expression(value[i + 1 : end], scope))
            i = end + 1
        else:
            literal += character
            i += 1
    if literal:
        parts.append(literal)
    return tuple(parts)


def _closing_brace(text: str, start: int) -> int:
    quote = ""
    i = start + 1
    while i < len(text):
        character = text[i]
        if quote:
            i += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "}":
            return i
        i += 1
    raise ExpressionError(f"the brace in {text[start : start + 30]!r} is not closed; write {{{{ for a brace")


def walk_effects(effects: tuple[Effect, ...]) -> Iterator[Effect]:
    """All effects, the nested ones too."""
    for effect in effects:
        yield effect
        match effect:
            case When(_, then, otherwise) | Chance(_, _, then, otherwise):
                yield from walk_effects(then)
                yield from walk_effects(otherwise)
            case For(_, then):
                yield from walk_effects(then)


def expressions_of(effects: tuple[Effect, ...]) -> Iterator[Expression]:
    """The expressions that effects read (an assignment's target apart)."""
    for effect in walk_effects(effects):
        match effect:
            case Assign(_, _, value):
                yield value
            case Say(text):
                yield from (part for part in text if not isinstance(part, str))
            case When(condition, _, _):
                yield condition
            case For(loop, _):
                yield from (loop.source, *loop.conditions)
