"""Random valid actions: a template filled in with valid values."""

from collections.abc import Sequence

import numpy as np

from trpg_env.script.program import Action


def sample_action(actions: Sequence[Action], rng: np.random.Generator) -> str:
    """A random action's text: an action, then a value for each placeholder, each as likely as its siblings.

    Args:
        actions: A program's actions.
        rng: Where the randomness comes from.
    """
    action = actions[int(rng.integers(len(actions)))]
    values = []
    for domain in action.domains:
        samples = domain.samples
        values.append(samples[int(rng.integers(len(samples)))].spelling)
    return action.template.fill(values)
