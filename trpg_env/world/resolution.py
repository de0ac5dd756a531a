"""From a player's text to the action that is meant.

Actions are tried in script order; the first that accepts the text with valid values is meant, otherwise the
first that matched but was refused says why. Patterns and code run in the sandbox. What follows from the text
alone is kept in a table, so that a text seen before costs one look-up; code that reads the state is asked
each time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.sandbox import Sandbox, SourceRejected
from trpg_env.script.domains import Value
from trpg_env.script.program import Action, Code, Pattern, Program
from trpg_env.script.templates import normalise
from trpg_env.world.compile import Compiler
from trpg_env.world.grounding import MAX_GROUND, GroundAction, Grounder
from trpg_env.world.layout import Layout
from trpg_env.world.ruling import VerificationFailed
from trpg_env.world.statements import Statements
from trpg_env.world.values import Value as StateValue

MAX_ACTION = 4_096
"""The longest action, in characters."""
SHOWN_VALUES = 12
_LEAST_TABLE = 2_000
_MAX_TABLE_TEXT = 400
_SIGNATURE = re.compile(r"def\s+validate\s*\(\s*\w+\s*,\s*\w+\s*,\s*(\w+)\s*,?\s*\)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A text that means no action that could be tried: a parameter error.

    Attributes:
        message: What is wrong, and what is valid.
        name: The template of the action that was nearly meant, or None.
        parameters: Its values as written.
    """

    message: str
    name: str | None = None
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """Code to ask before it is known whether an action is meant."""

    source: str
    text: str
    parameters: Mapping[str, str]
    accepted: "GroundAction | Refusal"
    name: str


Meaning = GroundAction | Refusal
_Candidate = Meaning | _Question | VerificationFailed
_Candidates = tuple[_Candidate, ...]
_Matches = Mapping[tuple[str, str], Mapping[str | int, str | None] | SourceRejected | None]


def reads_state(source: str) -> bool:
    """Whether verification code may read the state: its third parameter's name stands anywhere but in the signature."""
    names = _SIGNATURE.findall(source)
    return len(names) != 1 or len(re.findall(rf"\b{re.escape(names[0])}\b", source)) > 1


