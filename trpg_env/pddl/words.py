"""What is true, in words: made of the predicates' own names, or of phrases that are given for them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from trpg_env.pddl.model import EQUAL, Domain, Literal

_PREPOSITIONS = frozenset({
    "above", "across", "after", "against", "along", "among", "around", "at", "before", "behind", "below", "beneath",
    "beside", "between", "beyond", "by", "from", "in", "inside", "into", "near", "next-to", "of", "off", "on", "onto",
    "out-of", "outside", "over", "through", "to", "toward", "towards", "under", "upon", "with", "within",
})  # fmt: skip
_HAVING = frozenset(
    {"have", "has", "carry", "carries", "hold", "holds", "own", "owns", "wear", "wears", "visit"}
)
_FIELD = re.compile(r"\{(\d+)\}")


class Words:
    """Says literals in words.

    A predicate's name becomes a phrase by its shape: `(clear a)` "a is clear", `(on a b)` "a is on b", `(contains a b)`
    "a contains b", `(arm-empty)` "arm empty". Where "is" would not do, the name comes first: `(holding a)` "holding a",
    `(at-robby a)` "at robby a". A phrase that is given says it better: `{"have": "you have {0}"}`.

    Args:
        domain: The domain.
        phrases: Predicate → phrase, each term by its number in braces.

    Raises:
        ValueError: A phrase is of no predicate, or its numbers are not those of its terms.
    """

    def __init__(self, domain: Domain, phrases: Mapping[str, str] | None = None) -> None:
        self._phrases = {name: _phrase(name, arity) for name, arity in domain.predicates.items()}
        said = Counter(self._phrases.values())
        for name, arity in domain.predicates.items():
            if said[self._phrases[name]] > 1:
                # `(is-lit a)` and `(lit a)` must not sound the same.
                self._phrases[name] = " ".join([name, *(f"{{{i}}}" for i in range(arity))])
        for name, phrase in (phrases or {}).items():
            if name not in domain.predicates:
                raise ValueError(f"a phrase is given for {name!r}, which is no predicate of {domain.name}")
            numbers = {int(number) for number in _FIELD.findall(phrase)}
            if numbers != set(range(domain.predicates[name])) or set("{}") & set(_FIELD.sub("", phrase)):
                raise ValueError(
                    f"the phrase {phrase!r} for {name} is to hold each of its {domain.predicates[name]} terms by its"
                    " number in braces, {0} first, and no other braces"
                )
            self._phrases[name] = phrase

    def atom(self, predicate: str, terms: Sequence[str]) -> str:
        """An atom in words.

        Args:
            predicate: The predicate.
            terms: Its terms, as they are to be said.
        """
        return _FIELD.sub(lambda match: terms[int(match[1])], self._phrases[predicate])

    def literal(self, literal: Literal, said: Mapping[str, str]) -> str:
        """A literal in words.

        Args:
            literal: The literal.
            said: Term → how it is said.
        """
        terms = [said[term] for term in literal.terms]
        if literal.predicate == EQUAL:
            return f"{terms[0]} and {terms[1]} are {'the same' if literal.positive else 'not the same'}"
        atom = self.atom(literal.predicate, terms)
        return atom if literal.positive else f"it is not so that {atom}"


def _phrase(name: str, arity: int) -> str:
    words = name.replace("_", "-").replace("-", " ").split() or [name]
    said = " ".join(words)
    if arity == 0:
        return said
    if arity == 1:
        if words[0] == "is" and len(words) > 1:
            return f"{{0}} {said}"
        first = words[0] in _HAVING or words[0] == "at" or words[0].endswith("ing")
        return f"{said} {{0}}" if first or words[-1] in _PREPOSITIONS else f"{{0}} is {said}"
    if arity == 2:
        return f"{{0}} {'is ' if name in _PREPOSITIONS else ''}{said} {{1}}"
    return f"{said} {', '.join(f'{{{i}}}' for i in range(arity - 1))} and {{{arity - 1}}}"
