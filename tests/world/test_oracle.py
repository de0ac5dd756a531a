"""The engine against a planner's simulator: the same random scripts, written twice, walked step by step.

A script is first a small tree of tuples. It is rendered as our expressions and built as a `unified_planning`
problem; neither is made from the other. Effects of an action read nothing that an earlier one wrote, since a
planner's effects happen at once. Loops are written out for the planner, thing by thing.
"""

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from trpg_env.world import SeededFate, World

up = pytest.importorskip("unified_planning.shortcuts")
from unified_planning.engines.sequential_simulator import UPSequentialSimulator  # noqa: E402

up.get_environment().credits_stream = None

SCRIPTS = 40
STEPS = 12
Tree = tuple[Any, ...]
ATTRIBUTES = ("lit", "wet", "n", "m", "to", "by")
BOOLEANS, NUMBERS, OBJECTS = ATTRIBUTES[:2], ATTRIBUTES[2:4], ATTRIBUTES[4:]


class Maker:
    """Makes random trees. Terms: a variable's or an entity's name, or `("of", attribute, term)`."""

    def __init__(self, rng: random.Random, things: list[str]) -> None:
        self.rng, self.things = rng, things

    def term(self, names: list[str], chain: int = 1, without: frozenset[str] = frozenset()) -> Any:
        objects = [a for a in OBJECTS if a not in without]
        if chain and objects and self.rng.random() < 0.3:
            return ("of", self.rng.choice(objects), self.term(names, chain - 1, without))
        return (
            self.rng.choice(names or self.things)
            if self.rng.random() < 0.85
            else self.rng.choice(self.things)
        )

    def number(self, names: list[str], depth: int, without: frozenset[str]) -> Tree:
        numbers = [a for a in NUMBERS if a not in without]
        form = self.rng.randrange(5) if depth and numbers else 0
        if form == 0 or not numbers:
            return ("number", self.rng.randint(-3, 3))
        if form <= 2:
            return ("value", self.rng.choice(numbers), self.term(names, 1, without))
        if form == 3:
            op = self.rng.choice("+-")
            return (op, self.number(names, depth - 1, without), self.number(names, depth - 1, without))
        return self.rng.choice(
            [
                ("*", self.rng.randint(-2, 2), self.number(names, depth - 1, without)),
                ("sum", self.rng.choice(numbers)),
            ]
        )

    def condition(self, names: list[str], depth: int, without: frozenset[str] = frozenset()) -> Tree:
        rng = self.rng
        form = rng.randrange(9) if depth else rng.randrange(4)
        booleans = [a for a in BOOLEANS if a not in without]
        if form == 0 and booleans:
            return ("is", rng.choice(booleans), self.term(names, 2, without))
        if form == 1:
            op = rng.choice(["<", "<=", ">", ">=", "==", "!="])
            return ("compare", op, self.number(names, 2, without), self.number(names, 2, without))
        if form <= 3:
            other = None if rng.random() < 0.25 else self.term(names, 1, without)
            return ("same", rng.choice(["==", "!="]), self.term(names, 1, without), other)
        if form == 4:
            return ("not", self.condition(names, depth - 1, without))
        if form <= 6:
            parts = [self.condition(names, depth - 1, without) for _ in range(rng.randint(2, 3))]
            return ("and" if form == 5 else "or", *parts)
        variable = f"v{len(names)}"
        body = self.condition([*names, variable, variable], depth - 1, without)
        guard = self.condition([*names, variable], 0, without) if rng.random() < 0.4 else None
        return (rng.choice(["any", "all"]), variable, guard, body)

    def value(self, attribute: str, names: list[str], without: frozenset[str]) -> Any:
        if attribute in BOOLEANS:
            return self.condition(names, 1, without)
        if attribute in NUMBERS:
            return self.number(names, 2, without)
        return None if self.rng.random() < 0.25 else self.term(names, 1, without)

    def effects(self, names: list[str]) -> list[Tree]:
        """Effects on different attributes, none of which reads what is written before it."""
        rng, found = self.rng, []
        written: frozenset[str] = frozenset()
        for attribute in rng.sample(ATTRIBUTES, rng.randint(1, 3)):
            target = rng.choice(names or self.things)
            op = rng.choice(["=", "+=", "-="]) if attribute in NUMBERS else "="
            form = rng.randrange(4)
            if form == 0:
                condition = self.condition(names, 2, written)
                other = rng.choice(names or self.things)
                values = [self.value(attribute, names, written) for _ in range(2)]
                found.append(
                    (
                        "when",
                        condition,
                        ("set", attribute, target, op, values[0]),
                        ("set", attribute, other, op, values[1]),
                    )
                )
            elif form == 1:
                condition = self.condition([*names, "each"], 1, written)
                value = self.value(attribute, [*names, "each"], written | {attribute})
                found.append(("for", "each", condition, ("set", attribute, "each", op, value)))
            else:
                found.append(("set", attribute, target, op, self.value(attribute, names, written)))
            written |= {attribute}
        return found

    def script(self) -> dict[str, Any]:
        actions = {}
        for i in range(self.rng.randint(2, 4)):
            names = ["x", "y"][: self.rng.choice([0, 1, 1, 2, 2])]
            actions[f"act{i}"] = {
                "names": names,
                "preconditions": [self.condition(names, 2) for _ in range(self.rng.choice([0, 1, 1, 2]))],
                "effects": self.effects(names),
            }
        start = {
            thing: {
                **{a: self.rng.random() < 0.5 for a in BOOLEANS},
                **{a: self.rng.randint(-2, 3) for a in NUMBERS},
                **{a: self.rng.choice([None, *self.things]) for a in OBJECTS},
            }
            for thing in self.things
        }
        return {"start": start, "actions": actions, "goal": [self.condition([], 2) for _ in range(2)]}


