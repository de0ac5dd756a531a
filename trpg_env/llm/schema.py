"""The JSON schema that a model's answer is held to, from the pydantic model that reads it.

Two kinds of readers have to take it. Strict structured output (OpenAI's) wants every object closed and every property
required, and refuses most keywords besides. Grammars (llama.cpp's) are glad of bounds: without a longest text and a
longest list a small model rambles until its tokens are spent. So the schema has the bounds, which are part of the
question, and `without_bounds` takes them away where they are not welcome.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pydantic

BOUNDS: Final = frozenset(
    {
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    }
)
"""Keywords that bound a value and do not change its shape."""

_KEPT: Final = BOUNDS | {"type", "description", "enum", "const"}


@cache
def schema_of(form: type[pydantic.BaseModel]) -> dict[str, Any]:
    """The schema of a form, closed and with all its parts in place.

    Args:
        form: What the answer is to look like.

    Returns:
        A JSON schema of `type`, `properties`, `required`, `additionalProperties`, `items`, `anyOf`, `enum`, `const`,
        `description` and bounds; the same object each time, not to be changed.

    Raises:
        TypeError: The form has what strict structured output cannot say: a mapping with free keys, a tuple with places
            of its own, a value of any type, or itself as a part.

    Example:
        >>> class Move(pydantic.BaseModel):
        ...     to: str = pydantic.Field(max_length=20)
        >>> schema_of(Move)["properties"]
        {'to': {'maxLength': 20, 'type': 'string'}}
    """
    whole = form.model_json_schema()
    parts = {name: _undescribed(part) for name, part in whole.get("$defs", {}).items()}
    return _closed(_undescribed(whole), parts, (form.__name__,))


def without_bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the keywords that bound texts, numbers and lists, at any depth.

    Example:
        >>> without_bounds({"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 0}})
        {'type': 'array', 'items': {'type': 'integer'}}
    """
    bare = {keyword: value for keyword, value in schema.items() if keyword not in BOUNDS}
    if "properties" in bare:
        bare["properties"] = {name: without_bounds(part) for name, part in bare["properties"].items()}
    if "items" in bare:
        bare["items"] = without_bounds(bare["items"])
    if "anyOf" in bare:
        bare["anyOf"] = [without_bounds(part) for part in bare["anyOf"]]
    return bare


def _undescribed(part: Mapping[str, Any]) -> dict[str, Any]:
    # The docstring of a class is for people who read code; what a model is to know stands with a field.
    return {keyword: value for keyword, value in part.items() if keyword != "description"}


def _closed(part: Mapping[str, Any], parts: Mapping[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        if name in way:
            raise TypeError(f"{way[0]}: {name} is a part of itself, which no answer can be held to")
        beside = {keyword: value for keyword, value in part.items() if keyword != "$ref"}
        return _closed({**parts[name], **beside}, parts, (*way, name))
    closed = {keyword: part[keyword] for keyword in sorted(_KEPT) if keyword in part}
    if part.get("type") == "object":
        if "properties" not in part or part.get("additionalProperties"):
            raise TypeError(
                f"{'.'.join(way)}: an object with free keys; name its fields, or use a list of pairs"
            )
        closed["properties"] = {
            name: _closed(property_, parts, (*way, name)) for name, property_ in part["properties"].items()
        }
        closed["required"] = list(part["properties"])
        closed["additionalProperties"] = False
    elif part.get("type") == "array":
        if not isinstance(part.get("items"), Mapping) or "prefixItems" in part:
            raise TypeError(f"{'.'.join(way)}: a list needs one type for all its items")
        closed["items"] = _closed(part["items"], parts, way)
    elif either := part.get("anyOf") or part.get("oneOf"):
        closed["anyOf"] = [_closed(one, parts, way) for one in either]
    elif not closed.keys() & {"type", "enum", "const"}:
        raise TypeError(f"{'.'.join(way)}: a value of any type; say which")
    return closed
