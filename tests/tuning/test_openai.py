"""`export --format openai`: OpenAI's chat format for fine-tuning."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter
from tuning_helpers import ABLATIONS, asked, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory


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


def test_messages_are_of_the_types_that_openais_client_has(tmp_path: Path) -> None:
    chat = pytest.importorskip("openai.types.chat")
    export(many(3), "openai", tmp_path)
    for record in records(tmp_path):
        for message in record["messages"]:
            plain = {key: value for key, value in message.items() if key != "weight"}
            kind = {"user": "User", "assistant": "Assistant"}[message["role"]]
            TypeAdapter(getattr(chat, f"ChatCompletion{kind}MessageParam")).validate_python(plain)
