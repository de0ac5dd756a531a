"""Making scripts and trajectories with a language model: the paper's data construction."""

from trpg_env.synthesis.composed import ComposedPersonas
from trpg_env.synthesis.generate import generate_scripts, generate_trajectories
from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.persona_files import load_personas
from trpg_env.synthesis.personas import Persona, Personas, PersonasError
from trpg_env.synthesis.run import GaveUp
from trpg_env.synthesis.sampling import Sampling
from trpg_env.synthesis.yields import Yield

__all__ = [
    "ComposedPersonas",
    "GaveUp",
    "Outcome",
    "Persona",
    "Personas",
    "PersonasError",
    "Sampling",
    "Yield",
    "generate_scripts",
    "generate_trajectories",
    "load_personas",
]
