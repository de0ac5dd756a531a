"""Having a model write scripts: from a persona, by three examples, held to the verifier (paper, script generation).

What the verifier finds goes back to the model word for word, with the script that it is about, until the script passes or
the calls are spent. Each call is told of the last try alone, so that a conversation does not grow with its length. Where that
does not fit into a model's context, it is shown fewer examples.
"""

import asyncio
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trpg_env.dm.briefing import compact
from trpg_env.llm import Calls, ContextTooLong, Message, Model, ModelError, split_reasoning
from trpg_env.llm.client import LOCAL
from trpg_env.llm.schema import schema_of
from trpg_env.llm.structured import how_it_ended, said_again
from trpg_env.prompts import prompt, prompt_hash
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.script.names import fold
from trpg_env.synthesis.checking import Refused, read_and_check
from trpg_env.synthesis.draft import OBJECT, Draft
from trpg_env.synthesis.examples import SHOTS, Example, Examples
from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.personas import Persona, Personas
from trpg_env.trajectory import episode_seed, writable

TOKENS: Final = 4_096
"""The longest answer in tokens, which is the most that the paper's model gives."""
LOCAL_TOKENS: Final = 1_024
"""The same for the embedded model of the wheel."""
LOCAL_SHOTS: Final = 2
"""How many examples fit into its context besides."""

SHOWN: Final = 24_000
"""How much of its last try a model is shown again, in characters."""

SOURCE: Final = "trpg-env generate scripts"
CALLS: Final = "x-calls"
"""The key of a script's provenance that says how many calls it took."""

_LONGEST_SLUG = 40
_LONGEST_TITLE = 200
"""How much of a title is looked at: to take marks off letters takes a time that grows with the square of their number."""


@dataclass(frozen=True, slots=True)
class WrittenScript:
    """A script that passed.

    Attributes:
        name: Its name, and without the ending that of its file.
        text: The script as JSON.
    """

    name: str
    text: str


class ScriptWriter:
    """Has a model write one script after another.

    Args:
        model: Who is asked.
        personas: Whom the scripts are for.
        seed: The run's seed; what each item is shown and asked follows from it and the item's number.
        sandbox: Where the scripts' patterns and code run.
        examples: What the model is shown.
        grounded: Whether grounded scripts are asked for; else narrative ones, as in the paper.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest answer.
        max_calls: How many calls a script may take.

    Attributes:
        prompt_hash: Tells one wording of the prompts from another.
    """

    def __init__(
        self,
        model: Model,
        personas: Personas,
        seed: int,
        sandbox: Sandbox,
        *,
        examples: Examples,
        grounded: bool,
        temperature: float,
        max_tokens: int,
        max_calls: int,
    ) -> None:
        self._model, self._personas, self._seed, self._sandbox = model, personas, seed, sandbox
        self._grounded, self._max_calls = grounded, max_calls
        self._temperature, self._max_tokens = float(temperature), max_tokens
        self._shots = LOCAL_SHOTS if model.name == LOCAL else SHOTS
        self._schema = _schema(grounded=grounded)
        self._examples = examples
        self.prompt_hash = script_prompt_hash(examples, grounded=grounded)

    async def write(self, item: int) -> tuple[Outcome, WrittenScript | None]:
        """Have one script written.

        Args:
            item: Its number in the run.

        Returns:
            What became of it, and the script if it passed.
        """
        persona, seed = self._personas.draw(item), episode_seed(self._seed, item)
        calls = Calls(self._model, "script", self._temperature, self._max_tokens)
        calls.begin(seed, 0)
        examples = self._examples.choose(np.random.default_rng(seed))[: self._shots]
        tried, refused, answer = list[Message](), Refused("json", ("nothing was asked",)), None
        while calls.usage.calls < self._max_calls:
            asked = self._question(persona, examples)
            try:
                answer = await calls.say([*asked, *tried], self._schema)
            except ContextTooLong as error:
                examples = examples[:-1]
                if examples and calls.usage.calls < self._max_calls:
                    continue
                return Outcome.too_long(item, error, calls.usage), None
            except ModelError as error:
                return Outcome.broken(item, error, calls.usage), None
            own = self._own(persona, item, calls, len(examples))
            checked = await asyncio.to_thread(
                read_and_check, answer.content, own, grounded=self._grounded, sandbox=self._sandbox
            )
            if not isinstance(checked, Refused):
                script = _written(checked, item)
                return Outcome.made(item, f"{script.name}.json", calls.usage), script
            refused = checked
            faults = [f"- {fault}" for fault in filter(None, [*refused.faults, how_it_ended(answer)])]
            tried = _again(answer.content, faults)
        return Outcome.refused(item, refused.rule, refused.faults[0], calls.usage, answer), None

    def _question(self, persona: Persona, examples: Sequence[Example]) -> list[Message]:
        shown = "\n\n".join(example.text for example in examples)
        rules = prompt(_prompt(grounded=self._grounded)).replace("{examples}", shown)
        asked = prompt("script_persona").replace("{persona}", compact(persona.text))
        return [{"role": "system", "content": rules}, {"role": "user", "content": asked}]

    def _own(self, persona: Persona, item: int, calls: Calls, examples: int) -> dict[str, Any]:
        provenance = {
            "source": SOURCE,
            "licence": persona.licence,
            "model": self._model.name,
            "persona_source": persona.source,
            CALLS: calls.usage.calls,
            "x-prompt-tokens": calls.usage.prompt_tokens,
            "x-completion-tokens": calls.usage.completion_tokens,
            "x-temperature": self._temperature,
            "x-examples": examples,
            "x-prompt-hash": self.prompt_hash,
            "x-seed": self._seed,
            "x-item": item,
        }
        # Personas may come from anywhere, and a file takes no half a character.
        known = {k: writable(v) if isinstance(v, str) else v for k, v in provenance.items() if v is not None}
        return {"provenance": known, "persona": writable(persona.text)}