# Our side: texts


class Texts:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.define: dict[str, str] = {}

    def of(self, attribute: str, term: Any) -> str:
        base = self.term(term)
        return self.rng.choice([f"{base}.{attribute}", f'{base}["{attribute}"]'])

    def term(self, term: Any) -> str:
        if term is None:
            return self.rng.choice(["null", "nowhere"])
        return self.of(term[1], term[2]) if isinstance(term, tuple) else str(term)

    def number(self, tree: Tree) -> str:
        match tree:
            case ("number", n):
                return f"({n})"
            case ("value", attribute, term):
                return f"({self.of(attribute, term)} + 0)"
            case ("*", n, part):
                return f"({n} * {self.number(part)})"
            case ("sum", attribute):
                return f"sum(k.{attribute} for k in things)"
            case (op, a, b):
                return f"({self.number(a)} {op} {self.number(b)})"
        raise AssertionError(tree)

    def condition(self, tree: Tree, names: list[str]) -> str:
        text = self._condition(tree, names)
        if self.rng.random() < 0.2:
            name = f"d{len(self.define)}"
            self.define[f"{name}({', '.join(names)})" if names else name] = text
            return f"{name}({', '.join(names)})" if names else name
        return text

    def _condition(self, tree: Tree, names: list[str]) -> str:
        match tree:
            case ("is", attribute, term):
                return self.of(attribute, term)
            case ("compare", op, a, b):
                return f"{self.number(a)} {op} {self.number(b)}"
            case ("same", op, a, b):
                return f"{self.term(a)} {op} {self.term(b)}"
            case ("not", part):
                return f"not ({self.condition(part, names)})"
            case ("and" | "or" as joint, *parts):
                return f" {joint} ".join(f"({self.condition(p, names)})" for p in parts)
            case ("any" | "all" as function, variable, guard, body):
                inner = [*names, variable]
                condition = "" if guard is None else f" if {self.condition(guard, inner)}"
                return f"{function}({self.condition(body, inner)} for {variable} in things{condition})"
        raise AssertionError(tree)

    def value(self, attribute: str, value: Any, names: list[str]) -> str:
        if attribute in BOOLEANS:
            return f"not not ({self.condition(value, names)})"
        return self.number(value) if attribute in NUMBERS else self.term(value)

    def effect(self, tree: Tree, names: list[str]) -> Any:
        match tree:
            case ("set", attribute, target, op, value):
                return f"{target}.{attribute} {op} {self.value(attribute, value, names)}"
            case ("when", condition, then, otherwise):
                return {
                    "when": self.condition(condition, names),
                    "then": [self.effect(then, names)],
                    "else": [self.effect(otherwise, names)],
                }
            case ("for", variable, condition, then):
                inner = [*names, variable]
                return {
                    "for": f"{variable} in things if {self.condition(condition, inner)}",
                    "then": [self.effect(then, inner)],
                }
        raise AssertionError(tree)

    def script(self, script: dict[str, Any]) -> dict[str, Any]:
        actions = {}
        for name, action in script["actions"].items():
            names = action["names"]
            actions[" ".join([name, *(f"{{{n}}}" for n in names)])] = {
                "parameters": dict.fromkeys(names, "things"),
                "preconditions": [{"when": self.condition(c, names)} for c in action["preconditions"]],
                "effects": [self.effect(e, names) for e in action["effects"]],
            }
        return {
            "goal": "g",
            "environment": {"things": script["start"]},
            "completion_conditions": [{"when": self.condition(c, [])} for c in script["goal"]],
            "available_actions": actions,
            "define": self.define,
        }


