"""Making the script of a problem.

A predicate without terms is an attribute of the player, one with a single term an attribute of its object, one with more
a mapping on its first object: `(on a b)` is `a.on["b"]`. All that an action may ever set is there from the start, true or
false, so that equal sets of atoms are equal states. An action first makes false, then makes true: what it does both to is
true afterwards.
"""

from typing import Any

from trpg_env.pddl.case import Case, parts
from trpg_env.pddl.model import Action
from trpg_env.pddl.progress import milestones
from trpg_env.pddl.telling import Telling


def script_of(case: Case, telling: Telling, name: str, max_turns: int) -> dict[str, Any]:
    """The whole script.

    Args:
        case: The problem.
        telling: What the player is told of it.
        name: The script's name.
        max_turns: After how many actions an episode is truncated.
    """
    domain, problem = case.domain, case.problem
    define, reached = milestones(case)
    script: dict[str, Any] = {
        "schema_version": 1,
        "name": name,
        "family": domain.name,
        "provenance": {"source": f"PDDL: domain {domain.name}, problem {problem.name}"},
        "x-pddl": {
            "domain": domain.name,
            "problem": problem.name,
            "goal_literals": len(problem.goal),
            "met_at_start": case.met,
        },
        "goal": telling.goal(),
        "opening": telling.opening(),
        "environment": _environment(case),
        "define": define,
        "completion_conditions": [
            {"text": telling.condition(literal), "when": case.condition(literal, {})}
            for literal in problem.goal
        ]
        or [{"text": "Nothing is asked for.", "when": True}],
        "milestones": reached,
        "available_actions": {
            case.naming.templates[action.name]: _action(case, telling, action) for action in case.actions
        }
        | telling.more(),
        "max_turns": max_turns,
    }
    return {key: value for key, value in script.items() if value not in ({}, [])}


def _environment(case: Case) -> dict[str, Any]:
    naming = case.naming
    entities: dict[str, dict[str, Any]] = {"player": {"at": naming.place}}
    entities |= {entity: {"at": naming.place} for entity in naming.entities.values()}
    for predicate, atoms in case.facts.atoms.items():
        attribute, arity = naming.attributes[predicate], case.domain.predicates[predicate]
        if not atoms:
            # Nothing of it ever holds, but it may be asked for.
            for entity in naming.entities.values() if arity else ["player"]:
                entities[entity][attribute] = False if arity < 2 else {}
        for atom in atoms:
            names = case.names(atom)
            value = entities[names[0] if names else "player"]
            for key in [attribute, *names[1:]][:-1]:
                value = value.setdefault(key, {})
            value[[attribute, *names[1:]][-1]] = atom in case.problem.start
    environment: dict[str, Any] = {"places": {naming.place: {}}}
    for kind in naming.kinds:
        members = [naming.entities[name] for name, of in case.problem.objects.items() if of == kind]
        environment[naming.kinds[kind]] = {name: entities[name] for name in members}
    return environment | {"player": entities["player"]}


def _action(case: Case, telling: Telling, action: Action) -> dict[str, Any]:
    placeholders, told = case.placeholders(action), telling.action(action)
    added, gone = parts(action)
    made = {
        "description": told.description,
        "verification_code": told.verification,
        "parameters": {
            placeholders[variable]: case.values(kind) for variable, kind in action.parameters.items()
        },
        "preconditions": [
            {"when": case.condition(literal, placeholders), "message": refusal}
            for literal, refusal in zip(action.precondition, told.refusals, strict=True)
        ]
        + list(told.more),
        "effects": [
            *told.before,
            *(f"{case.atom(literal, placeholders)} = false" for literal in gone),
            *(f"{case.atom(literal, placeholders)} = true" for literal in added),
            *told.after,
        ],
        "observation": told.observation,
    }
    return {key: value for key, value in made.items() if value not in ({}, [], None)}
