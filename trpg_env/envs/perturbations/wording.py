"""A perturbation in one environment: a bijection between its wording and another one, with what is said on either side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trpg_env.envs.perturbations.kept import Kept
from trpg_env.envs.perturbations.names import Names
from trpg_env.envs.perturbations.perturbation import NotApplicable, Perturbation
from trpg_env.envs.perturbations.renaming import renamed
from trpg_env.envs.perturbations.saying import Saying
from trpg_env.envs.perturbations.side import Pair, worded
from trpg_env.envs.perturbations.templates import Changed, reworded
from trpg_env.envs.perturbations.vocabulary import Meaning, Understood, Vocabulary
from trpg_env.envs.react import Refused
from trpg_env.envs.showing import shortened
from trpg_env.script.domains import Domain
from trpg_env.script.instruction import action_line
from trpg_env.script.program import Action
from trpg_env.script.templates import normalise
from trpg_env.world.resolution import MAX_ACTION, SHOWN_VALUES

_SHOWN = 80
_LISTED = 40


class Wording:
    """The old wording of an environment and the new one.

    Args:
        perturbation: What the new one is made by; None for one that changes nothing.
        vocabulary: What the environment says of the old one.

    Attributes:
        actions: The actions as they are said.
        changes: Whether anything is said otherwise at all.

    Raises:
        PerturbationError: The perturbation does not fit the environment; `NotApplicable` where it changes nothing in it.

    Example:
        >>> from trpg_env.envs.perturbations.vocabulary import of_script
        >>> from trpg_env.script import load_script
        >>> said = Wording(Perturbation("paraphrase"), of_script(load_script("cool-tomato")))
        >>> said.worded("take tomato"), said.said('You should "open fridge" first.')
        ('pick up tomato', 'You should "pull open fridge" first.')
        >>> said.meant("pick up tomato", lambda text: None)
        'take tomato'
    """

    def __init__(self, perturbation: Perturbation | None, vocabulary: Vocabulary) -> None:
        actions, table = vocabulary.actions, {}
        other = {}
        if perturbation is not None:
            heads = [action.template.literals[0].split(" ")[0] for action in actions]
            table = renamed(perturbation, vocabulary.entities, vocabulary.values, heads)
            other = reworded(perturbation, [action.template for action in actions])
            other = _told(other, vocabulary)
        self._names = Names(table)
        self._exact = Kept()
        self._pairs = [Pair(action, other.get(action.index), self._names) for action in actions]
        self._complete = vocabulary.complete
        self._by_template = {pair.original.template.text: pair for pair in self._pairs}
        self._reworded = {pair.original.template.text for pair in self._pairs if pair.reworded}
        self.changes = bool(self._reworded or table)
        if perturbation is not None and not self.changes:
            raise NotApplicable(
                f"{perturbation.label} changes nothing in {vocabulary.owner}: {_WHY[perturbation.kind]}"
            )
        self._saying = Saying(self._pairs, self._names, capitals=vocabulary.told is not None)
        self.actions: Sequence[Action] = [
            replace(pair.said, description=self.said(pair.said.description)) for pair in self._pairs
        ]
        self._lines = _list(actions)
        self._said_lines = _list(self.actions)

    def worded(self, action: str, understood: Understood | None = None) -> str:
        """An action of the old wording as the player is to write it; what is none there is none here.

        Args:
            action: The action.
            understood: What a text of the old wording is, beside what templates have it.
        """
        text = normalise(action)
        known = worded(self._pairs, text)
        if known is not None:
            return known
        meaning = None if understood is None else understood(text)
        if meaning is not None and meaning.template in self._by_template:
            return self._by_template[meaning.template].filled(meaning.values)
        said = self._names.forward(text)
        return f"({said})" if any(pair.backward(said) is not None for pair in self._pairs) else said

    def meant(self, text: str, understood: Understood) -> str:
        """The action of the old wording that the player means; a text that means none comes back as refused.

        Args:
            text: What the player wrote.
            understood: What a text of the old wording is.
        """
        if isinstance(text, Refused) or len(text) > MAX_ACTION or not self.changes:
            return text
        exact = self._exact.get(text)
        if exact is not None:
            return exact
        plain = normalise(text)
        for pair in self._pairs:
            old = pair.backward(plain)
            if old is not None:
                return self._exact.put(text, old)
        # Scripts take more than one way of writing an action: "open the fridge".
        for pair in self._pairs:
            values = pair.nearly(plain) if pair.reworded else None
            old = None if values is None else pair.original_with(values)
            meaning = None if old is None else understood(old)
            if (
                old is not None
                and meaning is not None
                and meaning.template in (pair.original.template.text, None)
            ):
                return old
        home = self._names.backward(plain)
        if home is not None:
            meaning = understood(home)
            if meaning is not None and meaning.template not in self._reworded:
                return home
        return Refused(text, self._refusal(plain))

    def action_of(self, text: str) -> int | None:
        """Which action a text of the old wording is, by its place; None where it is none."""
        return next((i for i, pair in enumerate(self._pairs) if pair.forward(text) is not None), None)

    def resembled(self, text: str) -> Meaning:
        """The first action whose words in the old wording a text has, with any values: what is known where nothing can be asked."""
        for pair in self._pairs:
            values = pair.resembles(text)
            if values is not None:
                return Meaning(pair.original.template.text, values)
        return Meaning(None, {})

    def _refusal(self, text: str) -> str:
        """What is wrong with a text that is no action, in the new wording."""
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}…"
        for pair in self._pairs:
            values = pair.nearly(text) if self._complete else None
            wrong = None if values is None else pair.wrong(values)
            if values is not None and wrong is not None:
                return _invalid(pair.said, values[wrong[0]], *wrong)
        templates = "; ".join(action.template.text for action in self.actions[:_LISTED])
        said = f'There is no such action: "{shown}".' if text else "The action is empty."
        return f"{said} The actions are: {templates}." if templates else said

    def said(self, text: str) -> str:
        """A text of the environment in the new wording."""
        return self._saying.said(text) if self.changes else text

    def instruction(self, text: str) -> str:
        """The instruction in the new wording: its list of actions, and what stands before and after."""
        before, found, after = text.partition(self._lines) if self._lines else (text, "", "")
        if not found:
            return self.said(text)
        return f"{self.said(before)}{self._said_lines}{self.said(after)}"

    def heard(self, observation: str, told: str, refused: str | None = None) -> str:
        """An observation in the new wording.

        Args:
            observation: The observation; a first one begins with the instruction.
            told: The instruction in the old wording; empty where the observation is a later one.
            refused: What was wrong with the action where it was refused here: it is in the new wording, and quotes the player.
        """
        if observation == refused:
            return observation
        if told and observation.startswith(told):
            return shortened(self.instruction(told) + self.said(observation.removeprefix(told)))
        return shortened(self.said(observation))

    def info(self, info: dict[str, Any], refused: str | None = None) -> dict[str, Any]:
        """`info` in the new wording.

        Args:
            info: What the environment gave.
            refused: What was wrong with the action where it was refused here.
        """
        if not self.changes:
            return info
        assessment = dict(info["assessment"])
        if assessment["message"] != refused:
            assessment["message"] = self.said(assessment["message"])
        said = {
            **info,
            "assessment": assessment,
            "action": self._action(info["action"]),
            "thought": self.said(info["thought"]),
        }
        if "admissible_actions" in info:
            said["admissible_actions"] = list(map(self.worded, info["admissible_actions"]))
        return said

    def _action(self, told: Mapping[str, Any]) -> dict[str, Any]:
        pair = self._by_template.get(told["name"])
        if pair is None:
            values = {name: self._names.forward(value) for name, value in told["parameters"].items()}
            return {"name": told["name"], "parameters": values}
        return {"name": pair.said.template.text, "parameters": pair.parameters(told["parameters"])}


_WHY = {
    "preposition": "no action has one of the prepositions with, in, on, from, about after what is acted upon",
    "verb": "no action begins with one of the verbs that are exchanged, such as go to {place}",
    "order": "no action ends with a preposition and what belongs to it",
    "spacing": "no name has a blank in it",
    "paraphrase": "no action is in the table",
    "entities": "no name is one that can be changed",
}


def _invalid(action: Action, value: str, name: str, domain: Domain) -> str:
    shown = value if len(value) <= _SHOWN else f"{value[: _SHOWN - 3]}…"
    valid = domain.describe(SHOWN_VALUES)
    return f'"{shown}" is not a valid {name} for "{action.template.text}". Valid: {valid}.'


def _told(other: Changed, vocabulary: Vocabulary) -> Changed:
    """The templates that a player hears to be others."""
    if vocabulary.told is None:
        return other
    pairs = [Pair(action, None, Names({})) for action in vocabulary.actions]
    heard = Saying(pairs, Names({}), capitals=True).templates_in(vocabulary.told)
    return {i: template for i, template in other.items() if pairs[i].original.template.text in heard}


def _list(actions: Sequence[Action]) -> str:
    """Actions as an instruction lists them."""
    return "\n".join(f"- {action_line(action)}" for action in actions)