class Resolver:
    """Finds the meaning of texts for one program.

    Args:
        program: The script's program.
        grounder: Makes the ground actions.
        layout: What a state's values are.
        sandbox: Where patterns and code run.
    """

    def __init__(self, program: Program, grounder: Grounder, layout: Layout, sandbox: Sandbox) -> None:
        self._program = program
        self._layout = layout
        self._grounder = grounder
        self._sandbox = sandbox
        # Room for every ground action's own text, and as much again for what players write.
        self._most = max(_LEAST_TABLE, 2 * min(grounder.count(), MAX_GROUND))
        self.table: dict[str, Meaning] = {}
        self._open: dict[str, _Candidates] = {}
        self._reads_state = {
            a.index: reads_state(a.verification.source)
            for a in program.actions
            if isinstance(a.verification, Code)
        }
        self._templates = "; ".join(a.template.text for a in program.actions[:40])

    @classmethod
    def of(cls, program: Program, sandbox: Sandbox) -> "Resolver":
        """A resolver by itself, for a script of either kind: no world is in play."""
        layout = Layout(program)
        compiler = Compiler(program, layout)
        return cls(program, Grounder(program, compiler, Statements(compiler, layout)), layout, sandbox)

    @property
    def reads_state(self) -> bool:
        """Whether what a text means may hang on the state."""
        return any(self._reads_state.values())

    def resolve(self, text: str, values: list[StateValue]) -> Meaning:
        """The meaning of a text.

        Args:
            text: The player's text.
            values: The state's values, for code that reads the state.

        Raises:
            VerificationFailed: A pattern or code did not answer.
        """
        if len(text) > MAX_ACTION:
            return Refusal(f"An action has at most {MAX_ACTION:,} characters; this has {len(text):,}.")
        text = normalise(text)
        meaning = self.table.get(text)
        if meaning is not None:
            return meaning
        candidates = self._open.get(text)
        if candidates is None:
            candidates = self._candidates([text])[0]
            self._keep(text, candidates)
        return self._decide(text, candidates, self._layout.by_entity(values))

    def prepare(self, texts: Sequence[str]) -> None:
        """Put many texts into the table, with few round trips to the sandbox."""
        short = dict.fromkeys(normalise(text) for text in texts if len(text) <= MAX_ACTION)
        new = [text for text in short if text not in self.table and text not in self._open]
        for text, candidates in zip(new, self._candidates(new), strict=True):
            self._keep(text, candidates)

    def is_action(self, text: str) -> bool | None:
        """Whether a text is an action whatever the state; None where that hangs on the state.

        Raises:
            VerificationFailed: A pattern or code did not answer.
        """
        if len(text) > MAX_ACTION:
            return False
        text = normalise(text)
        meaning = self.table.get(text)
        if meaning is not None:
            return isinstance(meaning, GroundAction)
        candidates = self._open.get(text)
        if candidates is None:
            candidates = self._candidates([text])[0]
            self._keep(text, candidates)
        perhaps = False
        for candidate in candidates:
            if isinstance(candidate, GroundAction):
                return True
            if isinstance(candidate, VerificationFailed) and not perhaps:
                raise candidate
            # Code may refuse what is valid otherwise, and never makes an action of what is not.
            perhaps = perhaps or (
                isinstance(candidate, _Question) and isinstance(candidate.accepted, GroundAction)
            )
        return None if perhaps else False

    def is_open(self, text: str) -> bool:
        """Whether the meaning of a text that is prepared may hang on the state."""
        return normalise(text) not in self.table

    def _keep(self, text: str, candidates: _Candidates) -> None:
        if len(text) > _MAX_TABLE_TEXT or any(isinstance(c, VerificationFailed) for c in candidates):
            return
        if len(self.table) + len(self._open) >= self._most:
            self.table.clear()
            self._open.clear()
        if any(isinstance(c, _Question) for c in candidates):
            self._open[text] = candidates
        else:
            self.table[text] = self._decide(text, candidates, {})

    def _decide(self, text: str, candidates: _Candidates, state: Mapping[str, Mapping[str, Any]]) -> Meaning:
        refused: Refusal | None = None
        for candidate in candidates:
            if isinstance(candidate, VerificationFailed):
                raise candidate
            meaning = self._ask(candidate, state) if isinstance(candidate, _Question) else candidate
            if isinstance(meaning, GroundAction):
                return meaning
            refused = refused or meaning
        return refused or self._nothing(text)

    def _nothing(self, text: str) -> Refusal:
        shown = text if len(text) <= 80 else f"{text[:77]}…"
        if not text:
            return Refusal(f"The action is empty. The actions are: {self._templates}.")
        return Refusal(f'There is no such action: "{shown}". The actions are: {self._templates}.')

    def _ask(self, question: _Question, state: Mapping[str, Mapping[str, Any]]) -> Meaning:
        verdict = self._sandbox.validate(question.source, question.text, dict(question.parameters), state)
        if verdict.fault in ("timeout", "memory", "crash", "rejected"):
            raise VerificationFailed(verdict.fault, question.name, verdict.message or "", question.source)
        if verdict.accepted:
            return question.accepted
        message = verdict.message
        if verdict.fault is not None:
            message = f'The check of "{question.name}" does not accept this: {message}.'
        elif not message and isinstance(question.accepted, Refusal):
            message = question.accepted.message
        return Refusal(
            message or f'"{question.text}" is not a valid "{question.name}".',
            question.name,
            question.parameters,
        )

    def _candidates(self, texts: Sequence[str]) -> list[_Candidates]:
        matches = self._matches(texts)
        results = []
        for text in texts:
            candidates: list[_Candidate] = []
            for action in self._program.actions:
                candidate = self._candidate(action, text, matches)
                if candidate is not None:
                    candidates.append(candidate)
                if isinstance(candidate, GroundAction | VerificationFailed):
                    break
            results.append(tuple(candidates))
        return results

    def _candidate(self, action: Action, text: str, matches: "_Matches") -> "_Candidate | None":
        """What an action makes of a text; None where it does not match.

        A check that did not answer is kept as what it is: it counts only if the action's turn comes.
        """
        try:
            values = self._values(action, text, matches)
            if values is None:
                return None
            meaning = self._meaning(action, values)
            if not isinstance(action.verification, Code):
                return meaning
            question = self._question(action, text, values, meaning)
            return question if self._reads_state[action.index] else self._ask(question, {})
        except VerificationFailed as failed:
            return failed

    def _matches(self, texts: Sequence[str]) -> "_Matches":
        patterns = dict.fromkeys(
            a.verification.source for a in self._program.actions if isinstance(a.verification, Pattern)
        )
        pairs = [(pattern, text) for text in texts for pattern in patterns]
        found = self._sandbox.match_many(pairs) if pairs else []
        return dict(zip(pairs, found, strict=True))

    def _values(
        self,
        action: Action,
        text: str,
        matches: "_Matches",
    ) -> tuple[str, ...] | None:
        """The placeholders' values as written, or None where the action is not meant."""
        verification = action.verification
        groups: Mapping[str | int, str | None] = {}
        if isinstance(verification, Pattern):
            match = matches[verification.source, text]
            if match is None:
                return None
            if isinstance(match, SourceRejected):
                raise VerificationFailed(match.fault, action.template.text, str(match), verification.source)
            groups = match
            if verification.complete:
                by_name = {placeholder: groups.get(group) for group, placeholder in verification.groups}
                return tuple(normalise(by_name[p] or "") for p in action.template.placeholders)
        valid = [lambda value, d=d: d.parse(value) is not None for d in action.domains]
        split = action.template.match(text, valid)
        if split is None or not isinstance(verification, Pattern):
            return split
        by_name = dict(zip(action.template.placeholders, split, strict=True))
        by_name |= {placeholder: groups.get(group) for group, placeholder in verification.groups}
        return tuple(normalise(by_name[p] or "") for p in action.template.placeholders)

    def _meaning(self, action: Action, written: tuple[str, ...]) -> Meaning:
        values: list[Value] = []
        for placeholder, domain, text in zip(
            action.template.placeholders, action.domains, written, strict=True
        ):
            value = domain.parse(text)
            if value is None:
                shown = text if len(text) <= 80 else f"{text[:77]}…"
                parameters = dict(zip(action.template.placeholders, written, strict=True))
                valid = domain.describe(SHOWN_VALUES)
                message = (
                    f'"{shown}" is not a valid {placeholder} for "{action.template.text}". Valid: {valid}.'
                )
                return Refusal(message, action.template.text, parameters)
            values.append(value)
        return self._grounder.ground(action, tuple(values))

    def _question(self, action: Action, text: str, written: tuple[str, ...], meaning: Meaning) -> _Question:
        assert isinstance(action.verification, Code)
        parameters = dict(zip(action.template.placeholders, written, strict=True))
        for placeholder, domain in zip(action.template.placeholders, action.domains, strict=True):
            value = domain.parse(parameters[placeholder])
            if value is not None:
                parameters[placeholder] = value.spelling
        return _Question(action.verification.source, text, parameters, meaning, action.template.text)
