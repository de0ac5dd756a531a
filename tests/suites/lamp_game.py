"""A game small enough to follow by hand: go to the shed, light the lamp."""

from collections.abc import Sequence

import numpy as np

from trpg_env.envs.game import GameEnv, Opening, Task, Told, task_hash

ACTIONS = ("go", "light", "look")


class Lamp:
    """`go` reaches half of the goal, `light` in the shed all of it; `smash` ends it."""

    def __init__(self) -> None:
        self.closed = 0

    def begin(self, task: Task, seed: int) -> Opening:
        self._in_shed = self._lit = False
        return Opening(f"Light the {task.data['lamp']}.", "It is dark.")

    def act(self, action: str) -> Told:
        share = (self._in_shed + self._lit) / 2
        if action == "go":
            self._in_shed = not self._in_shed
            return Told("You walk.", (self._in_shed + self._lit) / 2, name="go")
        if action == "light":
            if not self._in_shed:
                return Told("No lamp here.", share, error="place", message="No lamp here.", name="light")
            self._lit = True
            return Told("It burns.", 1.0, success=True, name="light")
        if action == "smash":
            return Told("It is broken.", share, over=True, name="smash")
        if action == "look":
            return Told("…" * 200_000, share, name="look")
        return Told("What?", share, error="parameter", message="What?")

    def admissible(self) -> Sequence[str]:
        return ["go", "light"] if self._in_shed else ["go"]

    def sample(self, rng: np.random.Generator) -> str:
        return ACTIONS[int(rng.integers(2))]

    def state(self) -> str:
        return f"{self._in_shed} {self._lit}"

    def expert(self) -> str | None:
        return "light" if self._in_shed else "go"

    def close(self) -> None:
        self.closed += 1


def tasks() -> dict[str, Task]:
    made = {}
    for lamp in ("lantern", "candle"):
        data = {"lamp": lamp}
        made[lamp] = Task(lamp, task_hash("lamp", 1, data), "lamps", 5, None, data, f"lamp/{lamp}")
    return made


def environment() -> GameEnv:
    return GameEnv(Lamp(), tasks(), answers="lamp")
