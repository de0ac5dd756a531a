"""Reading a script's file: JSON or YAML 1.2 (core schema) into plain data that remembers its lines.

YAML is built from the parser's events, one by one, so that depth, size, repeated keys, tags and aliases are
judged before anything is built from them: a file of a few kilobytes can neither blow up nor exhaust the stack.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from trpg_env.script.faults import Fault, Path, ScriptError, place_of_path
from trpg_env.script.names import fold

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 60
MAX_NODES = 500_000
MAX_NUMBER = 2**53

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,20}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TEXT_TAGS = frozenset({"!", "!!str", "tag:yaml.org,2002:str"})


class Source:
    """The text of one script, its data, and the line of every value in it.

    Args:
        text: The file's content.
        file: The name that faults give the file; None for data that came from no file.

    Raises:
        ScriptError: The text is neither JSON nor YAML of the core schema.
    """

    def __init__(self, text: str, file: str | None) -> None:
        self.file = file
        self._text = text
        self._yaml_lines: dict[Path, int] | None = None
        if len(text) > MAX_CHARACTERS:
            self._fail(f"the file has {len(text):,} characters; a script has at most {MAX_CHARACTERS:,}")
        text = text.removeprefix("\ufeff")
        if text.lstrip().startswith("```"):
            self._fail("the script stands in a Markdown fence; leave out the lines with ```", line=1)
        if text.lstrip().startswith("{"):
            try:
                self.data: Any = _read_json(text)
                return
            except _Malformed as fault:
                if (file or "").endswith((".yaml", ".yml")):
                    self._read_yaml(text)
                    return
                self._fail(f"not JSON: {fault}", line=fault.line)
        self._read_yaml(text)

    def _read_yaml(self, text: str) -> None:
        try:
            reader = _YamlReader(text)
            self.data = reader.data
        except _Malformed as fault:
            self._fail(f"not YAML: {fault}", line=fault.line)
        self._yaml_lines = reader.lines

    def _fail(self, message: str, *, line: int | None = None) -> NoReturn:
        raise ScriptError([Fault(message, file=self.file, line=line)]) from None

    @cached_property
    def _lines(self) -> dict[Path, int]:
        if self._yaml_lines is not None:
            return self._yaml_lines
        try:
            # JSON is YAML but for tabs between its tokens (a tab within a JSON text is always escaped).
            return _YamlReader(self._text.removeprefix("\ufeff").replace("\t", " ")).lines
        except _Malformed:
            return {}

    def line(self, path: Path) -> int | None:
        """The line of the value at `path`, or of the nearest thing above it that the file holds."""
        key = _line_key(path)
        while key and key not in self._lines:
            key = key[:-1]
        return self._lines.get(key)

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at `path`, with this source's file and line."""
        line = self.line(path) if self.file is not None else None
        return Fault(message, place_of_path(path), self.file, line)


class Data(Source):
    """Data that came as a Python mapping: no file and no lines, the same checks.

    Raises:
        ScriptError: Something in it is not JSON-like, or it is too deep or too large.
    """

    def __init__(self, data: object) -> None:
        self.file = None
        self._text = ""
        self._yaml_lines = {}
        self._left = MAX_NODES
        self.data = self._plain(data, ())

    def _plain(self, value: object, path: Path) -> Any:
        self._left -= 1
        if len(path) > MAX_DEPTH or self._left < 0:
            what = (
                f"nested more than {MAX_DEPTH} deep" if self._left >= 0 else f"more than {MAX_NODES:,} values"
            )
            raise ScriptError([Fault(f"the script is {what}", place_of_path(path[:4]))])
        if isinstance(value, dict):
            return {str(k): self._plain(v, (*path, str(k))) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(v, (*path, i)) for i, v in enumerate(value)]
        if value is None or isinstance(value, str | bool):
            return value
        if isinstance(value, int | float) and abs(value) <= MAX_NUMBER:
            return value
        if isinstance(value, int | float):
            raise ScriptError([Fault("numbers lie within ±2**53", place_of_path(path))])
        raise ScriptError([Fault(f"a {type(value).__name__} is not JSON-like data", place_of_path(path))])


class _Malformed(ValueError):
    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def _line_key(path: Path) -> Path:
    return tuple(fold(key) if isinstance(key, str) else key for key in path)


