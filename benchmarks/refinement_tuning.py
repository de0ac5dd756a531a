"""Does refinement tuning help? Five arms as in the paper's ablation, tuned on some families and played on others.

Usage: python benchmarks/refinement_tuning.py [--quick] [--out FOLDER] [--base FILE.gguf|FOLDER] [--device DEVICE]

The erring player plays scripts of the training families; its trajectories are exported once for each arm and each seed, and
a language model is tuned on each of these exports. All of them, and the model before it was tuned, then play the same episodes
of training and held-out families. `docs/refinement-tuning.md` says how it is done and what came of it.

Without `--base` the model is a small Llama that is trained here, tokenizer and all, on what the planner and the random
player do in the training families; it takes two processor cores the better part of an hour. With `--base` it is a model
that has been trained elsewhere, such as SmolLM2-135M, for which one wants a GPU.

A run that was interrupted goes on with the same command. `--quick` goes through all of it within minutes, to no purpose but that.
Needs: pip install 'trpg-env[tokens,train]' matplotlib
"""

import argparse
import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Threads that wait for one another by spinning starve as soon as another program is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from batched_player import Batcher, ModelPlayer
from small_llama import make_model, make_tokenizer
from transformers import AutoTokenizer

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent
from trpg_env.prompts import prompt
from trpg_env.script import Script, library, load_script
from trpg_env.trajectory import PlayerTurn, Trajectory, read_trajectories
from trpg_env.trajectory.statistics import error_and_refines
from trpg_env.tuning.conversation import Message, conversation
from trpg_env.tuning.subset import is_held_out

ARMS: dict[str, dict[str, bool] | None] = {
    "untuned": None,
    "refinement tuning": {},
    "without refinement loss": {"mask_refinements": True},
    "without refinement data": {"drop_refinements": True},
    "loss on erroneous turns": {"train_errors": True},
}
"""The arms, and the options of `export` that make them; every export has the same trajectories."""
TUNED = "refinement tuning"
SETS = {"held-out": "families not trained on", "held-in": "training families, other seeds"}
METRICS = {
    "success": ("success", "episodes"),
    "progress": ("progress", "episodes"),
    "repeated errors": ("repeated", "errors"),
    "recovery": ("recovered", "recoverable"),
    "errors per turn": ("errors", "turns"),
    "parameter errors per turn": ("parameter", "turns"),
    "place errors per turn": ("place", "turns"),
    "logic errors per turn": ("logic", "turns"),
    "malformed replies per turn": ("malformed", "turns"),
    "turns per episode": ("turns", "episodes"),
}
"""Each metric as a sum over episodes by another."""
WITHIN = 3
"""An error is recovered from if one of the next so many turns is correct."""
RESAMPLES = 10_000


@dataclass(frozen=True)
class Plan:
    """How large everything is; a folder holds what belongs to one plan.

    Attributes:
        share: The share of families that is held out, as `export(split=…)` takes it.
        seeds: How many times each arm is tuned: on another subset of the trajectories, in another order.
        per_script: Trajectories of the erring player for each training script.
        rows: Trajectories in each arm's export.
        batch: Trajectories in each step of tuning.
        epochs: How often each is seen.
        rate: The learning rate of tuning.
        longest: The longest conversation in tokens, in training and in play.
        reply: The longest reply in tokens.
        episodes: Episodes of each script that a model plays.
        turns: After how many turns they end; each script's own number where None.
        probes: On how many trajectories of a set the loss is measured in the end, at most.
        vocabulary: Tokens of the small model's own tokenizer.
        width: Its width.
        base_steps: For how many steps of one text each it is trained.
        base_rate: At which learning rate.
    """

    share: float = 0.3
    seeds: int = 3
    per_script: int = 50
    rows: int = 300
    batch: int = 1
    epochs: float = 1.0
    rate: float = 1e-3
    longest: int = 3072
    reply: int = 40
    episodes: int = 4
    turns: int | None = None
    probes: int = 18
    vocabulary: int = 2048
    width: int = 128
    base_steps: int = 1800
    base_rate: float = 2e-3


