"""The action that tells all that is true."""

from collections.abc import Sequence
from typing import Any

from trpg_env.pddl.case import Case


def look(case: Case) -> dict[str, Any]:
    """The action, as a script has it.

    Args:
        case: The problem.
    """
    effects: list[Any] = []
    for predicate, atoms in case.facts.atoms.items():
        attribute, arity = case.naming.attributes[predicate], case.domain.predicates[predicate]
        if not atoms:
            continue
        if not arity:
            say = {"say": f"{case.words.atom(predicate, [])}."}
            effects.append({"when": f"player.{attribute}", "then": [say]})
            continue
        kinds = dict.fromkeys(case.problem.objects[atom[1]] for atom in atoms)
        variables = [f"x{i}" for i in range(1, arity + 1)]
        for kind in kinds:
            effects.append(_tell(case, predicate, f"x1.{attribute}", variables, case.naming.kinds[kind]))
    return {
        "description": "Be told all that is true now; what is not told is not so.",
        "effects": effects,
        "observation": "True now:" if effects else "Nothing is true.",
    }


def _tell(case: Case, predicate: str, value: str, variables: Sequence[str], kind: str) -> dict[str, Any]:
    """A loop within a loop for each term, which says the atoms that hold."""
    sources = [kind]
    for variable in variables[1:]:
        sources.append(value)
        value = f"{value}[{variable}]"
    atom = case.words.atom(predicate, [f"{{{variable}}}" for variable in variables])
    told: dict[str, Any] = {
        "for": f"{variables[-1]} in {sources[-1]} if {value}",
        "then": [{"say": f"{atom}."}],
    }
    for variable, source in zip(reversed(variables[:-1]), reversed(sources[:-1]), strict=True):
        told = {"for": f"{variable} in {source}", "then": [told]}
    return told