def _read_json(text: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(items)
        if len(mapping) < len(items):
            twice, _ = Counter(key for key, _ in items).most_common(1)[0]
            raise _Malformed(f"the key {twice!r} is given twice")
        return mapping

    def constant(name: str) -> NoReturn:
        raise _Malformed(f"{name} is not a number of JSON")

    def integer(digits: str) -> int | float:
        return _number(float(digits) if len(digits) > 20 else int(digits))

    try:
        data = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_int=integer,
            parse_float=lambda digits: _number(float(digits)),
        )
        return Data(data).data
    except json.JSONDecodeError as error:
        raise _Malformed(error.msg, error.lineno) from None
    except ScriptError as error:
        raise _Malformed(error.faults[0].message) from None
    except RecursionError:
        raise _Malformed(f"nested more than {MAX_DEPTH} deep") from None


def _number(number: int | float) -> int | float:
    if not abs(number) <= MAX_NUMBER:
        raise _Malformed("numbers lie within ±2**53")
    return number


class _YamlReader:
    """One pass over the events of a YAML stream that holds one document."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._line = 1
        try:
            self._events: Iterator[Event] = iter(YAML(typ="safe", pure=False).parse(io.StringIO(text)))
            self.data = self._document()
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else self._line
            hint = ""
            if "mapping values" in str(error.problem) or "expected" in str(error.problem):
                hint = " (quote a text that holds { } [ ] , : # or begins with a quote)"
            raise _Malformed(f"{error.problem or error.context}{hint}", line) from None
        except (YAMLError, ValueError, UnicodeError) as error:
            if isinstance(error, _Malformed):
                raise
            raise _Malformed(str(error).split("\n")[0], self._line) from None

    def _next(self) -> Event:
        event = next(self._events)
        self._line = event.start_mark.line + 1 if event.start_mark else self._line
        return event

    def _document(self) -> Any:
        self._next()
        if isinstance(self._next(), StreamEndEvent):
            raise _Malformed(
                "the file is empty; a script needs a goal, an environment and available_actions", 1
            )
        data = self._value(self._next(), ())
        if self._anchors:
            # An alias puts what its anchor holds at another depth than it was read at.
            try:
                data = Data(data).data
            except ScriptError as error:
                raise _Malformed(error.faults[0].message) from None
        self._next()
        following = self._next()
        if isinstance(following, DocumentStartEvent):
            raise _Malformed("a script is one document; a second one begins here", self._line)
        return data

    def _value(self, event: Event, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Malformed(f"more than {MAX_NODES:,} values", self._line)
        if len(path) > MAX_DEPTH:
            raise _Malformed(f"nested more than {MAX_DEPTH} deep", self._line)
        self.lines[_line_key(path)] = self._line
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._nodes
        if isinstance(event, MappingStartEvent):
            value: Any = self._mapping(event, path)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(event, path)
        else:
            assert isinstance(event, ScalarEvent)
            value = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._nodes - before + 1)
        return value

    def _alias(self, event: AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise _Malformed(f"*{event.anchor} stands before or within its own anchor", self._line)
        value, size = self._anchors[event.anchor]
        self._nodes += size
        return value

    def _mapping(self, event: MappingStartEvent, path: Path) -> dict[str, Any]:
        self._refuse_tag(event.tag)
        mapping: dict[str, Any] = {}
        while not (key := self._next()).__class__.__name__.endswith("MappingEndEvent"):
            if not isinstance(key, ScalarEvent):
                raise _Malformed("a key is a text (quote one that begins with { [ * or &)", self._line)
            if key.value in mapping:
                raise _Malformed(f"the key {key.value!r} is given twice", self._line)
            line = self._line
            mapping[key.value] = self._value(self._next(), (*path, key.value))
            self.lines[_line_key((*path, key.value))] = line
        return mapping

    def _sequence(self, event: SequenceStartEvent, path: Path) -> list[Any]:
        self._refuse_tag(event.tag)
        items: list[Any] = []
        while not (item := self._next()).__class__.__name__.endswith("SequenceEndEvent"):
            items.append(self._value(item, (*path, len(items))))
        return items

    def _refuse_tag(self, tag: object) -> None:
        if tag not in (None, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise _Malformed(f"the tag {tag} is not of YAML's core schema; leave it out", self._line)

    def _scalar(self, event: ScalarEvent) -> Any:
        text: str = event.value
        tag = str(event.tag) if event.tag is not None else None
        if tag in _TEXT_TAGS or (tag is None and event.style not in (None, "")):
            return text
        if tag is not None:
            self._refuse_tag(tag)
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        try:
            if _INTEGER.fullmatch(text):
                return _number(int(text, 0) if text[:2] in ("0o", "0x") else int(text))
            if _FLOAT.fullmatch(text):
                return _number(float(text))
        except _Malformed as fault:
            raise _Malformed(str(fault), self._line) from None
        if _NOT_FINITE.fullmatch(text):
            raise _Malformed(f"{text} is not a number of a script; quote it if it is a text", self._line)
        return text