QUICK = Plan(
    seeds=2,
    per_script=5,
    rows=6,
    reply=16,
    episodes=1,
    turns=4,
    probes=1,
    base_steps=10,
)
GPU = Plan(
    per_script=400,
    rows=2000,
    batch=8,
    rate=1e-4,
    longest=6144,
    reply=192,
    episodes=8,
)


@dataclass(frozen=True)
class Job:
    """What a process needs to know.

    Attributes:
        out: The folder.
        plan: How large everything is.
        base: The model to be tuned; None for the small one.
        device: Where it computes.
        steps: So many steps of tuning instead of whole epochs.
    """

    out: Path
    plan: Plan
    base: Path | None
    device: str
    steps: int | None = None

    @property
    def system(self) -> str:
        """The system message: the small model is used to none, another cannot do without."""
        return prompt("player") if self.base else ""


@cache
def example(name: str) -> Any:
    """A file of the examples as a module: the training loop, and reading models, are there."""
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scripts(plan: Plan) -> tuple[list[Script], list[Script]]:
    """The library's grounded scripts: those of the training families, and those of the held-out ones."""
    all_scripts = [script for script in map(load_script, library()) if script.grounded]
    return (
        [script for script in all_scripts if not is_held_out(script.family, plan.share)],
        [script for script in all_scripts if is_held_out(script.family, plan.share)],
    )


# --- data ---------------------------------------------------------------------------------------------------------


def played(job: Job, agent: Any, per_script: int, seed: int) -> list[Trajectory]:
    """What an agent does in the training families; kept in a file."""
    training, _ = scripts(job.plan)
    file = job.out / f"{agent.kind}.jsonl"
    for _ in rollout(training, agent, per_script * len(training), seed, out=file):
        pass
    trajectories = sorted(read_trajectories(file), key=lambda trajectory: trajectory.id)
    return trajectories if job.base else [without_thoughts(trajectory) for trajectory in trajectories]


def without_thoughts(trajectory: Trajectory) -> Trajectory:
    """The same trajectory without a word of why: the small model would spend all its strength on quotations."""
    turns = [
        turn.model_copy(update={"thought": ""}) if isinstance(turn, PlayerTurn) else turn
        for turn in trajectory.turns
    ]
    return trajectory.model_copy(update={"turns": turns})


def prepare(job: Job) -> None:
    """Play for the training data, make the small model, and export for each arm and seed."""
    job.out.mkdir(parents=True, exist_ok=True)
    described = json.dumps({"plan": asdict(job.plan), "base": job.base and job.base.name, "steps": job.steps})
    note = job.out / "plan.json"
    if note.exists() and note.read_text(encoding="utf-8") != described:
        sys.exit(f"{job.out} holds a run of another plan; name another folder, or remove it")
    note.write_text(described, encoding="utf-8")
    began = time.perf_counter()
    erring = played(job, ErringAgent(), job.plan.per_script, 0)
    enough = [one for one in erring if one.success and error_and_refines(one) >= 2]
    print(f"{len(erring)} trajectories, {len(enough)} with two error-and-refines and success", flush=True)
    if job.base is None:
        make_base(job, erring)
    base = job.base or job.out / "base"
    tokenizer = str(base)
    if base.is_file():
        tokenizer = example("models_in_files").load(base)[1]
    enough = fitting(job, tokenizer, enough)
    for seed in range(job.plan.seeds):
        for arm, options in ARMS.items():
            folder = job.out / "data" / f"{slug(arm)}-{seed}"
            if options is not None and not (folder / "README.md").exists():
                summary = export(
                    enough,
                    "tokens",
                    folder,
                    tokenizer=tokenizer,
                    max_length=job.plan.longest,
                    limit=job.plan.rows,
                    seed=seed,
                    system_prompt=bool(job.system),
                    **options,
                )
                print(f"{folder.name}: {summary.records} rows", flush=True)
    print(f"prepared in {time.perf_counter() - began:,.0f} s", flush=True)