# The planner's side


class Planning:
    def __init__(self, script: dict[str, Any]) -> None:
        self.thing = up.UserType("Thing")
        self.problem = up.Problem("oracle")
        self.objects = {name: up.Object(name, self.thing) for name in script["start"]}
        self.nothing = up.Object("nothing", self.thing)
        self.problem.add_objects([*self.objects.values(), self.nothing])
        kinds = (
            {a: up.BoolType() for a in BOOLEANS}
            | {a: up.IntType() for a in NUMBERS}
            | dict.fromkeys(OBJECTS, self.thing)
        )
        default = (
            dict.fromkeys(BOOLEANS, False) | dict.fromkeys(NUMBERS, 0) | dict.fromkeys(OBJECTS, self.nothing)
        )
        self.fluents = {a: up.Fluent(a, kind, e=self.thing) for a, kind in kinds.items()}
        for attribute, fluent in self.fluents.items():
            self.problem.add_fluent(fluent, default_initial_value=default[attribute])
        for name, attributes in script["start"].items():
            for attribute, value in attributes.items():
                if attribute in OBJECTS:
                    value = self.objects.get(value, self.nothing)  # noqa: PLW2901
                self.problem.set_initial_value(self.fluents[attribute](self.objects[name]), value)
        self.actions = {}
        for name, action in script["actions"].items():
            made = up.InstantaneousAction(name, **dict.fromkeys(action["names"], self.thing))
            names = {n: made.parameter(n) for n in action["names"]}
            for condition in action["preconditions"]:
                made.add_precondition(self.condition(condition, names))
            for effect in action["effects"]:
                self.effect(made, effect, names, up.TRUE())
            self.problem.add_action(made)
            self.actions[name] = made
        for condition in script["goal"]:
            self.problem.add_goal(self.condition(condition, {}))

    def term(self, term: Any, names: dict[str, Any]) -> Any:
        if term is None:
            return up.ObjectExp(self.nothing)
        if isinstance(term, tuple):
            return self.fluents[term[1]](self.term(term[2], names))
        return names[term] if term in names else up.ObjectExp(self.objects[term])

    def number(self, tree: Tree, names: dict[str, Any]) -> Any:
        match tree:
            case ("number", n):
                return up.Int(n)
            case ("value", attribute, term):
                return self.fluents[attribute](self.term(term, names))
            case ("*", n, part):
                return up.Times(n, self.number(part, names))
            case ("sum", attribute):
                return up.Plus([self.fluents[attribute](o) for o in self.objects.values()])
            case (op, a, b):
                return {"+": up.Plus, "-": up.Minus}[op](self.number(a, names), self.number(b, names))
        raise AssertionError(tree)

    def condition(self, tree: Tree, names: dict[str, Any]) -> Any:
        match tree:
            case ("is", attribute, term):
                return self.fluents[attribute](self.term(term, names))
            case ("compare", op, a, b):
                a, b = self.number(a, names), self.number(b, names)
                made = {"<": up.LT, "<=": up.LE, ">": up.GT, ">=": up.GE}.get(op, up.Equals)(a, b)
                return up.Not(made) if op == "!=" else made
            case ("same", op, a, b):
                made = up.Equals(self.term(a, names), self.term(b, names))
                return up.Not(made) if op == "!=" else made
            case ("not", part):
                return up.Not(self.condition(part, names))
            case ("and", *parts):
                return up.And([self.condition(p, names) for p in parts])
            case ("or", *parts):
                return up.Or([self.condition(p, names) for p in parts])
            case ("any" | "all" as function, name, guard, body):
                parts = []
                for thing in self.objects:
                    inner = {**names, name: up.ObjectExp(self.objects[thing])}
                    made = self.condition(body, inner)
                    if guard is not None:
                        allowed = self.condition(guard, inner)
                        made = up.And(allowed, made) if function == "any" else up.Implies(allowed, made)
                    parts.append(made)
                return up.Or(parts) if function == "any" else up.And(parts)
        raise AssertionError(tree)

    def effect(self, action: Any, tree: Tree, names: dict[str, Any], condition: Any) -> None:
        match tree:
            case ("set", attribute, target, op, value):
                kind = {"=": "add_effect", "+=": "add_increase_effect", "-=": "add_decrease_effect"}[op]
                if attribute in BOOLEANS:
                    made = self.condition(value, names)
                else:
                    made = self.number(value, names) if attribute in NUMBERS else self.term(value, names)
                getattr(action, kind)(self.fluents[attribute](self.term(target, names)), made, condition)
            case ("when", when, then, otherwise):
                made = self.condition(when, names)
                self.effect(action, then, names, made)
                self.effect(action, otherwise, names, up.Not(made))
            case ("for", name, when, then):
                for thing in self.objects.values():
                    inner = {**names, name: up.ObjectExp(thing)}
                    self.effect(action, then, inner, self.condition(when, inner))

    def read(self, state: Any) -> dict[str, dict[str, Any]]:
        def plain(value: Any) -> Any:
            if value.is_object_exp():
                return None if value.object() == self.nothing else value.object().name
            return value.constant_value()

        return {
            name: {a: plain(state.get_value(fluent(o))) for a, fluent in self.fluents.items()}
            for name, o in self.objects.items()
        }


