"""Random walks: at every step the imported script is in the state that PDDL says, and allows what PDDL allows."""

import os
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pddl_reference import Strips, problems_in, walk

from trpg_env.pddl import import_pddl, read_domain, read_problem, translate
from trpg_env.world import World

MakeWorld = Callable[[Any], World]

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout")) / "pddl"
FILES = problems_in(DATA) if DATA.is_dir() else []
WALKS = 60
STEPS = 15
needs_data = pytest.mark.skipif(not FILES, reason="needs PDDL problems in the folder pddl of TRPG_DATA")

NAMES = [
    "a",
    "b-1",
    "b_1",
    "b__1",
    "turn",
    "player",
    "object",
    "thing",
    "x1",
    "9",
    "in",
    "true",
    "small",
    "goals_met",
]
PREDICATES = [
    ("on", 2),
    ("at", 2),
    ("in", 2),
    ("open", 1),
    ("is-open", 1),
    ("lit", 0),
    ("a-b", 1),
    ("a_b", 1),
    ("link", 3),
]
ACTIONS = ["go", "go-on", "go_on", "look", "look-around", "put-in", "x"]
VARIABLES = ["?from", "?x", "?in", "?turn", "?the-thing"]
TYPES = ["thing", "small-thing", "player", "places"]


class Maker:
    """Makes a random domain and problem, as texts: names that get in one another's way, literals that meet."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        rng = self.rng
        self.types = {"thing": "object", "small-thing": "thing", "player": "object", "places": "object"}
        names = rng.sample(NAMES, rng.randint(3, 6))
        self.objects = {name: rng.choice([*TYPES, "object"]) for name in names}
        self.constants = dict(list(self.objects.items())[: rng.randint(0, 2)])
        self.predicates = dict(rng.sample(PREDICATES, rng.randint(3, 6)))

    def atom(self, terms: list[str]) -> str:
        name = self.rng.choice(list(self.predicates))
        return f"({' '.join([name, *(self.rng.choice(terms) for _ in range(self.predicates[name]))])})"

    def literal(self, terms: list[str], negative: float, equality: float = 0.0) -> str:
        atom = self.atom(terms)
        if self.rng.random() < equality:
            atom = f"(= {self.rng.choice(terms)} {self.rng.choice(terms)})"
        return f"(not {atom})" if self.rng.random() < negative else atom

    def action(self, name: str) -> str:
        rng = self.rng
        variables = rng.sample(VARIABLES, rng.randint(0, 3))
        parameters = " ".join(f"{v} - {rng.choice([*TYPES, 'object', 'object'])}" for v in variables)
        terms = [*variables, *self.constants] or list(self.objects)
        if not variables and not self.constants:
            # Only what has no terms can be spoken of.
            none = [f"({p})" for p, arity in self.predicates.items() if not arity]
            needs, effects = rng.sample(none, len(none)), none
        else:
            needs = [self.literal(terms, 0.4, 0.15) for _ in range(rng.randint(0, 2))]
            effects = [self.literal(terms, 0.45) for _ in range(rng.randint(1, 4))]
        return (
            f"(:action {name} :parameters ({parameters}) :precondition (and {' '.join(needs)})"
            f" :effect (and {' '.join(effects)}))"
        )

    def domain(self) -> str:
        types = " ".join(f"{name} - {above}" for name, above in self.types.items())
        constants = " ".join(f"{name} - {kind}" for name, kind in self.constants.items())
        declared = " ".join(
            f"({name} {' '.join(f'?t{i}' for i in range(arity))})" for name, arity in self.predicates.items()
        )
        names = self.rng.sample(ACTIONS, self.rng.randint(2, 5))
        actions = "\n".join(map(self.action, names))
        return (
            f"(define (domain small) (:requirements :strips :typing) (:types {types}) (:constants {constants})\n"
            f"(:predicates {declared})\n{actions})"
        )

    def problem(self) -> str:
        objects = " ".join(
            f"{name} - {kind}" for name, kind in self.objects.items() if name not in self.constants
        )
        terms = list(self.objects)
        init = " ".join({self.atom(terms) for _ in range(self.rng.randint(0, 8))})
        goal = " ".join(self.literal(terms, 0.3, 0.1) for _ in range(self.rng.randint(1, 4)))
        return (
            f"(define (problem it) (:domain small) (:objects {objects}) (:init {init}) (:goal (and {goal})))"
        )


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_random_problem_plays_as_sets_of_atoms_do(seed: int, make_world: MakeWorld) -> None:
    maker = Maker(seed)
    domain_text, problem_text = maker.domain(), maker.problem()
    domain = read_domain(domain_text)
    translation = translate(domain, read_problem(problem_text, domain))
    walk(translation, make_world(translation.script), Strips(domain_text, problem_text), STEPS, seed)


@needs_data
def test_the_four_games_play_as_sets_of_atoms_do(make_world: MakeWorld) -> None:
    """Every fourth problem; all of them, in longer walks: `python tests/pddl/pddl_reference.py FOLDER --steps 300`."""
    for domain, problem in FILES[::4]:
        translation = import_pddl(domain, problem)
        reference = Strips(domain.read_text(encoding="utf-8"), problem.read_text(encoding="utf-8"))
        assert walk(translation, make_world(translation.script), reference, STEPS, seed=1) > STEPS // 2


@needs_data
@pytest.mark.parametrize("game", sorted({domain.stem for domain, _ in FILES}))
def test_the_four_games_play_as_in_pddlgym(game: str, make_world: MakeWorld) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        core = pytest.importorskip("pddlgym.core", reason="needs pip install pddlgym")
        env = core.PDDLEnv(
            str(DATA / f"{game}.pddl"),
            str(DATA / game),
            operators_as_actions=True,
            dynamic_action_space=False,
        )
        for index, problem in list(enumerate(env.problems))[::3]:
            file = Path(problem.problem_fname)
            env.fix_problem_index(index)
            translation = import_pddl(DATA / f"{game}.pddl", file)
            walk_beside_pddlgym(env, file, translation, make_world(translation.script), seed=index)


def walk_beside_pddlgym(env: Any, file: Path, translation: Any, world: World, seed: int) -> None:
    from trpg_env.world import SeededFate

    rng, fate = random.Random(seed), SeededFate(seed, 0)
    seen, _ = env.reset()
    state = world.begin(0)
    reference = Strips(
        Path(env.domain.domain_fname).read_text(encoding="utf-8"),
        file.read_text(encoding="utf-8"),
    )
    theirs = {
        (literal.predicate.name, *(v.name for v in literal.variables)): literal
        for literal in env.action_space.all_ground_literals(seen, valid_only=False)
    }
    for _ in range(STEPS):
        atoms = frozenset(
            (literal.predicate.name, *(v.name for v in literal.variables)) for literal in seen.literals
        )
        assert translation.atoms(world.layout.by_entity(state.values)) == atoms
        # It knows no action with one object twice, and asks no condition whose terms are all constants: where there
        # are any, only what is possible is done.
        possible = [
            (a.name, *a.objects)
            for a in reference.actions
            if reference.applicable(atoms, a) and (a.name, *a.objects) in theirs
        ]
        action = rng.choice(
            sorted(possible) if translation.domain.constants or rng.random() < 0.9 else sorted(theirs)
        )
        seen = env.step(theirs[action])[0]
        state = world.rule(state, translation.text(action[0], action[1:]), fate).state
