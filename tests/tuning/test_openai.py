"""`export --format openai`: OpenAI's chat format for fine-tuning."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionSystemMessageParam,
    ChatCompletionUserMessageParam,
)
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from tuning_helpers import ABLATIONS, asked, records
from typing_extensions import TypedDict

from trpg_env import export
from trpg_env.trajectory import Trajectory

ONLY = ConfigDict(extra="forbid")


def test_it_says_what_messages_says_with_weights_and_without_other_keys(
    played: list[Trajectory], tmp_path: Path
) -> None:
    for ablation in ABLATIONS:
        export(played, "messages", tmp_path / "m", **asked(ablation))
        export(played, "openai", tmp_path / "o", **asked(ablation))
        wanted = [
            {
                "messages": [
                    {key: m[key] for key in ("role", "content")}
                    | ({"weight": int(m["loss"])} if m["role"] == "assistant" else {})
                    for m in record["messages"]
                ]
            }
            for record in records(tmp_path / "m")
        ]
        assert records(tmp_path / "o") == wanted
        assert wanted


def test_a_weight_is_a_number_and_some_reply_has_one(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "openai", tmp_path, min_refinements=0, success_only=False)
    for record in records(tmp_path):
        weights = [m["weight"] for m in record["messages"] if m["role"] == "assistant"]
        assert all(type(weight) is int and weight in (0, 1) for weight in weights)
        assert 1 in weights
        assert record["messages"][-1]["role"] == "assistant"


class System(ChatCompletionSystemMessageParam):
    __pydantic_config__ = ONLY


class User(ChatCompletionUserMessageParam):
    __pydantic_config__ = ONLY


class Assistant(ChatCompletionAssistantMessageParam, total=False):
    __pydantic_config__ = ONLY

    weight: Annotated[int, Field(ge=0, le=1)]


class FineTuneChatRequestInput(TypedDict):
    """A line of a training file, as OpenAI's description of its interface has it; the client has no type for it."""

    __pydantic_config__ = ONLY

    messages: Annotated[list[System | User | Assistant], Field(min_length=1)]


published = TypeAdapter(FineTuneChatRequestInput)


def test_a_record_is_what_openai_publishes(played: list[Trajectory], tmp_path: Path) -> None:
    for system in (False, True):
        for ablation in ABLATIONS:
            export(played, "openai", tmp_path, system_prompt=system, **asked(ablation))
            lines = (tmp_path / "data.jsonl").read_bytes().splitlines()
            assert lines
            for line in lines:
                roles = [
                    message["role"] for message in published.validate_json(line, strict=True)["messages"]
                ]
                assert roles[: len(roles) % 2] == ["system"] * system
                assert roles[-1] == "assistant"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "Hm.", "weight": 2},
        {"role": "assistant", "content": "Hm.", "weight": True},
        {"role": "assistant", "content": "Hm.", "loss": True},
        {"role": "user", "content": "Hm.", "weight": 0},
        {"role": "dm", "content": "Hm."},
    ],
)
def test_the_check_sees_what_is_not_published(message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        published.validate_json(json.dumps({"messages": [message]}), strict=True)
