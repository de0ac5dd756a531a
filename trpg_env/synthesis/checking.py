"""The verifier of scripts: what a model has written becomes a script that is sound, or is refused with the faults found.

The paper's rule (every action's verification code accepts the action's own name) is the heart of `check_script`, which
finds whatever else would keep a script from being played, too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from trpg_env.check import inspect_script
from trpg_env.llm.extraction import Malformed
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptError, load_script
from trpg_env.synthesis.draft import NamedTwice, script_data
from trpg_env.synthesis.reading import read_script
from trpg_env.trajectory import writable

ScriptRule = Literal["json", "form", "kind", "check", "plan"]

RULES: Final[Mapping[ScriptRule, str]] = {
    "json": "the reply holds no JSON object that is a script",
    "form": "it cannot be loaded",
    "kind": "it is narrative where a grounded script was asked for, or the other way round",
    "check": "it is not sound: an action does not accept its own name, or whatever else check finds",
    "plan": "no plan was found that reaches the goal",
}
"""Why a script is refused, in the order in which it is looked at."""

MOST_ACTIONS: Final = 40
"""How many actions a script may have: each is checked with every value, and that takes its time."""
_MOST: Final = 30
"""How many faults a model is told at once."""
_LONGEST: Final = 1_000
"""How much of a fault it is told, in characters: some quote a name, however long that is."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A script that is not kept.

    Attributes:
        rule: The rule that it breaks.
        faults: What is wrong, a line each, as `trpg-env check` says it.
    """

    rule: ScriptRule
    faults: tuple[str, ...]


def read_and_check(
    reply: str, own: Mapping[str, Any], *, grounded: bool, sandbox: Sandbox
) -> tuple[dict[str, Any], Script] | Refused:
    """Read a script from a reply and verify it.

    Args:
        reply: What the model said.
        own: What the script says of itself and the model has no say in: persona and provenance.
        grounded: Whether a grounded script was asked for; otherwise a narrative one.
        sandbox: Where its patterns and code run.

    Returns:
        The script's data as they are to be kept, and the script; or why it is refused.
    """
    try:
        written = script_data(_writable(read_script(reply)))
    except Malformed as malformed:
        return Refused("json", (str(malformed),))
    except NamedTwice as twice:
        return Refused("form", (str(twice),))
    actions = written.get("available_actions")
    if isinstance(actions, Mapping) and len(actions) > MOST_ACTIONS:
        return Refused("form", (f"there are {len(actions):,} actions; write {MOST_ACTIONS} at most",))
    data = {**own, **{k: v for k, v in written.items() if k not in _OURS and not k.startswith("x-")}}
    try:
        script = load_script(data, sandbox=sandbox)
    except ScriptError as error:
        return Refused("form", _lines(error.faults))
    if script.grounded is not grounded:
        return Refused("kind", (_OTHER_KIND[grounded],))
    report = inspect_script(script, sandbox=sandbox)
    if report.faults:
        return Refused("check", _lines(report.faults))
    if grounded and not report.solved:
        return Refused("plan", (*_lines(report.notes), _SMALLER))
    return data, script


_SMALLER: Final = (
    "the search for a plan gave up: make the world smaller (fewer places, things that can be put anywhere, values, counters, "
    "variations), bring the goal nearer, or give every step on the way a milestone"
)
_OURS: Final = frozenset({"schema_version", "name", "family", "persona", "provenance"})
_OTHER_KIND: Final = {
    True: "every completion condition is written {text, when}, with an expression for the engine in `when`",
    False: "completion conditions are sentences here, without `when`",
}


def _writable(found: dict[str, Any]) -> Any:
    """Half a surrogate pair stands in no file: what is checked is what will be kept."""
    try:
        return json.loads(writable(json.dumps(found, ensure_ascii=False)))
    except RecursionError:
        raise Malformed("The JSON is nested too deeply.") from None


def _lines(faults: tuple[Any, ...]) -> tuple[str, ...]:
    more = (f"… and {len(faults) - _MOST} more",) if len(faults) > _MOST else ()
    return (*(_short(str(fault)) for fault in faults[:_MOST]), *more)


def _short(fault: str) -> str:
    return fault if len(fault) <= _LONGEST else f"{fault[: _LONGEST - 1]}…"
