"""One action in both wordings, and the values of its placeholders."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from trpg_env.envs.perturbations.names import Names
from trpg_env.envs.perturbations.perturbation import PerturbationError
from trpg_env.script.domains import Domain, Free, Range, Value, Values
from trpg_env.script.names import fold
from trpg_env.script.program import Action
from trpg_env.script.templates import Template


class Pair:
    """An action as it was and as it is said.

    Args:
        action: The action as it was.
        template: Its other template; None where it has none.
        names: The names that are exchanged, in the template's words and in values.

    Attributes:
        original: The action as it was.
        said: The action as it is said.
        reworded: Whether its template is another one, names aside.

    Raises:
        PerturbationError: Two values come to one.
    """

    def __init__(self, action: Action, template: Template | None, names: Names) -> None:
        self.original = action
        self.reworded = template is not None
        template = template or action.template
        domains = dict(zip(action.template.placeholders, action.domains, strict=True))
        said = tuple(_said(domains[name], names) for name in template.placeholders)
        literals = tuple(map(names.forward, template.literals))
        self.said = replace(action, template=_template(literals, template.placeholders), domains=said)
        self._names = names
        self._there = {name: _table(domains[name], names) for name in template.placeholders}
        self._back = {
            name: {fold(new): old for old, new in self._there[name].values()} for name in self._there
        }

    def forward(self, text: str) -> str | None:
        """A text as this action is said, where it is this action with valid values in the old wording."""
        values = _valid(self.original, text, self._is_old)
        return None if values is None else self.filled(values)

    def filled(self, values: Mapping[str, str]) -> str:
        """The action as it is said, with values in the old wording."""
        return self.said.template.fill(
            [self._new(name, values[name]) for name in self.said.template.placeholders]
        )

    def backward(self, text: str) -> str | None:
        """A text in the old wording, where it is this action as it is said, with valid values."""
        values = _valid(self.said, text, self._is_new)
        if values is None:
            return None
        return self.original.template.fill(
            [self._old(name, values[name]) for name in self.original.template.placeholders]
        )

    def nearly(self, text: str) -> dict[str, str] | None:
        """The values of a text that has the words of this action as it is said; any values at all."""
        values = self.said.template.match(text, [lambda _: True] * len(self.said.domains))
        return None if values is None else dict(zip(self.said.template.placeholders, values, strict=True))

    def resembles(self, text: str) -> dict[str, str] | None:
        """The values of a text that has the words of this action as it was; any values at all."""
        names = self.original.template.placeholders
        values = self.original.template.match(text, [lambda _: True] * len(names))
        return None if values is None else dict(zip(names, values, strict=True))

    def original_with(self, values: dict[str, str]) -> str | None:
        """The action in the old wording with such values; None where a value is a name in the old wording."""
        back = {name: self._names.backward(value) for name, value in values.items()}
        filled = [back[name] for name in self.original.template.placeholders]
        known = [value for value in filled if value is not None]
        return self.original.template.fill(known) if len(known) == len(filled) else None

    def wrong(self, values: dict[str, str]) -> tuple[str, Domain] | None:
        """The first placeholder whose value is not valid, with what is."""
        for name, domain in zip(self.said.template.placeholders, self.said.domains, strict=True):
            if not self._is_new(name, domain, values[name]):
                return name, domain
        return None

    def parameters(self, values: dict[str, str]) -> dict[str, str]:
        """Values by placeholder, as they are said."""
        return {
            name: self._new(name, value) if name in self._there else value for name, value in values.items()
        }

    def _is_old(self, name: str, domain: Domain, value: str) -> bool:
        return domain.parse(value) is not None

    def _is_new(self, name: str, domain: Domain, value: str) -> bool:
        if isinstance(domain, Free):
            # An example that is called otherwise now is no longer one, and nothing else either.
            folded = fold(value)
            return folded in self._back[name] or folded not in self._there[name]
        return domain.parse(value) is not None

    def _new(self, name: str, value: str) -> str:
        found = self._there[name].get(fold(value))
        return self._names.forward(value) if found is None else found[1]

    def _old(self, name: str, value: str) -> str:
        found = self._back[name].get(fold(value))
        return self._names.freed(value) if found is None else found


def worded(pairs: Iterable[Pair], text: str) -> str | None:
    """An action of the old wording as it is said; None where the text is none, as templates have it."""
    return next((said for pair in pairs if (said := pair.forward(text)) is not None), None)


def _valid(action: Action, text: str, is_valid: Callable[[str, Domain, str], bool]) -> dict[str, str] | None:
    """The values of a text that is an action with valid values."""
    names = action.template.placeholders
    checks = [partial(is_valid, name, domain) for name, domain in zip(names, action.domains, strict=True)]
    values = action.template.match(text, checks)
    if values is None or not all(check(value) for check, value in zip(checks, values, strict=True)):
        return None
    return dict(zip(names, values, strict=True))


def _said(domain: Domain, names: Names) -> Domain:
    if isinstance(domain, Range):
        return domain
    if isinstance(domain, Free):
        return Free(tuple(_value(value, names) for value in domain.examples))
    values = tuple(Value(names.forward(value.spelling), value.value) for value in domain.values)
    by_fold = {fold(value.spelling): value for value in values}
    if len(by_fold) < len(values):
        raise PerturbationError(f"two of the values {domain.describe(6)} would be called the same")
    return Values(values, by_fold)


def _value(value: Value, names: Names) -> Value:
    new = names.forward(value.spelling)
    return Value(new, new)


def _table(domain: Domain, names: Names) -> dict[str, tuple[str, str]]:
    """Folded value → the value and what it is called; nothing for numbers."""
    if isinstance(domain, Range):
        return {}
    return {fold(value.spelling): (value.spelling, names.forward(value.spelling)) for value in domain.samples}


def _template(literals: tuple[str, ...], placeholders: tuple[str, ...]) -> Template:
    marks = [*(f"{{{name}}}" for name in placeholders), ""]
    return Template(
        "".join(part for pair in zip(literals, marks, strict=True) for part in pair), literals, placeholders
    )
