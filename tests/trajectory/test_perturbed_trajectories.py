"""Trajectories that were played in other words are played again in those words."""

from functools import cache
from typing import Any

import pytest

from trpg_env.agents import ErringAgent
from trpg_env.envs.perturbations import NAMES, Perturber, perturbation
from trpg_env.rollout.prepared import Rollout
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import Trajectory, Verifier

SCRIPT = "house-evening"


@cache
def played(kind: str, load: Any, sandbox: Sandbox, seed: int = 0) -> list[Trajectory]:
    by = perturbation(kind, seed=seed)
    run = Rollout(
        [load(SCRIPT)],
        ErringAgent({"parameter": 0.3, "logic": 0.2}),
        2,
        4,
        sandbox=sandbox,
        wrap=Perturber(by),
        perturbation=by.label,
    )
    return list(run.trajectories())


@pytest.mark.parametrize("kind", NAMES)
def test_what_was_played_in_other_words_is_found_right(kind: str, load: Any, sandbox: Sandbox) -> None:
    script = load(SCRIPT)
    found = played(kind, load, sandbox)
    assert any(dm.error == "parameter" for one in found for _, dm in one.exchanges())
    assert [Verifier(sandbox).verify(one, script) for one in found] == [[], []]


def test_other_words_than_those_it_names_are_found(load: Any, sandbox: Sandbox) -> None:
    script, verifier = load(SCRIPT), Verifier(sandbox)
    one = played("entities", load, sandbox, seed=2)[0]
    for label in ("entities", "entities-3", "verb"):
        other = one.dm.model_copy(update={"sampling": {"perturbation": label}})
        places = [fault.place for fault in verifier.verify(one.model_copy(update={"dm": other}), script)]
        assert places[:2] == ["instruction", "id"]
        assert places[2].startswith("turns[")


@pytest.mark.parametrize(
    "label", ["paraphrase-table-00000000", "noun", "verb-7", "", "entities-" + "9" * 50, "\ud800"]
)
def test_words_that_are_not_to_be_had_are_not_played_again(label: str, load: Any, sandbox: Sandbox) -> None:
    script = load(SCRIPT)
    one = played("verb", load, sandbox)[0]
    other = one.dm.model_copy(update={"sampling": {"perturbation": label}})
    faults = Verifier(sandbox).verify(one.model_copy(update={"dm": other}), script)
    assert [fault.place for fault in faults] == ["id"]


@pytest.mark.parametrize("label", [7, None, ["verb"], {}])
def test_what_is_no_label_is_none(label: Any, load: Any, sandbox: Sandbox) -> None:
    script = load(SCRIPT)
    one = played("verb", load, sandbox)[0]
    other = one.dm.model_copy(update={"sampling": {"perturbation": label}})
    faults = Verifier(sandbox).verify(one.model_copy(update={"dm": other}), script)
    assert {"instruction", "id"} < {fault.place for fault in faults}
