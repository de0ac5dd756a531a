"""Perturbations for runs: what is put around every environment, and whether anything is changed by it."""

from dataclasses import dataclass
from typing import cast

import gymnasium as gym

from trpg_env.envs.game import GameEnv
from trpg_env.envs.perturbations.checking import checked
from trpg_env.envs.perturbations.perturbation import Perturbation
from trpg_env.envs.perturbations.vocabulary import of_script
from trpg_env.envs.perturbations.wrapper import PerturbedEnv
from trpg_env.envs.text import TextEnv
from trpg_env.script import Script


def changes(by: Perturbation, script: Script) -> bool:
    """Whether a perturbation changes any words of a script.

    Raises:
        PerturbationError: It does not fit the script.
    """
    return checked(by, of_script(script), required=False).changes


def changes_game(by: Perturbation, env: GameEnv, task: str) -> bool | None:
    """Whether a perturbation changes words in the tasks of a benchmark, by one of them; None where that hangs on each one's names.

    Args:
        by: The perturbation.
        env: The benchmark; an episode is begun in it.
        task: The task.

    Raises:
        PerturbationError: The game does not tell what it is made from.
    """
    perturbed = PerturbedEnv(env, by, required=False)
    perturbed.reset(seed=0, options={"task": task})
    return None if by.kind in ("spacing", "entities") else perturbed.changes


@dataclass(frozen=True, slots=True)
class Perturber:
    """Puts a perturbation around environments; one in which it changes nothing stays as it is.

    Attributes:
        perturbation: The perturbation.
    """

    perturbation: Perturbation

    def __call__(self, env: TextEnv) -> TextEnv:
        """The environment in other words.

        Raises:
            PerturbationError: The perturbation does not fit the environment.
        """
        return PerturbedEnv(cast("gym.Env[str, str]", env), self.perturbation, required=False)
