"""The schema of an answer is one that strict endpoints and grammars take."""

import enum
from typing import Annotated, Any, Literal, Optional

import pydantic
import pytest

from trpg_env.llm.schema import BOUNDS, schema_of, without_bounds


class Kind(enum.StrEnum):
    PLACE = "place"
    ITEM = "item"


class Thing(pydantic.BaseModel):
    """A note to programmers."""

    title: str = pydantic.Field("", description="What it is called.", max_length=30, pattern="^.*$")
    kind: Kind = Kind.ITEM


class Answer(pydantic.BaseModel):
    """What a model answers."""

    thought: str = pydantic.Field(max_length=400)
    mood: Literal["calm", "wild"] | None = None
    things: list[Thing] = pydantic.Field([], max_length=5)
    first: Thing = pydantic.Field(description="The one to begin with.")
    done: tuple[Annotated[int, pydantic.Field(ge=0, le=9)], ...] = pydantic.Field((), max_length=10)
    odds: float = pydantic.Field(0, gt=0, lt=1)


def objects(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for one in part for found in objects(one)]
    if isinstance(part, dict):
        inner = [found for value in part.values() for found in objects(value)]
        return [part, *inner] if part.get("type") == "object" else inner
    return []


def keywords(schema: dict[str, Any]) -> set[str]:
    found = set(schema)
    for part in (*schema.get("properties", {}).values(), *schema.get("anyOf", [])):
        found |= keywords(part)
    return found | (keywords(schema["items"]) if "items" in schema else set())


def test_every_object_is_closed_and_has_every_property() -> None:
    found = objects(schema_of(Answer))
    assert len(found) == 3
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_parts_stand_where_they_are_used_and_nothing_else_is_left() -> None:
    allowed = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"}
    assert keywords(schema_of(Answer)) <= allowed | {"description"} | BOUNDS
    assert schema_of(Answer)["properties"]["first"]["properties"]["title"] == {
        "type": "string",
        "description": "What it is called.",
        "maxLength": 30,
    }


def test_fields_are_described_and_docstrings_are_not_sent() -> None:
    schema = schema_of(Answer)
    assert "description" not in schema
    assert schema["properties"]["first"]["description"] == "The one to begin with."
    assert "programmers" not in str(schema)


def test_bounds_are_there_and_can_be_taken_away() -> None:
    schema = schema_of(Answer)
    assert schema["properties"]["done"]["maxItems"] == 10
    assert schema["properties"]["done"]["items"] == {"type": "integer", "minimum": 0, "maximum": 9}
    assert keywords(without_bounds(schema)) & BOUNDS == set()
    assert keywords(without_bounds(schema)) == keywords(schema) - BOUNDS
    assert schema_of(Answer)["properties"]["done"]["maxItems"] == 10


def test_a_property_may_be_called_like_a_keyword() -> None:
    class Odd(pydantic.BaseModel):
        maximum: int
        title: str

    assert list(without_bounds(schema_of(Odd))["properties"]) == ["maximum", "title"]


class Tree(pydantic.BaseModel):
    left: Optional["Tree"] = None


class Free(pydantic.BaseModel):
    counts: dict[str, int]


class Loose(pydantic.BaseModel):
    value: Any


class Pair(pydantic.BaseModel):
    pair: tuple[int, str]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (Tree, "Tree is a part of itself"),
        (Free, "Free.counts: an object with free keys"),
        (Loose, "Loose.value: a value of any type"),
        (Pair, "Pair.pair: a list needs one type"),
    ],
)
def test_a_form_that_cannot_be_asked_for_is_refused(form: type[pydantic.BaseModel], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        schema_of(form)
