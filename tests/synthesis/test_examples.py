"""What a model is shown before it writes: three scripts far from one another, and a trajectory that is itself accepted."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from trpg_env.llm import Answer, Message
from trpg_env.llm.exchange import Usage
from trpg_env.prompts import prompt
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library
from trpg_env.script.instruction import instruction
from trpg_env.synthesis.checking import read_and_check
from trpg_env.synthesis.composed import ComposedPersonas
from trpg_env.synthesis.examples import SHOTS, Examples
from trpg_env.synthesis.judging import Judge
from trpg_env.synthesis.reading import read_turns
from trpg_env.synthesis.scripts import ScriptWriter
from trpg_env.synthesis.trajectories import TrajectoryWriter, writer_of
from trpg_env.trajectory import DMTurn
from trpg_env.trajectory.matching import Matcher

Load = Callable[[Any], Script]


@pytest.fixture(scope="module", params=[True, False], ids=["grounded", "narrative"])
def kind(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def examples(kind: bool, sandbox: Sandbox) -> Examples:
    return Examples(sandbox, grounded=kind)


@pytest.fixture(scope="module")
def scripts(kind: bool, load: Load) -> dict[str, Script]:
    """Those that may be shown, by name."""
    found = {script.name: script for script in map(load, library())}
    return {name: script for name, script in found.items() if script.grounded or not kind}


def test_three_different_examples_are_chosen(examples: Examples) -> None:
    for seed in range(50):
        names = [example.name for example in examples.choose(np.random.default_rng(seed))]
        assert len({*names}) == len(names) == SHOTS == 3


def test_the_choice_follows_from_the_generator(examples: Examples) -> None:
    chosen = [[examples.choose(np.random.default_rng(seed)) for seed in range(20)] for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert len({tuple(example.name for example in some) for some in chosen[0]}) > 5


def test_the_first_is_drawn_from_all(examples: Examples, scripts: dict[str, Script]) -> None:
    generator = np.random.default_rng(0)
    first = Counter(examples.choose(generator)[0].name for _ in range(50 * len(scripts)))
    assert {*first} == {*scripts}
    assert min(first.values()) > 20


def alike(a: Script, b: Script) -> float:
    """The share of word trigrams that two instructions have in common."""
    words = [re.findall(r"\w+", instruction(script).casefold()) for script in (a, b)]
    grams = [{tuple(some[i : i + 3]) for i in range(len(some) - 2)} for some in words]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def test_each_further_one_is_farthest_from_those_before(
    examples: Examples, scripts: dict[str, Script]
) -> None:
    for seed in range(40):
        chosen = [scripts[example.name] for example in examples.choose(np.random.default_rng(seed))]
        for i in range(1, SHOTS):
            nearest = {
                name: max(alike(script, before) for before in chosen[:i])
                for name, script in scripts.items()
                if script not in chosen[:i]
            }
            assert nearest[chosen[i].name] == pytest.approx(min(nearest.values()))


def test_an_example_is_what_is_asked_for_and_passes_itself(
    examples: Examples, kind: bool, scripts: dict[str, Script], sandbox: Sandbox
) -> None:
    generator = np.random.default_rng(0)
    chosen = [example for _ in range(150) for example in examples.choose(generator)]
    shown = {example.name: example.text for example in chosen}
    assert {*shown} == {*scripts}
    for name, text in shown.items():
        persona, written = re.fullmatch(r"Persona: (.+)\nScript: (.+)", text).groups()  # type: ignore[union-attr]
        assert persona == (scripts[name].persona or scripts[name].environment["persona"])
        said = json.loads(written)
        assert not said.keys() & {"schema_version", "name", "family", "provenance", "persona"}
        if kind:
            # That all of the library has a plan is tested with the library.
            assert said.items() <= dict(scripts[name].source.data).items()
        else:
            assert isinstance(read_and_check(text, {}, grounded=False, sandbox=sandbox), tuple)


# What is sent.


class Ear:
    """A model that hears what it is asked, and answers as it is told."""

    name = "m"
    recorded = False

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[list[Message], Any]] = []

    async def ask(self, request: Any, at: Any) -> Answer:
        self.heard.append((list(request.messages), request.schema))
        return Answer(self.answers.pop(0), usage=Usage(calls=1))

    @property
    def text(self) -> str:
        return "\n".join(str(message["content"]) for messages, _ in self.heard for message in messages)


PLACEHOLDERS = re.compile(
    r"\{(?:examples|persona|faults|refinements|example_script|example|script|start|turns|settings|fault|turn|role)\}"
)


def unfilled(text: str, said: str) -> Counter[str]:
    """Placeholders that are left, but for those that a script or an answer has of its own."""
    return Counter(PLACEHOLDERS.findall(text)) - Counter(PLACEHOLDERS.findall(said))


def test_every_placeholder_in_what_asks_for_a_script_is_filled(kind: bool, sandbox: Sandbox) -> None:
    ear = Ear("No.", '{"goal": "", "environment": {}}')
    writer = ScriptWriter(
        ear,  # type: ignore[arg-type]
        ComposedPersonas(seed=1),
        1,
        sandbox,
        examples=Examples(sandbox, grounded=kind),
        grounded=kind,
        temperature=1.0,
        max_tokens=9,
        max_calls=2,
    )
    outcome, script = asyncio.run(writer.write(0))
    assert (outcome.calls, script) == (2, None)
    examples = re.findall(r"^Script: .*$", ear.text, re.MULTILINE)
    assert len(examples) == 2 * SHOTS
    assert unfilled(ear.text, "".join(examples)) == Counter()
    first, second = (messages for messages, _ in ear.heard)
    assert [m["role"] for m in first] == ["system", "user"]
    assert second[:2] == first
    assert [m["role"] for m in second] == ["system", "user", "assistant", "user"]
    assert ComposedPersonas(seed=1).draw(0).text in str(first[1]["content"])
    assert "There is no script in the reply" in str(second[3]["content"])


@pytest.mark.parametrize("name", ["cool-tomato", "village-healer", "ship"])
def test_every_placeholder_in_what_asks_for_a_trajectory_is_filled(
    name: str, load: Load, sandbox: Sandbox
) -> None:
    opening = '{"turns": [{"role": "DM", "thought": "", "observation": "Here.", "parameter_error": false, '
    opening += '"place_error": false, "logic_error": false}, {"role": "Player"'
    ear = Ear("No.", opening, opening)
    writer = TrajectoryWriter(
        [load(name)],
        ear,  # type: ignore[arg-type]
        1,
        sandbox,
        participant=writer_of("m", 1.0, 9),
        max_calls=3,
        min_refinements=2,
    )
    outcome, trajectory = asyncio.run(writer.write(0))
    assert (outcome.calls, trajectory) == (3, None)
    shown = prompt("trajectory_example_script") + json.dumps(dict(load(name).source.data), ensure_ascii=False)
    for messages, schema in ear.heard:
        text = "\n".join(str(message["content"]) for message in messages)
        assert unfilled(text, shown) == Counter()
        assert isinstance(schema, Mapping)
    system, asked = (str(message["content"]) for message in ear.heard[0][0])
    assert prompt("trajectory_example") in system
    assert prompt("trajectory_example_script") in system
    assert "at least 2 times" in system
    assert f"at most {load(name).max_turns} actions" in asked
    assert ("In this episode it differs at the start" in asked) == (load(name).program.variation_count > 1)
    assert "turn 1, which is the player's" in str(ear.heard[2][0][-1]["content"])


# The example of a trajectory.


def test_the_example_of_a_trajectory_is_accepted_with_its_three_kinds_of_errors(
    load: Load, sandbox: Sandbox
) -> None:
    script = load(json.loads(prompt("trajectory_example_script")))
    written = read_turns(prompt("trajectory_example"))
    assert written.fault is None
    conditions = [condition.text for condition in script.program.completion]
    matcher = Matcher(script, sandbox)
    judged = Judge(conditions, matcher, 3).judge(written)
    assert judged.objection is None
    assert len(judged.turns) == len(written.items)
    assert len(judged.turns) // 2 <= script.max_turns
    assert {turn.error for turn in judged.turns if isinstance(turn, DMTurn)} == {
        None,
        "parameter",
        "place",
        "logic",
    }
    # The DM reports a parameter error where the code finds one, and nowhere else.
    for acted, answer in zip(written.items[1::2], written.items[2::2], strict=True):
        assert matcher.accepts(acted["action"]) is not answer["parameter_error"]
    assert Judge(conditions, matcher, 4).judge(written).objection is not None


def test_the_script_of_the_example_is_one_that_would_be_kept(sandbox: Sandbox) -> None:
    kept = read_and_check(prompt("trajectory_example_script"), {}, grounded=False, sandbox=sandbox)
    assert isinstance(kept, tuple)
