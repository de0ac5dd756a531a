"""PDDL problems as scripts: STRIPS with types, negative preconditions and equality, played exactly."""

from trpg_env.pddl.agentboard import (
    agentboard_problems,
    agentboard_progress,
    agentboard_script,
    agentboard_translation,
)
from trpg_env.pddl.domain import read_domain
from trpg_env.pddl.faults import PddlError
from trpg_env.pddl.files import import_pddl
from trpg_env.pddl.model import Domain, Problem
from trpg_env.pddl.problem import read_problem
from trpg_env.pddl.translation import Translation, translate

__all__ = [
    "Domain",
    "PddlError",
    "Problem",
    "Translation",
    "agentboard_problems",
    "agentboard_progress",
    "agentboard_script",
    "agentboard_translation",
    "import_pddl",
    "read_domain",
    "read_problem",
    "translate",
]
