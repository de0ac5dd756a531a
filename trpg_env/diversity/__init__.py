"""How diverse are thoughts and environments? Figures, a map of thoughts, a heat map of environments.

No model takes part: texts are compared by their words. Sources may be files of trajectories, players, families or scripts; others'
data come in through `trpg_env.chats`.
"""

from trpg_env.diversity.environments import Environments
from trpg_env.diversity.figures import Figures
from trpg_env.diversity.found import Diversity, ThoughtMap, read_diversity
from trpg_env.diversity.gathering import BY, DiversityError
from trpg_env.diversity.heat import heat_map
from trpg_env.diversity.section import Section, sections
from trpg_env.diversity.thought_map import scatter

__all__ = [
    "BY",
    "Diversity",
    "DiversityError",
    "Environments",
    "Figures",
    "Section",
    "ThoughtMap",
    "heat_map",
    "read_diversity",
    "scatter",
    "sections",
]