def script_prompt_hash(examples: Examples, *, grounded: bool) -> str:
    """Tells all that scripts are asked for with from another wording, other examples and another form.

    Args:
        examples: What the model is shown.
        grounded: Whether grounded scripts are asked for.
    """
    wording = prompt_hash(_prompt(grounded=grounded), "script_persona", "script_faults")
    asked = json.dumps([wording, examples.digest, _schema(grounded=grounded)], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _schema(*, grounded: bool) -> Mapping[str, Any]:
    return OBJECT if grounded else schema_of(Draft)


def _prompt(*, grounded: bool) -> str:
    return "script_grounded" if grounded else "script"


def longest_answer(model: str) -> int:
    """How long an answer may be where nothing else is said, in tokens.

    Args:
        model: The model's name, as trajectories have it.
    """
    return LOCAL_TOKENS if model == LOCAL else TOKENS


def _again(reply: str, faults: list[str]) -> list[Message]:
    said = split_reasoning(reply)[1]
    asked = prompt("script_faults").replace("{faults}", "\n".join(faults))
    return [
        {"role": "assistant", "content": said_again(said, SHOWN)},
        {"role": "user", "content": asked},
    ]


def _written(checked: tuple[Mapping[str, Any], Script], item: int) -> WrittenScript:
    data, script = checked
    name = f"{item:05}-{_slug(script.title)}"
    text = json.dumps({"schema_version": 1, "name": name, **data}, ensure_ascii=False, indent=1)
    return WrittenScript(name, f"{text}\n")


def _slug(title: str) -> str:
    """A title as a part of a file's name, whatever is in it.

    Example:
        >>> _slug("Café ../ & Töne!"), _slug("雾")
        ('cafe-tone', 'script')
    """
    plain = (
        unicodedata.normalize("NFKD", title[:_LONGEST_TITLE]).encode("ascii", "ignore").decode().casefold()
    )
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_SLUG].strip("-") or "script"


def calls_spent(script: Script) -> int:
    """How many calls a script has taken, as its provenance says; 0 where it says nothing."""
    provenance = next((v for k, v in script.source.data.items() if fold(k) == "provenance"), None)
    spent = provenance.get(CALLS) if isinstance(provenance, dict) else None
    return max(0, int(spent)) if isinstance(spent, int | float) and not isinstance(spent, bool) else 0
