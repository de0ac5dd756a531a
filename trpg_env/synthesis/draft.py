"""The form in which a model is asked for a narrative script, and the way from there to a script and back.

A form that a model can be held to has no free keys, so that what a script has as a mapping is a list here, each element with
its name. A script in its own form, or the paper's, is taken all the same.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from trpg_env.script import Script
from trpg_env.script.domains import Domain, Free
from trpg_env.script.program import Action, Code, Pattern
from trpg_env.synthesis.reading import named, spelled
from trpg_env.world.resolution import reads_state

OBJECT: Final[Mapping[str, Any]] = {"type": "object"}
"""The schema of a grounded script: its effects hold one another, which no closed form can say."""

_NAMES: Final = ("name", "action")
"""What an element's name stands under; the first that it has."""
_ABOUT: Final = ("about", "text", "description")
"""What a section's text may stand under beside its entries; the first that is no entry's name."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True)


class Entry(_Form):
    """A place, an item, a person, a fact."""

    name: str = Field(max_length=80)
    details: str = Field(max_length=600)


class Section(_Form):
    """A part of the environment: a text, entries, or both."""

    name: str = Field(max_length=60)
    text: str = Field(max_length=600)
    entries: list[Entry] = Field(max_length=20)


class Parameter(_Form):
    """A placeholder and its valid values."""

    name: str = Field(max_length=40)
    values: list[str] = Field(min_length=1, max_length=40)


class DraftAction(_Form):
    """An action."""

    name: str = Field(max_length=120)
    description: str = Field(max_length=300)
    verification_code: str = Field(max_length=1_500)
    parameters: list[Parameter] = Field(max_length=4)


class Draft(_Form):
    """A narrative script as a model is asked for it; see `prompts/script.txt`."""

    title: str = Field(max_length=80)
    environment: list[Section] = Field(min_length=1, max_length=10)
    goal: str = Field(max_length=400)
    completion_conditions: list[str] = Field(min_length=1, max_length=6)
    available_actions: list[DraftAction] = Field(min_length=2, max_length=16)
    max_turns: int = Field(ge=1, le=100)


def script_data(written: Mapping[str, Any]) -> dict[str, Any]:
    """What a model has written, with mappings where a script has them. What is of neither form stays as it is.

    Args:
        written: A draft, or a script in its own form or the paper's.

    Returns:
        Its parts under a script's keys; it may be no script yet, which is for `load_script` to find.

    Example:
        >>> action = {"name": "dig {place}", "parameters": [{"name": "place", "values": ["garden"]}]}
        >>> script_data({"Goal": "Dig.", "available_actions": [action]})["available_actions"]
        {'dig {place}': {'parameters': {'place': ['garden']}}}
    """
    data = named(written)
    sections = _listed(data.get("environment"))
    if sections is not None:
        data["environment"] = {name: _section(part) for name, part in sections.items()}
    actions = _listed(data.get("available_actions"))
    if actions is not None:
        data["available_actions"] = actions
    if isinstance(data.get("available_actions"), Mapping):
        data["available_actions"] = {n: _action(action) for n, action in data["available_actions"].items()}
    return data


class NamedTwice(ValueError):
    """Two elements of a list have the same name; the text says which."""


def _listed(value: Any) -> dict[str, dict[str, Any]] | None:
    """A list of elements with names as a mapping; None for what is no such list."""
    if not isinstance(value, list) or not all(isinstance(v, dict) and _name(v) for v in value):
        return None
    found: dict[str, dict[str, Any]] = {}
    for element in value:
        key = _name(element)
        assert key is not None
        if element[key] in found:
            raise NamedTwice(f"the name {json.dumps(element[key], ensure_ascii=False)} is given twice")
        found[element[key]] = {k: v for k, v in element.items() if k != key}
    return found


def _name(element: Mapping[str, Any]) -> str | None:
    """The key under which an element's name stands; None where it has none that is a text."""
    keys = {spelled(key): key for key in element}
    key = next((keys[name] for name in _NAMES if name in keys), None)
    return key if key is not None and isinstance(element[key], str) else None


def _section(part: Mapping[str, Any]) -> Any:
    section = named(part)
    text, entries = section.get("text"), _listed(section.get("entries"))
    if entries is None or section.keys() - {"text", "entries"}:
        return dict(part)
    told = {name: entry["details"] if [*entry] == ["details"] else entry for name, entry in entries.items()}
    if not told:
        return text or ""
    about = next((key for key in _ABOUT if key not in told), None)
    return {about: text, **told} if text and about is not None else told


