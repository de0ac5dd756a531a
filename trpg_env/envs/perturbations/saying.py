"""What an environment says, in other words: names, and actions where they are quoted, listed or shown by their braces."""

import re
from collections.abc import Sequence

from trpg_env.envs.perturbations.kept import Kept
from trpg_env.envs.perturbations.names import Names
from trpg_env.envs.perturbations.side import Pair, worded
from trpg_env.script.templates import Template

_QUOTED = r'"(?P<straight>[^"\n]{1,400})"|“(?P<curved>[^”\n]{1,400})”'
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_CAPITALS = re.compile(r"\{[^{}]*\}|\b[A-Z]{3,}\b")
_LIST = re.compile(r"(?P<what>[^:\n]{1,80}: )(?P<actions>[^\n]*?)(?P<end>\.?)")


class Saying:
    """Says texts in other words. An action that stands in a sentence unmarked is a part of the sentence, and stays.

    Args:
        pairs: The actions, each in both wordings.
        names: The names that are exchanged.
        capitals: Whether texts may show a placeholder by capitals, as in `open OBJ`.
    """

    def __init__(self, pairs: Sequence[Pair], names: Names, *, capitals: bool = False) -> None:
        self._pairs = pairs
        self._names = names
        self._reworded = any(pair.reworded for pair in pairs)
        self._by_template = {pair.original.template.text: pair for pair in pairs}
        self._placeholder = _CAPITALS if capitals else _PLACEHOLDER
        self._by_shape = {self._shape(text): pair for text, pair in reversed(self._by_template.items())}
        self._marks = _marks([pair.original.template for pair in pairs], self._placeholder)
        self._kept = Kept()

    def said(self, text: str) -> str:
        """A text in the new wording."""
        found = self._kept.get(text)
        if found is None:
            lines = text.split("\n")
            found = self._kept.put(text, "\n".join(self._listing(line) or self._line(line) for line in lines))
        return found

    def templates_in(self, text: str) -> set[str]:
        """The templates that a text of the old wording shows."""
        found = set()
        for line in text.split("\n"):
            for match in self._marks.finditer(line):
                shown = match["straight"] or match["curved"] or match["listed"] or match[0]
                pair = self._by_template.get(shown) or self._by_shape.get(self._shape(shown))
                if pair is not None:
                    found.add(pair.original.template.text)
        return found

    def _shape(self, text: str) -> str:
        return self._placeholder.sub("{}", text)

    def _listing(self, line: str) -> str | None:
        """A line that lists actions; None for any other."""
        match = _LIST.fullmatch(line) if self._reworded else None
        if match is None:
            return None
        said = [worded(self._pairs, action) for action in match["actions"].split(", ")]
        known = [action for action in said if action is not None]
        if len(known) < len(said):
            return None
        return f"{self._line(match['what'])}{', '.join(known)}{match['end']}"

    def _line(self, text: str) -> str:
        parts: list[str] = []
        end = 0
        for match in self._marks.finditer(text):
            parts += (self._names.forward(text[end : match.start()]), self._marked(match))
            end = match.end()
        return "".join(parts) + self._names.forward(text[end:])

    def _marked(self, match: re.Match[str]) -> str:
        """What is marked as an action, or only quoted, in the new wording."""
        inside = match["straight"] or match["curved"] or match["listed"]
        if inside is None:
            return self._template(match[0])
        before, _, after = match[0].partition(inside)
        if inside in self._by_template or match["listed"] is not None:
            return f"{before}{self._template(inside)}{after}"
        return f"{before}{worded(self._pairs, inside) or self._line(inside)}{after}"

    def _template(self, text: str) -> str:
        """A template in the new wording; texts may call placeholders otherwise than the template does."""
        pair = self._by_template.get(text) or self._by_shape[self._shape(text)]
        called = dict(zip(pair.original.template.placeholders, self._placeholder.findall(text), strict=True))
        return pair.said.template.fill([called[name] for name in pair.said.template.placeholders])


def _marks(templates: Sequence[Template], placeholder: re.Pattern[str]) -> re.Pattern[str]:
    """Finds actions in a line: in quotation marks, at the head of an item of a list, and templates by their braces."""
    longest = sorted(templates, key=lambda template: -len(template.text))
    forms = [_form(template, placeholder) for template in longest]
    found = [_QUOTED, rf"^- (?P<listed>{'|'.join(forms) or '(?!)'})(?=$|[:.,;])"]
    return re.compile(
        "|".join([*found, *(form for t, form in zip(longest, forms, strict=True) if t.placeholders)])
    )


def _form(template: Template, placeholder: re.Pattern[str]) -> str:
    """A template with any names for its placeholders, as whole words."""
    form = f"(?:{placeholder.pattern})".join(map(re.escape, template.literals))
    before, after = (r"\b" if word.isalnum() else "" for word in (template.text[:1], template.text[-1:]))
    return f"{before}{form}{after}"
