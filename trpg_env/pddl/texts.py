"""What the player writes: a template for each action, such that no text has two meanings."""

import re
from collections.abc import Iterable, Mapping
from itertools import combinations

from trpg_env.pddl.model import Domain
from trpg_env.script.names import fold
from trpg_env.script.templates import TemplateError, parse_template

_LOOKS = ("look around", "take everything in", "survey all there is")
_FIELD = re.compile(r"\{(\d+)\}")
_PLACEHOLDER = re.compile(r"\S*\{[^{}]*\}\S*")

_Word = tuple[str | None, bool]
"""A word of a text, or None for one of an object's name; and whether it may be missing."""


class Names:
    """The objects' names, as what placeholders stand for.

    Args:
        names: The names; one may be of several words, since underscores are written like blanks.
    """

    def __init__(self, names: Iterable[str]) -> None:
        split = [fold(name).split() for name in names]
        self.longest = max(map(len, split), default=1)
        self.words = frozenset(word for words in split for word in words)


def templates(
    domain: Domain,
    placeholders: Mapping[str, Mapping[str, str]],
    phrases: Mapping[str, str],
    names: Names,
) -> dict[str, str]:
    """Action → template: the phrase that is given, else its name in words and its parameters in order.

    Where the words of one action begin with those of another, the longer one keeps PDDL's spelling.

    Args:
        domain: The domain.
        placeholders: Action → variable → placeholder.
        phrases: Action → phrase, each parameter by its number in braces.
        names: The objects' names.

    Raises:
        ValueError: A phrase is of no action, its numbers are not those of the parameters, or one text would mean two
            actions.
    """
    for name in phrases:
        if name not in domain.actions:
            raise ValueError(f"a phrase is given for {name!r}, which is no action of {domain.name}")
    words = {name: _words(name) for name in domain.actions}
    found: dict[str, str] = {}
    for name, own in words.items():
        fields = [f"{{{placeholder}}}" for placeholder in placeholders[name].values()]
        if name in phrases:
            found[name] = _filled(name, phrases[name], fields)
            continue
        doubtful = not own or any(
            other != name and own[: len(begins)] == begins for other, begins in words.items()
        )
        found[name] = " ".join([name if doubtful else " ".join(own), *fields])
    for one, other in combinations(found, 2):
        if phrases.keys() & {one, other} and may_be_one(found[one], found[other], names):
            raise ValueError(
                f"the actions {one} and {other} of {domain.name} are written {found[one]!r} and {found[other]!r}, and"
                " one text could mean both; tell them apart by a word"
            )
    return found


def look(domain: Domain, taken: Iterable[str], names: Names) -> str:
    """A text for looking that no action's text could be, and the other way round.

    Args:
        domain: The domain.
        taken: The templates of the actions.
        names: The objects' names.
    """
    words = [_words(name) for name in domain.actions]
    templates = list(taken)
    candidates = [*_LOOKS, *(f"look {'all ' * n}around" for n in range(1, len(words) + 2))]
    for candidate in candidates:
        own = tuple(candidate.split())
        begun = any(own[: len(begins)] == begins or begins[: len(own)] == own for begins in words)
        if not begun and not any(may_be_one(candidate, template, names) for template in templates):
            return candidate
    return candidates[-1]


def _words(name: str) -> tuple[str, ...]:
    return tuple(name.replace("_", "-").replace("-", " ").split())


def _filled(name: str, phrase: str, fields: list[str]) -> str:
    numbers = [int(number) for number in _FIELD.findall(phrase)]
    if sorted(numbers) != list(range(len(fields))) or set("{}") & set(_FIELD.sub("", phrase)):
        raise ValueError(
            f"the phrase {phrase!r} for {name} is to hold each of its {len(fields)} parameters once by its number in"
            " braces, {0} first, and no other braces"
        )
    template = _FIELD.sub(lambda match: fields[int(match[1])], phrase)
    try:
        return parse_template(template).text
    except TemplateError as error:
        raise ValueError(f"the phrase {phrase!r} for {name} makes no template: {error}") from None


def may_be_one(one: str, other: str, names: Names) -> bool:
    """Whether some text fits both templates.

    Args:
        one: A template.
        other: Another.
        names: The objects' names; any of their words, up to as many as the longest has, counts as one.

    Example:
        >>> may_be_one("put {x} down", "put {x} {y}", Names(["a", "b"]))
        False
        >>> may_be_one("put {x} down", "put {x} {y}", Names(["a", "down"]))
        True
    """
    a, b = _pattern(one, names.longest), _pattern(other, names.longest)
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        i, j = waiting.pop()
        if i == len(a) and j == len(b):
            return True
        following = []
        if i < len(a) and a[i][1]:
            following.append((i + 1, j))
        if j < len(b) and b[j][1]:
            following.append((i, j + 1))
        if i < len(a) and j < len(b) and _meet(a[i][0], b[j][0], names):
            following.append((i + 1, j + 1))
        waiting += [state for state in following if state not in seen]
        seen.update(following)
    return False


def _meet(word: str | None, other: str | None, names: Names) -> bool:
    if word is None or other is None:
        known = other if word is None else word
        return known is None or known in names.words
    return word == other


def _pattern(template: str, longest: int) -> list[_Word]:
    """The words of a template: what a placeholder is joined to counts as part of a name."""
    found: list[_Word] = []
    for word in template.split():
        if _PLACEHOLDER.fullmatch(word):
            found += [(None, False), *[(None, True)] * (longest - 1)]
        else:
            found += [(part, False) for part in fold(word).split()]
    return found
