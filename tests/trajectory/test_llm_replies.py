"""The raw replies of a language model that played, held against what the trajectory says it did."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.agents import Turn
from trpg_env.dm import Judgement, Narration, RulesDM
from trpg_env.envs.react import MalformedReply, Refused, parse_reply
from trpg_env.llm.reasoning import split_reasoning
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Script
from trpg_env.trajectory import Trajectory, Verifier

REPLIES = [
    "Thought: There may be more.\nAction: go west",
    "I cannot decide.",
    "<think>Action: go north</think>Thought: Back.\nAction: go east",
    "Thought: Both.\nAction: go west\nAction: go east",
    "",
    "Thought: On.\nAction: take tomato",
]


class Speaker:
    """Says what a model might, and does what the LLM player would."""

    kind = "llm"
    model = "m"

    def reset(self, env: Any, seed: int) -> None:
        self.replies = iter(REPLIES)

    def act(self, observation: str, info: dict[str, Any]) -> Turn:
        reply = next(self.replies)
        try:
            return Turn(*parse_reply(split_reasoning(reply)[1]), reply=reply)
        except MalformedReply as error:
            return Turn("", Refused("", str(error)), reply=reply)


class Singer(RulesDM):
    """Has words of its own."""

    kind = "singer"

    def answer(self, world: Any, before: Any, ruling: Any) -> Any:
        return super().answer(world, before, ruling)._replace(observation="La la.")


@pytest.fixture(scope="module", params=[RulesDM(), Singer()], ids=lambda dm: dm.kind)
def played(request: pytest.FixtureRequest, load: Callable[[Any], Script], sandbox: Sandbox) -> Trajectory:
    run = rollout(load("cool-tomato"), Speaker(), 1, max_turns=6, dm=request.param, sandbox=sandbox)
    return next(iter(run))


@pytest.fixture
def verify(load: Callable[[Any], Script], sandbox: Sandbox) -> Callable[[Trajectory], list[Fault]]:
    verifier, script = Verifier(sandbox), load("cool-tomato")
    return lambda trajectory: verifier.verify(trajectory, script)


def changed(trajectory: Trajectory, i: int, **turn: Any) -> Trajectory:
    """One turn otherwise."""
    turns = [*trajectory.turns]
    turns[i] = turns[i].model_copy(update=turn)
    return trajectory.model_copy(update={"turns": turns})


def test_malformed_replies_are_played_again_as_the_same_errors(
    played: Trajectory, verify: Callable[..., list[Fault]]
) -> None:
    assert verify(played) == []
    answers = [dm for _, dm in played.exchanges()]
    assert [dm.parameter_error for dm in answers] == [False, True, False, True, True, False]
    assert [dm.message.partition(".")[0] for dm in answers if dm.parameter_error] == [
        "The reply has no action",
        "The reply has 2 actions; one a turn",
        "The reply has no action",
    ]


@pytest.mark.parametrize("i", [4, 8, 10])
def test_a_malformed_reply_that_is_said_to_be_right_is_found(
    i: int, played: Trajectory, verify: Callable[..., list[Fault]]
) -> None:
    (fault,) = verify(changed(played, i, parameter_error=False, message=""))
    assert fault.place.startswith(f"turns[{i}].parameter_error")


@pytest.mark.parametrize(
    ("i", "turn", "says"),
    [
        (1, {"reply": "Thought: No.\nAction: go east"}, '"go west" stands here, the reply says "go east"'),
        (1, {"reply": "Hm."}, '"go west" stands here, the reply names none: The reply has no action.'),
        (3, {"action": "dance"}, '"dance" stands here, the reply names none: The reply has no action.'),
        (3, {"reply": "Action: dance"}, '"" stands here, the reply says "dance"'),
    ],
    ids=str,
)
def test_an_action_that_the_reply_does_not_say_is_found(
    i: int, turn: dict[str, Any], says: str, played: Trajectory, verify: Callable[..., list[Fault]]
) -> None:
    fault = verify(changed(played, i, **turn))[0]
    assert fault.place == f"turns[{i}].action"
    assert says in fault.message


def test_replies_of_players_with_another_form_are_their_own(
    load: Callable[[Any], Script], sandbox: Sandbox, verify: Callable[..., list[Fault]]
) -> None:
    class Caller(Speaker):
        kind = "caller"

        def act(self, observation: str, info: dict[str, Any]) -> Turn:
            return Turn("", "go west", reply='{"tool": "go", "where": "west"}')

    (other,) = rollout(load("cool-tomato"), Caller(), 1, max_turns=3, sandbox=sandbox)
    assert verify(other) == []


def test_in_a_narrative_script_a_malformed_reply_must_be_a_parameter_error(
    load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    anything = {
        "say {word}": {"verification code": "^(?P<word>.*)$", "parameters": {"word": {"any": ["hello"]}}}
    }
    script = load(
        {
            "Environment": {"stage": "A stage."},
            "Goal": "Speak.",
            "Completion Conditions": ["You have spoken."],
            "Available Actions": anything,
        }
    )

    class Judge:
        kind, judges = "judge", True

        def open(self, world: Any, state: Any, fate: Any) -> Narration:
            return Narration("", "Silence.")

        def answer(self, world: Any, before: Any, ruling: Any) -> Narration:
            return Narration("", "Applause.", Judgement())

        def snapshot(self) -> None: ...

        def restore(self, snapshot: None) -> None: ...

    (trajectory,) = rollout(script, Speaker(), 1, max_turns=6, dm=Judge(), sandbox=sandbox)
    verifier = Verifier(sandbox)
    assert verifier.verify(trajectory, script) == []
    assert [dm.parameter_error for _, dm in trajectory.exchanges()] == [False, True, False, True, True, False]
    forged = changed(trajectory, 4, parameter_error=False, message="")
    assert [fault.place for fault in verifier.verify(forged, script)] == ["turns[4].parameter_error"]
