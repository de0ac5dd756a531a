"""What a script's file says: pydantic models with the file's own keys.

The models hold the data as written; what it means (parsed expressions, resolved names) is a `Program`.
Keys may be written in any case and with blanks for underscores, which makes the paper's own format
(`Completion Conditions`, `verification code`) load unchanged. Keys that begin with `x-` are free anywhere.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from trpg_env.script.faults import Path
from trpg_env.script.names import fold, suggestion
from trpg_env.script.program import Program
from trpg_env.script.source import Source

SCHEMA_VERSION = 1


class Part(BaseModel):
    """A mapping of a script: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known: dict[str, Any] = {}
        for key, value in data.items():
            name = fold(key).replace(" ", "_")
            if key.casefold().startswith("x-"):
                continue
            if name not in cls.model_fields:
                name = key
            if name in known:
                raise PydanticCustomError("twice", "the key {key} is given twice", {"key": repr(name)})
            known[name] = value
        return known


class Condition(Part):
    """A condition of completion or failure, or a milestone.

    Attributes:
        text: The condition for people and dungeon masters.
        when: The condition for the engine; None in a narrative script.
    """

    text: str | None = None
    when: Any = None

    @model_validator(mode="after")
    def _says_something(self) -> "Condition":
        if self.when is None and not (self.text or "").strip():
            raise PydanticCustomError(
                "empty", "a condition is a sentence, or has `when` (and a `text` for people)"
            )
        return self


class Precondition(Part):
    """What must hold before an action is carried out.

    Attributes:
        when: The condition.
        error: What kind of error its failing is; where None, it follows from what the condition reads.
        message: What the player is told.
    """

    when: Any
    error: Literal["place", "logic", "parameter"] | None = None
    message: str | None = None


class Action(Part):
    """What can be done: how it is checked, when it is possible, what it changes and what is then seen."""

    description: str | None = None
    verification_code: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    preconditions: list[Precondition] = Field(default_factory=list)
    effects: list[Any] = Field(default_factory=list)
    observation: str | None = None

    @field_validator("parameters", "preconditions", "effects", mode="before")
    @classmethod
    def _left_empty(cls, value: Any, info: Any) -> Any:
        if value is None or (value == [] and info.field_name == "parameters"):
            return {} if info.field_name == "parameters" else []
        return value


class Event(Part):
    """What happens by itself after a turn, when its condition holds; at most once a turn."""

    when: Any
    effects: list[Any] = Field(default_factory=list)
    observation: str | None = None


class Provenance(Part):
    """Where a script comes from, and under which licence."""

    author: str | None = None
    licence: str | None = None
    source: str | None = None
    model: str | None = None
    persona_source: str | None = None


