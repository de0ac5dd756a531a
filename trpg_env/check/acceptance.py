"""Every action is meant by its own name with valid values, each value in at least one combination."""

from collections.abc import Sequence

from trpg_env.check.report import Findings, some
from trpg_env.check.trial import Trial, spread
from trpg_env.script.faults import Path
from trpg_env.script.model import Script
from trpg_env.script.names import fold
from trpg_env.script.program import Code
from trpg_env.world import GroundAction
from trpg_env.world.resolution import Meaning, Resolver
from trpg_env.world.values import Value

VALUES = 20_000
"""How many values are tried, over all actions; of longer domains, some at even distances."""
TEXTS = 30_000
"""How many texts are tried before the rest is left undecided."""
_AT_ONCE = 5_000
"""How many texts are prepared at once: few enough for the resolver to keep them all."""


def check_acceptance(
    script: Script, resolver: Resolver, starts: Sequence[list[Value]], findings: Findings
) -> dict[int, str]:
    """Find actions whose own name with valid values is not accepted as that action with those values.

    Args:
        script: The script, of either kind.
        resolver: Finds the meaning of texts.
        starts: The states at the start, for code that reads the state.
        findings: Where faults and notes go.

    Returns:
        For each action, by index, a text that means it; an action that no text means is not there.

    Raises:
        VerificationFailed: A pattern or code did not answer.
    """
    actions = script.program.actions
    most = max(50, VALUES // max(1, sum(len(a.domains) for a in actions)))
    trials = [Trial(a, tuple(spread(d.samples, most) for d in a.domains)) for a in actions]
    left = TEXTS
    while left > 0 and (active := [trial for trial in trials if trial.unfinished]):
        tries = [(trial, chosen) for trial in active for chosen in trial.following()]
        left -= len(tries)
        for i in range(0, len(tries), _AT_ONCE):
            _try(tries[i : i + _AT_ONCE], resolver, starts)
    for trial in trials:
        _judge(script, trial, findings)
    return {trial.action.index: trial.accepted for trial in trials if trial.accepted is not None}


def _try(
    tries: Sequence[tuple[Trial, tuple[int, ...]]], resolver: Resolver, starts: Sequence[list[Value]]
) -> None:
    texts = [trial.action.template.fill(trial.spellings(chosen)) for trial, chosen in tries]
    resolver.prepare(list(dict.fromkeys(texts)))
    for (trial, chosen), text in zip(tries, texts, strict=True):
        wanted = dict(zip(trial.action.template.placeholders, trial.spellings(chosen), strict=True))
        for start in starts if resolver.is_open(text) else starts[:1]:
            meaning = resolver.resolve(text, start)
            action = meaning.action if isinstance(meaning, GroundAction) else None
            if action is trial.action and meaning.parameters == wanted:
                trial.accept(chosen, text)
                break
            taker = None if action is trial.action else action
            trial.refuse(chosen, text, taker, _reason(trial, meaning, wanted))


def _reason(trial: Trial, meaning: Meaning, wanted: dict[str, str]) -> str:
    if not isinstance(meaning, GroundAction):
        return "no action matches it" if meaning.name is None else meaning.message.rstrip(".")
    if meaning.action is not trial.action:
        return f'it is taken for "{meaning.name}"'
    read = [f"{name} = {value!r}" for name, value in meaning.parameters.items() if value != wanted[name]]
    return f"it is understood with {', '.join(read)}"


def _judge(script: Script, trial: Trial, findings: Findings) -> None:
    action = trial.action
    where: Path = action.path if action.verification is None else (*action.path, "verification_code")
    if trial.accepted is None:
        text, reason = trial.refused[None]
        takers = [taker for taker in trial.takers if taker is not None]
        if takers and len(takers) == len(trial.takers):
            names = " or ".join(f'"{t.template.text}"' for t in sorted(takers, key=lambda t: t.index))
            findings.fault(
                action.path,
                f'its texts, such as "{text}", are always taken for {names}, which comes first; put this action'
                " before it, or let the other's verification_code match less",
            )
            return
        remedy = (
            "validate return True for it, or leave the verification_code out"
            if isinstance(action.verification, Code)
            else "the verification_code match all of it and capture each value, or leave it out"
        )
        findings.fault(where, f'its own name is not accepted: "{text}": {reason}; let {remedy}')
        return
    for position, waiting in enumerate(trial.waiting):
        name, samples = action.template.placeholders[position], trial.samples[position]
        path = _parameter_path(script, trial, position) or where
        refused = some([repr(samples[i].spelling) for i in waiting])
        if waiting and trial.unfinished:
            findings.undecided(path, f"whether {refused} can be accepted for {name}")
        elif waiting:
            text, reason = trial.refused[position, next(iter(waiting))]
            findings.fault(
                path,
                f'{refused} is valid for {name}, but never accepted: "{text}": {reason}; let the verification_code'
                " accept it, or take it out of the valid values",
            )
        count = len(action.domains[position].samples)
        if count > len(samples):
            findings.undecided(path, f"only {len(samples):,} of the {count:,} values of {name} were tried")


def _parameter_path(script: Script, trial: Trial, position: int) -> Path | None:
    name = fold(trial.action.template.placeholders[position])
    parameters = script.available_actions[trial.action.key].parameters
    return next(((*trial.action.path, "parameters", key) for key in parameters if fold(key) == name), None)
