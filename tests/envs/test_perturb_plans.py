"""Under every perturbation a script is the same game in other words: a plan still wins, and the old words are no action."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.agents import PlannerAgent
from trpg_env.envs import AgentRefineEnv
from trpg_env.envs.perturbations import NAMES, NotApplicable, PerturbedEnv, perturbed
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script

SCRIPTS = ["cool-tomato", "house-evening", "office-mail", "ship", "unix-config", "warehouse-robot"]
"""Between them every perturbation applies, and there are patterns, code, free texts, numbers, names that are paths."""

NOTHING = {
    ("cool-tomato", "spacing"),
    ("office-mail", "preposition"),
    ("office-mail", "spacing"),
    ("unix-config", "preposition"),
    ("unix-config", "order"),
    ("unix-config", "spacing"),
    ("warehouse-robot", "preposition"),
    ("warehouse-robot", "order"),
}
"""Where a perturbation finds nothing to change."""
CHANGED = [(name, kind) for name in SCRIPTS for kind in NAMES if (name, kind) not in NOTHING]

Load = Callable[[Any], Script]


@pytest.fixture(scope="module")
def both(load: Load, sandbox: Sandbox) -> Callable[[str, str], tuple[AgentRefineEnv, PerturbedEnv]]:
    """A script in its own words and in others."""
    plain = cache(lambda name: AgentRefineEnv(load(name), sandbox=sandbox, admissible_actions=True))

    @cache
    def both(name: str, kind: str) -> tuple[AgentRefineEnv, PerturbedEnv]:
        env = AgentRefineEnv(load(name), world=plain(name).world, admissible_actions=True)
        return plain(name), perturbed(env, kind)

    return both


def told(step: tuple[Any, ...]) -> tuple[Any, ...]:
    """All of a step but its words."""
    _, reward, terminated, truncated, info = step
    flags = {name: value for name, value in info["assessment"].items() if name != "message"}
    rest = ("success", "progress", "turn", "state_hash", "reward_terms", "error")
    return (
        reward,
        terminated,
        truncated,
        flags,
        [info[name] for name in rest],
        len(info["admissible_actions"]),
    )


@pytest.mark.parametrize(("name", "kind"), sorted(NOTHING))
def test_where_there_is_nothing_to_change_it_says_so(name: str, kind: str, both: Any) -> None:
    with pytest.raises(NotApplicable, match=f"{kind} changes nothing in {name}: no "):
        both(name, kind)


@pytest.mark.parametrize(("name", "kind"), CHANGED)
def test_a_plan_wins_in_the_new_words_turn_by_turn_as_in_the_old(name: str, kind: str, both: Any) -> None:
    plain, env = both(name, kind)
    planner = PlannerAgent()
    observation, info = plain.reset(seed=3)
    said, heard = env.reset(seed=3)
    planner.reset(plain, 3)
    over = False
    actions = []
    while not over:
        assert heard["admissible_actions"] == [env.worded(action) for action in info["admissible_actions"]]
        actions.append(action := planner.act(observation, info).action)
        first, second = plain.step(action), env.step(env.worded(action))
        assert told(first) == told(second), action
        observation, _, _, _, info = first
        said, _, _, _, heard = second
        over = first[2] or first[3]
    assert heard["success"], said
    changed = [action for action in actions if env.worded(action) != action]
    others = [action.text for action in plain.world.grounder.all() if env.worded(action.text) != action.text]
    for action in dict.fromkeys([*changed, *others[:: len(others) // 20 + 1]]):
        before = env.reset(seed=3)[1]
        refused = env.step(action)[4]
        assert refused["assessment"]["parameter_error"], action
        assert refused["state_hash"] == before["state_hash"]
        assert refused["turn"] == 1
        assert refused["assessment"]["message"]


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("name", ["house-evening", "ship"])
def test_the_planner_itself_hears_and_speaks_the_new_words(name: str, kind: str, both: Any) -> None:
    _, env = both(name, kind)
    observation, info = env.reset(seed=5)
    planner = PlannerAgent()
    planner.reset(env, 5)
    over = False
    while not over:
        observation, _, terminated, truncated, info = env.step(planner.act(observation, info).action)
        assert not info["assessment"]["parameter_error"]
        over = terminated or truncated
    assert info["success"]


PIECES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@settings(max_examples=25)
@given(data=st.data(), which=st.sampled_from(CHANGED), seed=st.integers(0, 50))
def test_whatever_is_done_comes_to_the_same(
    data: st.DataObject, which: tuple[str, str], seed: int, both: Any
) -> None:
    plain, env = both(*which)
    texts = [action.text for action in plain.world.grounder.all()]
    plain.reset(seed=seed)
    env.reset(seed=seed)
    for _ in range(data.draw(st.integers(1, 12))):
        action = data.draw(st.sampled_from(texts))
        if data.draw(st.integers(0, 4)) == 0:
            words = action.split(" ")
            cut = data.draw(st.integers(0, len(words)))
            action = " ".join([*words[:cut], data.draw(PIECES), *words[cut + data.draw(st.integers(0, 1)) :]])
        first, second = plain.step(action), env.step(env.worded(action))
        assert told(first) == told(second), (action, env.worded(action))
        if first[2] or first[3]:
            return


@settings(max_examples=25)
@given(text=st.text(max_size=80), which=st.sampled_from(CHANGED))
def test_any_text_is_answered(text: str, which: tuple[str, str], both: Any) -> None:
    _, env = both(*which)
    env.reset(seed=0)
    for said in (text, text * 200, f"{text}\x00\ud800", f'"{text}" {{x}}'):
        assert env.step(said)[4]["turn"] > 0
