"""Perturbations: the same tasks in other words, to measure how much an agent hangs on wording.

```python
import gymnasium as gym, trpg_env
from trpg_env.envs.perturbations import perturbed

env = perturbed(gym.make("AgentRefine-v0", script="ship"), "verb")
```
"""

from trpg_env.envs.perturbations.own import read_table
from trpg_env.envs.perturbations.perturbation import (
    NAMES,
    NotApplicable,
    Perturbation,
    PerturbationError,
    labelled,
    perturbation,
)
from trpg_env.envs.perturbations.perturber import Perturber, changes, changes_game
from trpg_env.envs.perturbations.wrapper import PerturbedEnv, perturbed

__all__ = [
    "NAMES",
    "NotApplicable",
    "Perturbation",
    "PerturbationError",
    "PerturbedEnv",
    "Perturber",
    "changes",
    "changes_game",
    "labelled",
    "perturbation",
    "perturbed",
    "read_table",
]
