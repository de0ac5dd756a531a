"""Benchmarks in other words: by the templates and names that a game tells of itself."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from trpg_env.envs.game import GameEnv, Opening, Task, Told
from trpg_env.envs.perturbations import (
    NotApplicable,
    PerturbationError,
    PerturbedEnv,
    changes_game,
    perturbation,
    perturbed,
)

TASKS = {
    name: Task(name, name * 4, "kitchen", 9, data={"names": names})
    for name, names in {"mugs": ["mug 1", "mug 2", "desk 1"], "ball": ["ball"]}.items()
}
_ACTION = re.compile(r"(go to|take) (.+?)(?: from (.+))?|look")


class Kitchen:
    """Whatever is taken from anywhere is the goal."""

    templates = ("go to {recep}", "take {obj} from {recep}", "look")

    def begin(self, task: Task, seed: int) -> Opening:
        """Start."""
        self._names: list[str] = task.data["names"]
        self._at = ""
        first = self._names[0]
        return Opening(
            f"Take {first}.\n- go to {{place}}: walks\n- take {{x}} from {{y}}",
            f"You see {', '.join(self._names)}.",
        )

    def act(self, action: str) -> Told:
        """Act."""
        match = _ACTION.fullmatch(action)
        if match is None or not {match[2], match[3]} <= {None, *self._names}:
            return Told("What?", 0.0, error="parameter", message=f"Only: {', '.join(self.admissible())}.")
        if action == "look":
            return Told(f"You can now: {', '.join(self.admissible())}.", 0.0, name="look")
        self._at = action
        return Told(
            f"Done: {match[2]}.",
            float(match[1] == "take"),
            success=match[1] == "take",
            name=match[1],
            parameters={"x": match[2]},
        )

    def entities(self) -> list[str]:
        """The names."""
        return self._names

    def admissible(self) -> Sequence[str]:
        """What can be done."""
        return [
            "look",
            *(f"go to {name}" for name in self._names),
            f"take {self._names[0]} from {self._names[-1]}",
        ]

    def sample(self, rng: np.random.Generator) -> str:
        """Any of it."""
        return str(rng.choice(list(self.admissible())))

    def state(self) -> str:
        """What was done last."""
        return self._at

    def expert(self) -> str | None:
        """What wins."""
        return self.admissible()[-1]

    def close(self) -> None:
        """Nothing is held."""


class Silent(Kitchen):
    """Tells nothing of its wording."""

    templates = ()
    entities = None  # type: ignore[assignment]


def make(kind: str, game: Any = None, **keywords: Any) -> PerturbedEnv:
    return perturbed(GameEnv(game or Kitchen(), TASKS, admissible_actions=True), kind, **keywords)


@pytest.mark.parametrize(
    ("kind", "win"),
    [
        ("verb", "take mug 1 from desk 1"),
        ("order", "from desk 1 take mug 1"),
        ("preposition", "take mug 1 out of desk 1"),
        ("spacing", "take mug1 from desk1"),
        ("paraphrase", "pick up mug 1 from desk 1"),
    ],
)
def test_the_experts_action_wins_in_the_new_words(kind: str, win: str) -> None:
    env = make(kind)
    _, info = env.reset(seed=0)
    assert info["admissible_actions"][-1] == win
    assert env.worded(env.unwrapped.expert_action()) == win  # type: ignore[attr-defined]
    assert env.step(win)[4]["success"]
    if win != "take mug 1 from desk 1":
        env.reset(seed=0)
        refused = env.step("take mug 1 from desk 1")[4]
        assert refused["assessment"]["parameter_error"]
        assert refused["turn"] == 1


def test_instruction_lists_and_messages_are_in_the_new_words() -> None:
    env = make("verb")
    observation, _ = env.reset(seed=0)
    assert "- move to {place}: walks\n- take {x} from {y}" in observation
    listed = "look, move to mug 1, move to mug 2, move to desk 1, take mug 1 from desk 1"
    assert env.step("look")[0] == f"You can now: {listed}."
    assert env.step("jump")[4]["assessment"]["message"] == f"Only: {listed}."
    env = make("order")
    assert "- from {y} take {x}" in env.reset(seed=0)[0]


def test_names_are_those_of_the_task() -> None:
    env = make("entities")
    first, _ = env.reset(seed=0)
    assert re.search(r"You see mug \w{5} 1, mug \w{5} 2, desk \w{5} 1\.", first)
    assert "mug 1" not in first
    other, _ = env.reset(seed=0, options={"task": "ball"})
    assert re.search(r"You see ball \w{5}\.", other)
    assert env.reset(seed=0, options={"task": "mugs"})[0] == first
    assert re.fullmatch(r"Done: mug \w{5} 1\.", env.step(env.worded("go to mug 1"))[0])


def test_a_task_in_which_nothing_changes_is_refused_or_stays() -> None:
    with pytest.raises(NotApplicable):
        make("spacing").reset(seed=0, options={"task": "ball"})
    env = PerturbedEnv(GameEnv(Kitchen(), TASKS), perturbation("spacing"), required=False)
    assert "You see ball." in env.reset(seed=0, options={"task": "ball"})[0]
    assert not env.changes
    env.reset(seed=0, options={"task": "mugs"})
    assert env.changes


@pytest.mark.parametrize("kind", ["verb", "spacing"])
def test_a_game_that_tells_nothing_of_its_wording_is_refused(kind: str) -> None:
    with pytest.raises(PerturbationError, match=f"game .*so {kind} cannot be had there"):
        make(kind, Silent())


def test_whether_words_change_is_known_where_it_hangs_on_no_names() -> None:
    env = GameEnv(Kitchen(), TASKS)
    assert changes_game(perturbation("verb"), env, "mugs") is True
    assert changes_game(perturbation("spacing"), env, "mugs") is None
    with pytest.raises(NotApplicable):
        changes_game(perturbation("verb"), GameEnv(Silent(), TASKS), "mugs")


def test_what_the_instruction_does_not_show_is_not_reworded() -> None:
    class Terse(Kitchen):
        """Shows its actions in capitals, and not all of them."""

        def begin(self, task: Task, seed: int) -> Opening:
            """Start."""
            return Opening(
                "You may: take THING from THING, or go WAY.", super().begin(task, seed).observation
            )

    env = make("preposition", Terse())
    assert env.reset(seed=0)[0].startswith("You may: take THING out of THING, or go WAY.")
    assert changes_game(perturbation("verb"), GameEnv(Terse(), TASKS), "mugs") is False
    with pytest.raises(NotApplicable, match="verb changes nothing in game"):
        make("verb", Terse()).reset(seed=0)


def test_the_environment_checker_has_nothing_to_say_about_a_benchmark() -> None:
    env = make("paraphrase")
    with pytest.warns(UserWarning, match="different from the unwrapped version"):
        check_env(env, skip_render_check=True)
    with pytest.raises(ResetNeeded):
        make("paraphrase").action_space.sample()