@pytest.mark.parametrize("seed", range(SCRIPTS))
def test_a_random_script_plays_as_a_planners_simulator_plays_it(
    seed: int, make_world: Callable[[Any], World]
) -> None:
    rng = random.Random(seed)
    tree = Maker(rng, ["ant", "bee", "cat", "dog"][: rng.randint(2, 4)]).script()
    world = make_world(Texts(rng).script(tree))
    planning = Planning(tree)
    things = list(planning.objects)
    ground = [
        (action, choice)
        for name, action in planning.actions.items()
        for choice in product(things, repeat=len(action.parameters))
    ]
    texts = {" ".join([action.name, *choice]): (action, choice) for action, choice in ground}
    with UPSequentialSimulator(planning.problem) as simulator:
        theirs, ours = simulator.get_initial_state(), world.begin(0)
        for _ in range(STEPS):
            now = world.save(ours)["world"]
            assert {thing: now[thing] for thing in things} == planning.read(theirs)
            assert (len(ours.completed) == len(tree["goal"])) == simulator.is_goal(theirs)
            applicable = [
                text
                for text, (action, choice) in texts.items()
                if simulator.is_applicable(theirs, action, [planning.objects[c] for c in choice])
            ]
            assert [action.text for action in world.admissible.now(ours.values)] == applicable
            text = rng.choice(applicable or list(texts))
            ruling = world.rule(ours, text, SeededFate(0, 0))
            assert (ruling.error is None) == (text in applicable)
            if text in applicable:
                action, choice = texts[text]
                theirs = simulator.apply(theirs, action, [planning.objects[c] for c in choice])
            ours = ruling.state