def fitting(job: Job, tokenizer: Any, trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """The trajectories that the model reads whole, so that all arms see the same turns."""
    if isinstance(tokenizer, str):
        tokenizer = AutoTokenizer.from_pretrained(tokenizer)
    system = [Message("system", job.system)] if job.system else []
    chats = [
        tokenizer.apply_chat_template([m.as_dict() for m in [*system, *conversation(one)]], tokenize=False)
        for one in trajectories
    ]
    encoded = tokenizer(chats, add_special_tokens=False)["input_ids"]
    kept = [one for one, ids in zip(trajectories, encoded, strict=True) if len(ids) <= job.plan.longest]
    print(f"{len(kept)} of them have no more than {job.plan.longest} tokens", flush=True)
    return kept


def make_base(job: Job, erring: Sequence[Trajectory]) -> None:
    """Train the small model: a language model of episodes that are planned, or random, and never refined."""
    plan, folder = job.plan, job.out / "base"
    if folder.exists():
        return
    training = example("refinement_tuning")
    texts = [
        text
        for agent, seed in ((PlannerAgent(), 1), (RandomAgent(), 2))
        for one in played(job, agent, plan.per_script, seed)
        if (text := conversation(one, "train_errors"))
    ]
    said = [message.content for text in [*texts, *map(conversation, erring)] for message in text]
    tokenizer = make_tokenizer(said, plan.vocabulary)
    rows = []
    for text in texts:
        chat = tokenizer.apply_chat_template([m.as_dict() for m in text], tokenize=False)
        ids = np.array(tokenizer(chat, add_special_tokens=False)["input_ids"][: plan.longest])
        rows.append(training.Row(ids, ids, np.zeros(len(ids), dtype=bool)))
    model = make_model(tokenizer, plan.width, 2 * plan.longest)
    print(f"a base of {model.num_parameters():,} parameters, {sum(map(len, rows)):,} tokens", flush=True)
    settings = training.Settings(
        steps=plan.base_steps, learning_rate=plan.base_rate, batch=1, accumulate=1, bfloat16=True
    )
    reports = training.tune(
        model, rows, settings, folder=made(job.out / "base-training"), report=partial(tell, "base")
    )
    write_lines(job.out / "base-log.jsonl", [asdict(report) for report in reports])
    example("models_in_files").save(model, tokenizer, folder)


# --- tuning and playing -------------------------------------------------------------------------------------------


def outlive_nobody() -> None:
    """End this process with the one that started it, or a run that is taken up again has two at work on its files."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def tune_and_play(job: Job, arm: str, seed: int) -> str:
    """Tune a model as an arm has it, and let it play; what was done before an interruption is not done again."""
    began = time.perf_counter()
    name = f"{slug(arm)}-{seed}"
    done = job.out / "models" / name / "losses.json"
    model, tokenizer = example("models_in_files").load(job.base or job.out / "base")
    model.to(job.device)
    if ARMS[arm] is not None:
        tuned(job, arm, seed, model)
    model.eval()
    between = time.perf_counter()
    play(job, model, tokenizer, name)
    if not done.exists():
        made(done.parent)
        done.write_text(json.dumps(losses(job, model, tokenizer)), encoding="utf-8")
    return f"{name}: tuned in {between - began:.0f} s, played in {time.perf_counter() - between:.0f} s"


def tuned(job: Job, arm: str, seed: int, model: Any) -> None:
    """Tune a model on an arm's export."""
    training, plan = example("refinement_tuning"), job.plan
    folder = made(job.out / "models" / f"{slug(arm)}-{seed}")
    rows = training.read_rows(job.out / "data" / f"{slug(arm)}-{seed}")
    if arm != "without refinement data":
        # The texts are the same, so the erroneous turns are too.
        plain = training.read_rows(
            job.out / "data" / f"{slug(TUNED)}-{seed}",
            job.out / "data" / f"{slug('loss on erroneous turns')}-{seed}",
        )
        rows = [
            # A text ends on a reply that counts, so where refining replies do not, it may end earlier.
            replace(row, errors=one.errors[: len(row)])
            for row, one in zip(rows, plain, strict=True)
        ]
    settings = training.Settings(
        steps=job.steps or max(1, round(plan.epochs * len(rows) / plan.batch)),
        learning_rate=plan.rate,
        batch=plan.batch,
        accumulate=1,
        seed=seed,
        bfloat16=True,
    )
    reports = training.tune(model, rows, settings, folder=folder, report=partial(tell, f"{arm}, seed {seed}"))
    write_lines(folder / "log.jsonl", [asdict(report) for report in reports])


def play(job: Job, model: Any, tokenizer: Any, name: str) -> None:
    """Let a model play all scripts, all episodes at once; the trajectories are kept as they come."""
    chosen = [script for group in scripts(job.plan) for script in group]
    n = job.plan.episodes * len(chosen)
    file = made(job.out / "play") / f"{name}.jsonl"
    player = ModelPlayer(Batcher(model, tokenizer, n, job.plan.longest, job.plan.reply), name, job.system)
    for _ in rollout(chosen, player, n, seed=1_000, max_turns=job.plan.turns, concurrency=n, out=file):
        pass


def losses(job: Job, model: Any, tokenizer: Any) -> dict[str, Any]:
    """The mean loss of a token of correct turns and of erroneous ones, where the erring player plays on."""
    training, found = example("refinement_tuning"), {}
    for group, chosen in zip(("held-in", "held-out"), scripts(job.plan), strict=True):
        probes = list(rollout(chosen, ErringAgent(), 2 * len(chosen), seed=2_000))
        with TemporaryDirectory() as folder:
            folders = [f"{folder}/plain", f"{folder}/errors"]
            for path, train_errors in zip(folders, (False, True), strict=True):
                export(
                    probes if job.base else map(without_thoughts, probes),
                    "tokens",
                    path,
                    tokenizer=tokenizer,
                    max_length=job.plan.longest,
                    train_errors=train_errors,
                    system_prompt=bool(job.system),
                    min_refinements=0,
                )
            rows = training.read_rows(*folders)
        correct, wrong = [], []
        with torch.inference_mode():
            for row in rows[: job.plan.probes]:
                loss, _, error = training.token_losses(model, [row])
                correct.append(loss[~error])
                wrong.append(loss[error])
        found[group] = {
            "correct": float(torch.cat(correct).mean()),
            "erroneous": float(torch.cat(wrong).mean()),
        }
    return found


def tell(what: str, report: Any) -> None:
    """Say how training goes, now and then."""
    if report.step % 50 == 0:
        print(f"{what}: {report}", flush=True)


# --- counting -----------------------------------------------------------------------------------------------------


def counted(trajectory: Trajectory) -> dict[str, float]:
    """What happened in an episode."""
    before = trajectory.turns[0].state_hash
    answered: set[tuple[str, str]] = set()
    errors: list[str | None] = []
    repeated = malformed = 0
    for player, dm in trajectory.exchanges():
        errors.append(dm.error)
        said = player.action or player.reply or ""
        malformed += not player.action
        if dm.error is not None:
            repeated += (before, said) in answered
            answered.add((before, said))
        before = dm.state_hash
    recovered = recoverable = 0
    for place, error in enumerate(errors):
        following = errors[place + 1 : place + 1 + WITHIN]
        if error is not None and (None in following or len(following) == WITHIN):
            recoverable += 1
            recovered += None in following
    return {
        "episodes": 1,
        "success": trajectory.success,
        "progress": trajectory.progress,
        "turns": len(errors),
        "errors": sum(error is not None for error in errors),
        **{kind: errors.count(kind) for kind in ("parameter", "place", "logic")},
        "malformed": malformed,
        "repeated": repeated,
        "recovered": recovered,
        "recoverable": recoverable,
    }


def cells(trajectories: Iterator[Trajectory]) -> dict[str, dict[str, float]]:
    """Sums over the episodes of each script."""
    found: dict[str, dict[str, float]] = {}
    for trajectory in trajectories:
        assert trajectory.outcome != "error", trajectory.error
        cell = found.setdefault(str(trajectory.script), {})
        for key, value in counted(trajectory).items():
            cell[key] = cell.get(key, 0.0) + value
    return found


@dataclass(frozen=True)
class Estimate:
    """A number with its interval of 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimates(
    sums: dict[str, np.ndarray], keys: Sequence[str]
) -> tuple[dict[str, dict[str, Estimate]], dict[str, dict[str, Estimate]]]:
    """Each arm's metrics, and refinement tuning's less each other arm's, with bootstrap intervals (percentiles).

    Seeds and scripts are both drawn anew, with replacement; the episodes of a seed on a script stay together, since they
    are much alike. All arms share the draws, so that differences are paired.

    Args:
        sums: For each arm, by seed, script and key.
        keys: What the last axis counts.
    """
    seeds, number = next(iter(sums.values())).shape[:2]
    draw = np.random.default_rng(0)
    weights = [np.ones((1, seeds)), draw.multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLES)]
    others = [np.ones((1, number)), draw.multinomial(number, np.full(number, 1 / number), RESAMPLES)]
    values: dict[str, dict[str, np.ndarray]] = {}
    for arm, cell in sums.items():
        totals = np.concatenate(
            [np.einsum("rs,rc,sck->rk", a, b, cell) for a, b in zip(weights, others, strict=True)]
        )
        values[arm] = {}
        for metric, (above, below) in METRICS.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                values[arm][metric] = totals[:, keys.index(above)] / totals[:, keys.index(below)]
    return (
        {arm: {metric: estimate(one) for metric, one in each.items()} for arm, each in values.items()},
        {
            arm: {metric: estimate(values[TUNED][metric] - one) for metric, one in each.items()}
            for arm, each in values.items()
            if arm != TUNED
        },
    )


def estimate(values: np.ndarray) -> Estimate:
    """The first value with the interval of the others."""
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))


def results(job: Job) -> dict[str, Any]:
    """All that was found, as JSON-like data."""
    keys = sorted(counted_keys())
    found: dict[str, Any] = {"plan": asdict(job.plan), "base": job.base and job.base.name, "sets": {}}
    training, held_out = scripts(job.plan)
    for group, chosen in (("held-out", held_out), ("held-in", training)):
        order = [str(script.origin) for script in chosen]
        sums = {}
        for arm, options in ARMS.items():
            each = []
            for seed in range(job.plan.seeds):
                name = f"{slug(arm)}-{0 if options is None else seed}.jsonl"
                cell = cells(read_trajectories(job.out / "play" / name))
                each.append([[cell[script][key] for key in keys] for script in order])
            sums[arm] = np.array(each, dtype=float)
        arms, differences = estimates(sums, keys)
        found["sets"][group] = {
            "scripts": [script.name for script in chosen],
            "arms": {arm: {m: asdict(e) for m, e in each.items()} for arm, each in arms.items()},
            f"{TUNED} less": {
                arm: {m: asdict(e) for m, e in each.items()} for arm, each in differences.items()
            },
            "sums": {arm: {"keys": keys, "by seed and script": one.tolist()} for arm, one in sums.items()},
            "references": references(chosen, job.plan.episodes),
        }
    found["losses"] = {
        arm: [
            json.loads(
                (job.out / "models" / f"{slug(arm)}-{seed}" / "losses.json").read_text(encoding="utf-8")
            )
            for seed in range(1 if options is None else job.plan.seeds)
        ]
        for arm, options in ARMS.items()
    }
    return found


def counted_keys() -> set[str]:
    """What is summed."""
    return {key for pair in METRICS.values() for key in pair}


def references(chosen: Sequence[Script], per_script: int) -> dict[str, dict[str, float]]:
    """The same metrics of the random player and of the erring player, who knows the world."""
    found = {}
    for agent in (RandomAgent(), ErringAgent()):
        each = cells(rollout(chosen, agent, per_script * len(chosen), seed=1_000)).values()
        sums = {key: sum(cell[key] for cell in each) for key in counted_keys()}
        found[agent.kind] = {
            metric: sums[above] / sums[below] if sums[below] else float("nan")
            for metric, (above, below) in METRICS.items()
        }
    return found


# --- telling ------------------------------------------------------------------------------------------------------


def tables(found: dict[str, Any]) -> list[str]:
    """The results as tables in Markdown."""
    lines = []
    shown = list(METRICS)[:5]
    for group, one in found["sets"].items():
        lines += [f"### {group}: {SETS[group]} ({', '.join(one['scripts'])})", ""]
        lines += [f"| arm | {' | '.join(shown)} |", f"|---|{'---|' * len(shown)}"]
        for arm, each in one["arms"].items():
            lines.append(f"| {arm} | {' | '.join(str(Estimate(**each[metric])) for metric in shown)} |")
        for agent, each in one["references"].items():
            lines.append(f"| *{agent} player* | {' | '.join(f'{each[metric]:.3f}' for metric in shown)} |")
        lines += ["", f"{TUNED.capitalize()} less:", ""]
        lines += [f"| arm | {' | '.join(shown)} |", f"|---|{'---|' * len(shown)}"]
        for arm, each in one[f"{TUNED} less"].items():
            lines.append(f"| {arm} | {' | '.join(str(Estimate(**each[metric])) for metric in shown)} |")
        more = list(METRICS)[5:]
        lines += ["", f"| arm | {' | '.join(more)} |", f"|---|{'---|' * len(more)}"]
        for arm, each in one["arms"].items():
            values = [each[metric]["value"] for metric in more]
            lines.append(f"| {arm} | {' | '.join(f'{value:.3f}' for value in values)} |")
        lines.append("")
    lines += ["### loss of the erring player's turns after tuning, per token (mean over seeds)", ""]
    lines += [
        "| arm | held-in, correct | held-in, erroneous | held-out, correct | held-out, erroneous |",
        "|---|---|---|---|---|",
    ]
    for arm, each in found["losses"].items():
        means = [
            np.mean([one[group][kind] for one in each])
            for group in ("held-in", "held-out")
            for kind in ("correct", "erroneous")
        ]
        lines.append(f"| {arm} | {' | '.join(f'{mean:.3f}' for mean in means)} |")
    return lines


def plots(job: Job, found: dict[str, Any], folder: Path) -> None:
    """The results as two pictures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # Okabe and Ito's colours, which colour-blind people tell apart.
    colours = dict(zip(ARMS, ("#999999", "#0072B2", "#56B4E9", "#E69F00", "#D55E00"), strict=True))
    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    shown = ("success", "progress", "repeated errors", "recovery")
    groups = list(found["sets"])
    figure, axes = pyplot.subplots(1, len(shown), figsize=(10, 3.2), layout="constrained")
    width = 0.8 / len(ARMS)
    for axis, metric in zip(axes, shown, strict=True):
        for i, arm in enumerate(ARMS):
            each = [found["sets"][group]["arms"][arm][metric] for group in groups]
            places = np.arange(len(groups)) + (i - (len(ARMS) - 1) / 2) * width
            values = np.array([one["value"] for one in each])
            spread = np.abs(
                [[one["value"] - one["low"] for one in each], [one["high"] - one["value"] for one in each]]
            )
            axis.bar(places, values, width * 0.9, color=colours[arm], label=arm)
            axis.errorbar(places, values, spread, fmt="none", ecolor="#333333", elinewidth=0.9, capsize=2)
        axis.set_title(metric, fontsize=10)
        axis.set_xticks(range(len(groups)), groups)
        axis.set_ylim(0, None)
        axis.grid(axis="y", color="#e5e5e5")
        axis.set_axisbelow(True)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(ARMS), frameon=False
    )
    figure.savefig(folder / "refinement-tuning-results.png", dpi=150)
    pyplot.close(figure)

    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.2), layout="constrained", sharey=True)
    for axis, key, title in zip(
        axes, ("loss_correct", "loss_error"), ("correct turns", "erroneous turns"), strict=True
    ):
        for arm, options in ARMS.items():
            if options is None:
                continue
            logs = [
                read_lines(job.out / "models" / f"{slug(arm)}-{seed}" / "log.jsonl")
                for seed in range(job.plan.seeds)
            ]
            curve = np.array(
                [[np.nan if one[key] is None else one[key] for one in log] for log in logs], dtype=float
            )
            if np.isnan(curve).all():
                continue
            window = max(1, curve.shape[1] // 15)
            means = [np.nanmean(curve[:, i : i + window]) for i in range(0, curve.shape[1], window)]
            axis.plot(np.arange(len(means)) * window + window / 2, means, color=colours[arm], label=arm)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.grid(color="#e5e5e5")
    axes[0].set_ylabel("loss per token")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(folder / "refinement-tuning-loss.png", dpi=150)
    pyplot.close(figure)


def slug(arm: str) -> str:
    """An arm as part of a file's name."""
    return arm.replace(" ", "-")


def made(folder: Path) -> Path:
    """A folder that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write JSON Lines."""
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--quick", action="store_true", help="all of it with next to no training, in a few minutes"
    )
    parser.add_argument("--out", type=Path, default=Path("refinement-tuning"), help="the folder of the run")
    parser.add_argument(
        "--base", type=Path, help="a GGUF file or a Hugging Face folder, instead of the small model"
    )
    parser.add_argument("--device", default="cpu", help="where models compute, such as cuda")
    parser.add_argument("--processes", type=int, help="how many models are tuned at once (a GPU: 1)")
    parser.add_argument("--seeds", type=int, help="how many times each arm is tuned")
    parser.add_argument("--rows", type=int, help="how many trajectories each is tuned on")
    parser.add_argument("--steps", type=int, help="so many steps of tuning, instead of one epoch")
    parser.add_argument("--plots", type=Path, help="the folder for the plots (default: the run's)")
    return parser.parse_args()


def main() -> None:
    """Prepare, tune, play, count, and tell."""
    given = arguments()
    plan = QUICK if given.quick else GPU if given.base else Plan()
    changes = {key: value for key in ("seeds", "rows") if (value := getattr(given, key)) is not None}
    job = Job(given.out, replace(plan, **changes), given.base, given.device, given.steps)
    processes = given.processes or (1 if given.device != "cpu" else os.cpu_count() or 1)
    torch.set_num_threads(1)
    prepare(job)
    tasks = [
        (arm, seed)
        for seed in range(job.plan.seeds)
        for arm, options in ARMS.items()
        if options is not None or seed == 0
    ]
    with ProcessPoolExecutor(processes, get_context("spawn"), outlive_nobody) as pool:
        for line in pool.map(partial(tune_and_play, job), *zip(*tasks, strict=True)):
            print(line, flush=True)
    found = results(job)
    (job.out / "results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    plots(job, found, made(given.plots or job.out))
    text = "\n".join(tables(found))
    (job.out / "results.md").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
