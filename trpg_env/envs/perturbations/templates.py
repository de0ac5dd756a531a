"""Which action templates a perturbation changes, and into what."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from trpg_env.envs.perturbations.perturbation import Perturbation, PerturbationError
from trpg_env.envs.perturbations.tables import FRONTED, PARAPHRASES, PARTICLES, PREPOSITIONS, VERBS
from trpg_env.script.names import fold
from trpg_env.script.templates import Template, TemplateError, parse_template

Changed = dict[int, Template]
"""Other templates by the places of those that they stand for."""


def reworded(perturbation: Perturbation, templates: Sequence[Template]) -> Changed:
    """The templates that are other ones under a perturbation; those of the names within them are left aside.

    Args:
        perturbation: The perturbation.
        templates: All templates of an environment.

    Raises:
        PerturbationError: The perturbation's own table does not fit the templates.

    Example:
        >>> take = [parse_template("take {obj} from {recep}"), parse_template("go to {recep}")]
        >>> reworded(Perturbation("order"), take)[0].text, reworded(Perturbation("verb"), take)[1].text
        ('from {recep} take {obj}', 'move to {recep}')
    """
    if perturbation.table is not None:
        return _own(perturbation.table, templates) if perturbation.kind == "paraphrase" else {}
    make = _KINDS.get(perturbation.kind)
    if make is None:
        return {}
    found: Changed = {}
    taken = {fold(template.text) for template in templates}
    for i, text in make(templates):
        # What another action is called already stays with that one.
        if fold(text) not in taken:
            taken.add(fold(text))
            found[i] = parse_template(text)
    return found


def _prepositions(templates: Sequence[Template]) -> Iterator[tuple[int, str]]:
    for word, other in PREPOSITIONS.items():
        found = list(_with_preposition(templates, word))
        if found:
            for i, template, at in found:
                literals = list(template.literals)
                literals[at] = f"{literals[at][: -len(word) - 1]}{other} "
                yield i, _text(template, literals)
            return


def _fronted(templates: Sequence[Template]) -> Iterator[tuple[int, str]]:
    for word in FRONTED:
        found = [
            (i, template)
            for i, template, at in _with_preposition(templates, word)
            if at == len(template.placeholders) - 1
        ]
        if found:
            for i, template in found:
                start = template.text.rindex(f"{word} {{{template.placeholders[-1]}}}")
                yield i, f"{template.text[start:]} {template.text[:start]}"
            return


def _with_preposition(templates: Sequence[Template], word: str) -> Iterator[tuple[int, Template, int]]:
    """Templates in which a preposition stands before a placeholder and after what is acted upon, with its literal."""
    for i, template in enumerate(templates):
        for at in range(len(template.placeholders) - 1, -1, -1):
            words = template.literals[at].split(" ")
            spaced = len(words) > 1 and words[-2:] == [word, ""]
            # A verb and its preposition ("listen to") belong together.
            if spaced and (at > 0 or len(words) > 3):
                yield i, template, at
                break


def _verbs(templates: Sequence[Template]) -> Iterator[tuple[int, str]]:
    for group in VERBS:
        found = [
            (i, template, group.get(template.literals[0].strip())) for i, template in enumerate(templates)
        ]
        changed = [(i, template, new) for i, template, new in found if new is not None]
        if changed:
            for i, template, new in changed:
                yield i, new + template.text[len(template.literals[0].strip()) :]
            return


def _paraphrases(templates: Sequence[Template]) -> Iterator[tuple[int, str]]:
    longest = sorted(PARAPHRASES, key=len, reverse=True)
    for i, template in enumerate(templates):
        for old in longest:
            rest = template.text.removeprefix(old)
            follows = rest.split()
            if (
                rest != template.text
                and rest[:1] in ("", " ")
                and (not follows or follows[0] not in PARTICLES)
            ):
                yield i, PARAPHRASES[old] + rest
                break


def _own(table: Sequence[tuple[str, str]], templates: Sequence[Template]) -> Changed:
    known = {fold(template.text): i for i, template in enumerate(templates)}
    found: Changed = {}
    for old, new in table:
        i = known.get(fold(old))
        if i is not None:
            found[i] = same_placeholders(old, new)
    texts = [found.get(i, template).text for i, template in enumerate(templates)]
    if len({fold(text) for text in texts}) < len(texts):
        twice = next(text for i, text in enumerate(texts) if fold(text) in map(fold, texts[:i]))
        raise PerturbationError(f"the table makes two actions {twice!r}; word them differently")
    return found


def same_placeholders(old: str, new: str) -> Template:
    """Read a template that is to stand for another one.

    Raises:
        PerturbationError: It cannot be read, or its placeholders are others.
    """
    try:
        before, after = parse_template(old), parse_template(new)
    except TemplateError as error:
        raise PerturbationError(str(error)) from None
    if sorted(before.placeholders) != sorted(after.placeholders):
        wanted = ", ".join(f"{{{name}}}" for name in before.placeholders) or "none"
        raise PerturbationError(f"{new!r} is to have the placeholders of {old!r} ({wanted}), each once")
    return after


def _text(template: Template, literals: Sequence[str]) -> str:
    names = [f"{{{name}}}" for name in template.placeholders]
    return "".join(part for pair in zip(literals, [*names, ""], strict=True) for part in pair)


_KINDS: Mapping[str, Callable[[Sequence[Template]], Iterator[tuple[int, str]]]] = {
    "preposition": _prepositions,
    "verb": _verbs,
    "order": _fronted,
    "paraphrase": _paraphrases,
}
