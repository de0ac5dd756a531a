"""The suite of scripts for `trpg-env evaluate`: which scripts, and their episodes played as `trpg-env rollout` does."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from trpg_env.agents import Agent
from trpg_env.cli.arguments import scripts_in
from trpg_env.cli.evaluating import Evaluation, sampled
from trpg_env.cli.perturbing import perturbing, perturbing_scripts
from trpg_env.cli.playing import dungeon_master, player
from trpg_env.cli.terminal import WrongUse
from trpg_env.dm import DungeonMaster
from trpg_env.evaluation import Part, Suite
from trpg_env.evaluation.scripts import on_side, playable, suite
from trpg_env.rollout.prepared import Ready, Rollout
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library, load_script
from trpg_env.tuning.subset import family_lot, is_held_out


@contextmanager
def scripts_evaluation(options: argparse.Namespace) -> Iterator[Evaluation]:
    """Make ready what the options ask for.

    Each start is played once with each luck from 0 on, as many times as there are samples.

    Raises:
        WrongUse: The options do not fit together, or leave no script.
        ScriptError: A script cannot be loaded.
        ValueError: Player or DM cannot play a script.
    """
    if options.split is not None:
        raise WrongUse(
            "--split is for benchmarks that have several; of scripts, --held-out or --training takes a part"
        )
    who = player(options), dungeon_master(options)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        named = library() if options.scripts is None else scripts_in(options.scripts)
        scripts = [load_script(script, sandbox=sandbox) for script in named]
        left_out: list[str] = []
        if options.scripts is None:  # what is named is to be played, or refused
            grounded = options.dm == "rules" or getattr(who[0], "grounded_only", False)
            scripts, left_out = playable(scripts, grounded=grounded)
        part = _part(options)
        if part is not None:
            scripts = _on_side(scripts, part)
        n = len(scripts) if options.n is None else options.n
        played = suite(scripts[:n] or scripts, max_turns=options.max_turns, left_out=left_out, part=part)
        found = scripts_run(options, who, scripts, played, sandbox, stack)
        yield replace(found, hints=_hints(left_out, scripts, n))


def scripts_run(
    options: argparse.Namespace,
    who: tuple[Agent, DungeonMaster],
    scripts: Sequence[Script],
    suite: Suite,
    sandbox: Sandbox,
    stack: ExitStack,
) -> Evaluation:
    """An evaluation of scripts, whatever they are of.

    Args:
        options: The command's.
        who: Who plays, and who answers.
        scripts: What is played.
        suite: The same as a suite.
        sandbox: Where the scripts' own checks run.
        stack: Closes what is opened.

    Raises:
        WrongUse: The options do not fit together.
        ValueError: Player or DM cannot play a script.
    """
    agent, dm = who
    n = len(scripts) if options.n is None else options.n
    by = perturbing(options)
    wrap, told = perturbing_scripts(by, scripts[:n] or scripts)

    def ready(luck: int) -> Ready:
        return Rollout(
            scripts,
            agent,
            n,
            options.seed,
            luck=luck,
            max_turns=options.max_turns,
            dm=dm,
            concurrency=options.concurrency,
            processes=options.processes,
            sandbox=sandbox,
            wrap=wrap,
            perturbation=None if by is None else by.label,
        )

    found = sampled(ready, options.samples, suite, stack)
    return replace(found, scripts=scripts, arguments={**found.arguments, **told})


def _part(options: argparse.Namespace) -> Part | None:
    if options.held_out is not None:
        return Part(side="held_out", share=options.held_out)
    return None if options.training is None else Part(side="training", share=options.training)


def _on_side(scripts: Sequence[Script], part: Part) -> list[Script]:
    there = on_side(scripts, part, is_held_out)
    if there:
        return there
    if part.side == "training":
        raise WrongUse(
            f"--training {part.share:g} leaves no script: every family is held out; a smaller share leaves some"
        )
    lots = {script.family: family_lot(script.family) for script in scripts}
    first = min(lots, key=lots.__getitem__, default=None)
    larger = "" if first is None else f"; {int(lots[first] * 100 + 1) / 100:g} would hold out {first}"
    raise WrongUse(f"--held-out {part.share:g} leaves no script: no family is held out{larger}")


def _hints(left_out: Sequence[str], scripts: Sequence[Script], n: int) -> list[str]:
    hints = []
    if left_out:
        hints.append(
            f"{len(left_out)} narrative {'script is' if len(left_out) == 1 else 'scripts are'} left out "
            f"({', '.join(left_out)}): only a language model can be their DM, and no planner plays them"
        )
    if n < len(scripts):
        hints.append(
            f"-n {n} plays the first {n} of {len(scripts)} scripts; leave it out for one start of each"
        )
    return hints