class Script(Part):
    """A script: a persona's world, goal and actions. Made by `load_script`.

    Attributes carry the file's keys. `origin` is the library name or the absolute path that it was loaded
    from, None for a mapping.
    """

    schema_version: Literal[1] = 1
    name: str = Field(default="script", min_length=1, max_length=200)
    title: str = ""
    family: str = ""
    provenance: Provenance = Field(default_factory=Provenance)
    persona: str | None = None
    goal: str = Field(min_length=1)
    environment: Any
    opening: str | None = None
    define: dict[str, Any] = Field(default_factory=dict)
    completion_conditions: list[Condition] = Field(default_factory=list)
    failure_conditions: list[Condition] = Field(default_factory=list)
    milestones: list[Condition] = Field(default_factory=list)
    available_actions: dict[str, Action] = Field(min_length=1)
    events: list[Event] = Field(default_factory=list)
    variations: dict[str, list[Any]] | list[dict[str, Any]] = Field(default_factory=dict)
    max_turns: int = Field(default=30, ge=1, le=1_000_000)

    _origin: str | None = PrivateAttr(default=None)
    _source: Source | None = PrivateAttr(default=None)
    _program: Program | None = PrivateAttr(default=None)
    _hash: str = PrivateAttr(default="")

    @field_validator("completion_conditions", "failure_conditions", "milestones", mode="before")
    @classmethod
    def _sentences(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, dict) and value and all(isinstance(v, str) for v in value.values()):
            # Numbered sentences, as models write them.
            value = value if {fold(k) for k in value} <= {"text", "when"} else list(value.values())
        if isinstance(value, list):
            return [{"text": v} if isinstance(v, str) else v for v in value]
        return [] if value is None else value

    @field_validator("schema_version", mode="before")
    @classmethod
    def _version(cls, value: Any) -> Any:
        return str(value) if isinstance(value, bool) else value

    @field_validator("goal", "opening")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise PydanticCustomError("blank", "is empty")
        return value

    @field_validator("variations", mode="before")
    @classmethod
    def _alternatives(cls, value: Any) -> Any:
        if isinstance(value, dict | list):
            return value
        if value is None:
            return {}
        raise PydanticCustomError(
            "variations", "variations are a mapping `path: [values]` or a list of mappings"
        )

    @field_validator("define", "provenance", "events", mode="before")
    @classmethod
    def _left_empty(cls, value: Any, info: Any) -> Any:
        return ([] if info.field_name == "events" else {}) if value is None else value

    @model_validator(mode="after")
    def _defaults(self) -> "Script":
        # Frozen for everyone else: these follow from the name.
        fields = self.__dict__
        fields["title"] = self.title or self.name
        fields["family"] = self.family or self.name
        return self

    @property
    def grounded(self) -> bool:
        """Whether the engine can play it exactly; otherwise only a language model's DM can."""
        return self.program.grounded

    @property
    def origin(self) -> str | None:
        """The library name or the absolute path it was loaded from; None for a mapping."""
        return self._origin

    @property
    def source(self) -> Source:
        """The file or mapping it was read from, for faults with lines."""
        assert self._source is not None, "made by load_script"
        return self._source

    @property
    def program(self) -> Program:
        """What the script means."""
        assert self._program is not None, "made by load_script"
        return self._program

    @property
    def hash(self) -> str:
        """SHA-256 of the script's data: equal for the same data in JSON and YAML, wherever it is stored."""
        return self._hash

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> "Script":
        return self


_FIELDS_BY_DEPTH: dict[str, type[Part]] = {
    "completion_conditions": Condition,
    "failure_conditions": Condition,
    "milestones": Condition,
    "preconditions": Precondition,
    "events": Event,
    "available_actions": Action,
    "provenance": Provenance,
}


def is_of_other_form(error: ErrorDetails) -> bool:
    """Whether an error only says that `variations` is a mapping and not a list, or the other way round."""
    loc = error["loc"]
    return loc[:1] == ("variations",) and len(loc) == 2 and error["type"] in ("dict_type", "list_type")


def explain(error: ErrorDetails) -> tuple[Path, str]:
    """One of pydantic's errors as a path and a sentence that says what to write instead."""
    path: Path = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx") or {}
    if "variations" in path[:1]:
        path = tuple(p for p in path if not (isinstance(p, str) and p.startswith(("dict[", "list["))))
    last = path[-1] if path else ""
    if kind == "missing":
        return path[:-1], f"`{last}` is missing"
    if kind == "extra_forbidden":
        owner = next((_FIELDS_BY_DEPTH[p] for p in reversed(path[:-1]) if p in _FIELDS_BY_DEPTH), Script)
        return (
            path,
            f"unknown key {last!r}{suggestion(str(last), owner.model_fields) or '; keys of your own begin with x-'}",
        )
    if last == "schema_version":
        return path, f"unknown schema_version {error['input']!r}; this version reads {SCHEMA_VERSION}"
    got = _json_type(error["input"])
    wanted = {
        "string_type": "a text",
        "list_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
        "int_type": "a whole number",
        "float_type": "a number",
    }.get(kind)
    if wanted:
        return path, f"{wanted} is expected here, not {got}"
    if kind == "literal_error":
        return path, f"{error['input']!r} is not one of {context.get('expected')}"
    if kind in ("string_too_short", "too_short"):
        return path, "is empty"
    if kind in ("greater_than_equal", "less_than_equal"):
        return path, f"{error['input']} is out of range: from 1 to 1,000,000"
    return path, error["msg"][:1].lower() + error["msg"][1:]


def _json_type(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true/false", type(None): "null"}
    return names.get(type(value), "a number")
