"""STRIPS as the textbook has it: a state is a set of atoms. Shares no line with what it is compared to.

As a program it walks through every problem of a folder such as AgentBoard's, longer than the tests do:
`python tests/pddl/pddl_reference.py FOLDER [--steps N] [--seeds N]`.
"""

import argparse
import itertools
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

Atom = tuple[str, ...]


class Ground(NamedTuple):
    """A ground action: name, objects, and the atoms that it needs, must not find, adds and deletes."""

    name: str
    objects: tuple[str, ...]
    needs: frozenset[Atom]
    lacks: frozenset[Atom]
    adds: frozenset[Atom]
    deletes: frozenset[Atom]


def parse(text: str) -> Any:
    """Nested lists of words in small letters."""
    text = re.sub(r";.*", "", text).lower().replace("?", " ?")
    stack: list[list[Any]] = [[]]
    for piece in re.findall(r"[()]|[^\s()]+", text):
        if piece == "(":
            stack.append([])
        elif piece == ")":
            closed = stack.pop()
            stack[-1].append(closed)
        else:
            stack[-1].append(piece)
    return stack[0][0]


def typed(words: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    names: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "-":
            kind = words.pop(0)
            found += [(name, kind) for name in names]
            names = []
        else:
            names.append(word)
    return found + [(name, "object") for name in names]


def literals(form: Any) -> list[tuple[bool, list[str]]]:
    if not form:
        return []
    if form[0] == "and":
        return [literal for part in form[1:] for literal in literals(part)]
    if form[0] == "not":
        return [(False, form[1])]
    return [(True, form)]


class Strips:
    """A problem: `start`, `actions` (all that any state may allow), `goal`."""

    def __init__(self, domain_text: str, problem_text: str) -> None:
        domain, problem = parse(domain_text), parse(problem_text)
        parts: dict[str, Any] = {
            part[0]: part[1:] for part in domain[1:] + problem[1:] if part[0] != ":action"
        }
        self.above = dict(typed(parts.get(":types", [])))
        self.objects = dict(typed(parts.get(":constants", [])) + typed(parts.get(":objects", [])))
        self.start = frozenset(tuple(atom) for atom in parts.get(":init", []) if atom[0] != "not")
        self.goal = list(dict.fromkeys((sign, tuple(atom)) for sign, atom in literals(parts[":goal"][0])))
        schemas = [part[1:] for part in domain[1:] if part[0] == ":action"]
        changed = {atom[0] for schema in schemas for _, atom in literals(self._part(schema, ":effect"))}
        self.actions = [ground for schema in schemas for ground in self._ground(schema, changed)]

    @staticmethod
    def _part(schema: list[Any], key: str) -> Any:
        return schema[schema.index(key) + 1] if key in schema else []

    def _is_a(self, kind: str, wanted: str) -> bool:
        while kind not in (wanted, "object"):
            kind = self.above[kind]
        return wanted in (kind, "object")

    def _ground(self, schema: list[Any], changed: set[str]) -> Iterator[Ground]:
        parameters = typed(self._part(schema, ":parameters"))
        conditions, effects = (literals(self._part(schema, key)) for key in (":precondition", ":effect"))
        choices = [[o for o, k in self.objects.items() if self._is_a(k, kind)] for _, kind in parameters]
        for objects in itertools.product(*choices):
            value = dict(zip([variable for variable, _ in parameters], objects, strict=True))

            def ground(atom: list[str], value: dict[str, str] = value) -> Atom:
                return (atom[0], *(value.get(term, term) for term in atom[1:]))

            needs, lacks = ({ground(a) for s, a in conditions if s is sign} for sign in (True, False))
            # Equality and what never changes is decided here and now, which only saves time.
            equal = [(a[1] == a[2], True) for a in needs if a[0] == "="]
            equal += [(a[1] == a[2], False) for a in lacks if a[0] == "="]
            if any(is_so is not wanted for is_so, wanted in equal):
                continue
            needs, lacks = ({a for a in atoms if a[0] != "="} for atoms in (needs, lacks))
            if any(a[0] not in changed and a not in self.start for a in needs):
                continue
            adds, deletes = ({ground(a) for s, a in effects if s is sign} for sign in (True, False))
            yield Ground(schema[0], objects, *map(frozenset, (needs, lacks, adds, deletes)))

    @staticmethod
    def applicable(state: frozenset[Atom], action: Ground) -> bool:
        return action.needs <= state and not action.lacks & state

    @staticmethod
    def apply(state: frozenset[Atom], action: Ground) -> frozenset[Atom]:
        return (state - action.deletes) | action.adds

    def met(self, state: frozenset[Atom]) -> int:
        """How many literals of the goal hold."""
        return sum(
            ((atom[1] == atom[2]) if atom[0] == "=" else atom in state) is sign for sign, atom in self.goal
        )


def walk(translation: Any, world: Any, reference: Strips, steps: int, seed: int) -> int:
    """Walk at random in both and find them alike at every step; how many actions were carried out."""
    from trpg_env.pddl.words import Words
    from trpg_env.world import SeededFate

    rng, fate = random.Random(seed), SeededFate(seed, 0)
    state, atoms = world.begin(0), reference.start
    texts = {translation.text(a.name, a.objects): a for a in reference.actions}
    assert len(texts) == len(reference.actions)
    hashes = {state.hash: atoms}
    at_start = best = reference.met(atoms)
    words, entities = Words(translation.domain), translation.naming.entities

    def say(atom: Atom) -> str:
        return words.atom(atom[0], [entities[name] for name in atom[1:]])

    carried_out = 0
    for _ in range(steps):
        now = translation.atoms(world.layout.by_entity(state.values))
        assert now == atoms
        possible = {text for text, action in texts.items() if reference.applicable(atoms, action)}
        listed = {action.text for action in world.admissible.now(state.values)}
        assert listed - {translation.naming.look} == possible
        text = rng.choice(sorted(possible if possible and rng.random() < 0.8 else texts) or ["go nowhere"])
        ruling = world.rule(state, text, fate)
        before = atoms
        assert (ruling.error is None) == (text in possible)
        if text in possible:
            atoms = reference.apply(atoms, texts[text])
            carried_out += 1
            told = told_in(ruling.observation)
            assert told["No longer"] == {say(atom) for atom in before - atoms}
            assert {say(atom) for atom in atoms - before} <= told["Now"] <= {say(atom) for atom in atoms}
        else:
            assert ruling.error == ("logic" if text in texts else "parameter")
        best = max(best, reference.met(atoms))
        assert ruling.success == (text in possible and reference.met(atoms) == len(reference.goal))
        if at_start < len(reference.goal):
            wanted = (best - at_start) / (len(reference.goal) - at_start)
            assert abs(ruling.progress - wanted) < 1e-9
        state = ruling.state
        assert hashes.setdefault(state.hash, atoms) == atoms
        assert len(set(hashes.values())) == len(hashes)
    seen = world.rule(state, translation.naming.look, fate).observation
    assert {f"{say(atom)}." for atom in atoms} == set(
        re.findall(r"\S[^.]*\.", seen.removeprefix("True now:"))
    ) - {"Nothing is true."}
    return carried_out


def told_in(observation: str) -> dict[str, set[str]]:
    """What an observation says of what is now so, and of what is no longer so."""
    told: dict[str, set[str]] = {"Now": set(), "No longer": set()}
    for sentence in observation.rstrip(".").split(". "):
        head, _, said = sentence.partition(": ")
        if head in told:
            told[head] |= set(said.split("; "))
    return told


def problems_in(folder: Path) -> list[tuple[Path, Path]]:
    """Each domain's file with each of its problems: `blocks.pddl` and `blocks/*.pddl`."""
    return [
        (domain, problem)
        for domain in sorted(folder.glob("*.pddl"))
        for problem in sorted(domain.with_suffix("").glob("*.pddl"))
    ]


def main() -> None:
    from trpg_env.pddl import import_pddl
    from trpg_env.sandbox import Sandbox
    from trpg_env.script import load_script
    from trpg_env.world import World

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--steps", type=int, default=300)
    options.add_argument("--seeds", type=int, default=5)
    chosen = options.parse_args()
    with Sandbox() as sandbox:
        for domain, problem in problems_in(chosen.folder):
            translation = import_pddl(domain, problem)
            world = World(load_script(translation.script, sandbox=sandbox), sandbox)
            reference = Strips(domain.read_text(encoding="utf-8"), problem.read_text(encoding="utf-8"))
            done = sum(
                walk(translation, world, reference, chosen.steps, seed) for seed in range(chosen.seeds)
            )
            sys.stdout.write(f"{domain.stem}/{problem.stem}: {done} actions carried out, all states alike\n")


if __name__ == "__main__":
    main()