def _action(action: Any) -> Any:
    if not isinstance(action, Mapping):
        return action
    found = dict(action)
    for key, value in action.items():
        parameters = _listed(value) if spelled(key) == "parameters" else None
        if parameters is not None:
            found[key] = {name: parameter.get("values", parameter) for name, parameter in parameters.items()}
        elif spelled(key) == "verification code" and value == "":
            del found[key]  # the form has no other way to leave it out
    return found


def draft_of(script: Script) -> Draft | None:
    """A script told as a narrative one: what an example shows.

    Returns:
        The draft; None where the script cannot be told so, since its code reads the engine's state or a condition has
        no text.

    Example:
        >>> from trpg_env.script import load_script
        >>> draft_of(load_script("cool-tomato")).completion_conditions
        ['The tomato is cool.', 'It is in the microwave.']
    """
    actions = [_told(action) for action in script.program.actions]
    conditions = [condition.text for condition in script.completion_conditions]
    if None in actions or None in conditions:
        return None
    return Draft.model_construct(
        title=script.title,
        environment=[*_sections(script.environment), *_rules(script)],
        goal=script.goal,
        completion_conditions=[condition for condition in conditions if condition is not None],
        available_actions=[action for action in actions if action is not None],
        max_turns=script.max_turns,
    )


def _told(action: Action) -> DraftAction | None:
    verification = action.verification
    if isinstance(verification, Code) and reads_state(verification.source):
        return None
    placeholders = zip(action.template.placeholders, action.domains, strict=True)
    parameters = [
        Parameter.model_construct(name=name, values=_values(domain))
        for name, domain in placeholders
        # Code may take no other text than such as the examples, which only a list of valid values can say here.
        if not isinstance(domain, Free) or isinstance(verification, Code)
    ]
    return DraftAction.model_construct(
        name=action.template.text,
        description=action.description,
        verification_code=verification.source
        if isinstance(verification, Pattern | Code)
        else _pattern(action),
        parameters=parameters,
    )


def _values(domain: Domain) -> list[str]:
    return [value.spelling for value in domain.samples]


def _pattern(action: Action) -> str:
    """A pattern for an action that is matched by its own name."""
    template = action.template
    parts = [re.escape(template.literals[0])]
    for name, literal in zip(template.placeholders, template.literals[1:], strict=True):
        parts += [f"(?P<{name}>.+)" if name.isidentifier() else "(.+)", re.escape(literal)]
    return f"^{''.join(parts)}$".replace("\\ ", " ")


def _sections(environment: Any) -> list[Section]:
    if not isinstance(environment, Mapping):
        return [_text_section("world", environment)]
    return [
        Section.model_construct(
            name=name,
            text="",
            entries=[
                Entry.model_construct(name=entity, details=_prose(value)) for entity, value in part.items()
            ],
        )
        if isinstance(part, Mapping) and all(isinstance(value, Mapping | str) for value in part.values())
        else _text_section(name, part)
        for name, part in environment.items()
    ]


def _rules(script: Script) -> list[Section]:
    """What stands against actions, in the words that a player is told: without its preconditions a world has no rules."""
    told = [
        (action.template.text, [p.message for p in script.available_actions[action.key].preconditions])
        for action in script.program.actions
    ]
    entries = [
        Entry.model_construct(name=name, details=" ".join(filter(None, messages)))
        for name, messages in told
        if any(messages)
    ]
    if not entries:
        return []
    return [Section.model_construct(name="rules", text="What an action may meet with:", entries=entries)]


def _text_section(name: str, value: Any) -> Section:
    return Section.model_construct(name=name, text=_prose(value), entries=[])


def _prose(value: Any) -> str:
    """A value as a person would jot it down.

    Example:
        >>> _prose({"description": "A hall.", "exits": {"east": "den"}, "locked": True})
        'A hall. exits: east: den; locked: yes'
    """
    if isinstance(value, Mapping):
        description = value.get("description")
        rest = "; ".join(f"{key}: {_prose(v)}" for key, v in value.items() if key != "description")
        return " ".join(filter(None, [description if isinstance(description, str) else "", rest]))
    if isinstance(value, list) and value:
        told = [*map(_prose, value)]
        return (" " if all(t.endswith(".") for t in told) else ", ").join(told)
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
