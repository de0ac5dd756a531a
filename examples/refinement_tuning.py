"""Refinement tuning: a language model learns from trajectories, and plays afterwards.

Wrong turns are in what the model reads, and carry no loss (AgentRefine, Eq. 1). The loop is plain PyTorch. Called again,
it goes on where it was.
"""

import argparse
import dataclasses
import fcntl
import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# How often a thread looks before it sleeps. As torch comes, one other busy program slows two threads to a third.
os.environ.setdefault("GOMP_SPINCOUNT", "300")
try:
    import numpy as np
    import pyarrow.parquet as pq
    import torch
    from torch.nn.functional import cross_entropy
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed; run: pip install 'trpg-env[local,tokens,train]'")

from trpg_env import export
from trpg_env.llm.errors import ModelUnavailable
from trpg_env.llm.local import VARIABLE, find_model
from trpg_env.trajectory import StoreError, read_trajectories
from trpg_env.tuning import ExportError

NO_LOSS = -100
"""The label of a token that carries no loss."""

LONGEST = 4096
"""The tokens of the longest row, where nothing else is asked for."""

RUN, CHECKPOINT, LOG = "run.json", "checkpoint.pt", "log.jsonl"
"""What a run is, how far it is, and its losses, which are there when it is done."""

FLOOR = 0.1
"""The share of the learning rate that the cosine ends on."""


class TuningError(Exception):
    """Tuning cannot start; the text says what is wrong and what to do instead."""


@dataclass(frozen=True)
class Settings:
    """How a model is tuned.

    Attributes:
        steps: How many times the weights are changed.
        learning_rate: The highest learning rate.
        batch: How many rows go through the model at once: as many as its memory takes.
        accumulate: How many such batches make a step. The gradient is that of one large batch.
        warmup: The share of the steps in which the learning rate rises.
        weight_decay: AdamW's; matrices decay, norms and biases do not.
        clip: The longest gradient.
        seed: Decides the order of the rows, and dropout where a model has it.
        checkpoint_every: How many seconds pass between checkpoints, which is what an interruption costs at most.
        bfloat16: Whether the model computes in bfloat16; None for: on a GPU. Weights stay as they are.
    """

    steps: int
    learning_rate: float = 1e-4
    batch: int = 1
    accumulate: int = 8
    warmup: float = 0.05
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0
    checkpoint_every: float = 300.0
    bfloat16: bool | None = None


@dataclass(frozen=True, eq=False)
class Row:
    """One conversation as tokens.

    Attributes:
        input_ids: The tokens.
        labels: The same where the model is trained, `NO_LOSS` elsewhere.
        errors: True for the tokens of erroneous replies, whose loss is reported.
    """

    input_ids: np.ndarray
    labels: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True)
class Report:
    """What a step came to.

    Attributes:
        step: Its number, from 1.
        loss_correct: The mean loss of a correct reply's token, before the step; None where there was none.
        loss_error: The same for erroneous replies, trained on or not.
        learning_rate: The learning rate of the step.
        tokens: How many tokens the model was trained on in it.
        seconds: How long it took.
    """

    step: int
    loss_correct: float | None
    loss_error: float | None
    learning_rate: float
    tokens: int
    seconds: float

    def __str__(self) -> str:
        correct, error = (
            "    –" if loss is None else f"{loss:.3f}" for loss in (self.loss_correct, self.loss_error)
        )
        return (
            f"step {self.step:>5}  loss {correct} on correct turns, {error} on erroneous ones  "
            f"learning rate {self.learning_rate:.2e}  {self.tokens:,} tokens  {self.seconds:.1f} s"
        )


def read_rows(data: Path | str, errors: Path | str | None = None) -> list[Row]:
    """The rows of a `tokens` export.

    Args:
        data: The export: its folder, or one of its Parquet files.
        errors: The same export with `train_errors`. What carries loss there and not in `data` are the erroneous
            replies; without it nothing is known of them.

    Raises:
        TuningError: There is no such file, or `errors` is an export of something else.
    """
    rows = [Row(ids, labels, np.zeros(len(ids), dtype=bool)) for ids, labels in _columns(data)]
    if errors is None:
        return rows
    # A row that was cut may end later there, on an erroneous reply, and a row of nothing but errors is only there.
    others = _columns(errors)
    for i, row in enumerate(rows):
        for ids, labels in others:
            if np.array_equal(ids[: len(row)], row.input_ids):
                row.errors[:] = (labels[: len(row)] != NO_LOSS) & (row.labels == NO_LOSS)
                break
        else:
            raise TuningError(f"row {i} of {data} is not in {errors}; export the same trajectories twice")
    return rows


def _columns(data: Path | str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The ids and labels of each row."""
    path = Path(data)
    if path.is_dir():
        names = ("data.parquet", "train.parquet")
        found = [path / name for name in names if (path / name).is_file()]
        if not found:
            raise TuningError(f"{path} has no {' and no '.join(names)}; name the folder of a tokens export")
        path = found[0]
    for batch in pq.ParquetFile(path).iter_batches(columns=["input_ids", "labels"]):
        for ids, labels in zip(*batch.columns, strict=True):
            yield ids.values.to_numpy(), labels.values.to_numpy()


def learning_rate(step: int, settings: Settings) -> float:
    """The learning rate of a step, from 0: it rises in a line, then falls along a cosine to a tenth."""
    rising = math.ceil(settings.warmup * settings.steps)
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    done = (step - rising) / max(1, settings.steps - 1 - rising)
    return settings.learning_rate * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2)


def batches(rows: Sequence[Row], step: int, settings: Settings) -> list[list[Row]]:
    """The batches of a step: the next rows of a shuffled epoch, those of like length together to pad little.

    They follow from the seed and the step's number alone, so that a resumed run reads what it would have read.
    """
    wanted = settings.batch * settings.accumulate
    chosen: list[Row] = []
    for place in range(step * wanted, (step + 1) * wanted):
        epoch, position = divmod(place, len(rows))
        if position == 0 or not chosen:
            order = np.random.default_rng([settings.seed, epoch]).permutation(len(rows))
        chosen.append(rows[order[position]])
    chosen.sort(key=len)
    return [chosen[i : i + settings.batch] for i in range(0, wanted, settings.batch)]


def token_losses(
    model: torch.nn.Module, batch: Sequence[Row]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The loss of every token that is trained on or belongs to an error; which are trained on; which are errors.

    The vocabulary is far wider than the model, so logits are spared where nobody asks for a loss.
    """
    device = next(model.parameters()).device
    ids, trained, errors = (
        _padded(arrays).to(device)
        for arrays in (
            [row.input_ids.astype(np.int64) for row in batch],
            [row.labels != NO_LOSS for row in batch],
            [row.errors for row in batch],
        )
    )
    mask = _padded([np.ones(len(row), dtype=np.int64) for row in batch]).to(device)
    asked = (trained | errors)[:, 1:]
    kept = asked.any(dim=0).nonzero()[:, 0]
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=kept).logits
    losses = cross_entropy(logits[asked[:, kept]].float(), ids[:, 1:][asked], reduction="none")
    return losses, trained[:, 1:][asked], errors[:, 1:][asked]


def _padded(arrays: Sequence[np.ndarray]) -> torch.Tensor:
    tensors = [torch.from_numpy(array) for array in arrays]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


class _Mean:
    """A mean over tokens that come batch by batch."""

    def __init__(self) -> None:
        self.sum, self.count = 0.0, 0

    def add(self, losses: torch.Tensor) -> None:
        self.sum += float(losses.double().sum())
        self.count += len(losses)

    @property
    def value(self) -> float | None:
        return self.sum / self.count if self.count else None


def backward(
    model: torch.nn.Module, step_batches: Sequence[Sequence[Row]], *, bfloat16: bool = False
) -> tuple[float | None, float | None, int]:
    """Add the gradient of a step's batches to the model: that of their mean loss per trained token.

    Returns:
        The mean loss of correct and of erroneous replies, and the number of trained tokens.
    """
    correct, wrong = _Mean(), _Mean()
    # Divided by the tokens of all batches, or a batch of few tokens would weigh as much as one of many.
    tokens = sum(int((row.labels[1:] != NO_LOSS).sum()) for batch in step_batches for row in batch)
    for batch in step_batches:
        with _precision(model, bfloat16):
            losses, trained, errors = token_losses(model, batch)
        if trained.any():
            (losses[trained].sum() / tokens).backward()
        correct.add(losses.detach()[trained & ~errors])
        wrong.add(losses.detach()[errors])
    return correct.value, wrong.value, tokens


def _precision(model: torch.nn.Module, bfloat16: bool) -> AbstractContextManager[Any]:
    device = next(model.parameters()).device
    return torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()


def tune(
    model: torch.nn.Module,
    rows: Sequence[Row],
    settings: Settings,
    *,
    folder: Path | None = None,
    report: Callable[[Report], object] = print,
) -> list[Report]:
    """Tune a causal language model of transformers in place.

    Args:
        model: The model, on the device that it is tuned on.
        rows: What it is tuned on.
        settings: How.
        folder: Where `checkpoint.pt` is kept; a run that was interrupted goes on from there. Without a folder
            nothing is kept.
        report: Told of every step.

    Returns:
        The reports of all steps, also of those before an interruption.

    Raises:
        TuningError: There are no rows, one is longer than the model reads, or the checkpoint is that of another run.
    """
    if not rows:
        raise TuningError("there are no rows to tune on")
    longest, context = max(map(len, rows)), model.config.max_position_embeddings
    if longest > context:
        raise TuningError(
            f"a row has {longest:,} tokens, and the model reads {context:,}; export with max_length={context}"
        )
    device = next(model.parameters()).device
    bfloat16 = device.type == "cuda" if settings.bfloat16 is None else settings.bfloat16
    torch.manual_seed(settings.seed)
    optimizer = torch.optim.AdamW(_parameters(model, settings.weight_decay))
    checkpoint = folder / CHECKPOINT if folder else None
    run = {"settings": dataclasses.asdict(settings), "rows": _fingerprint(rows)}
    reports = _resumed(checkpoint, run, model, optimizer) if checkpoint else []
    model.train()
    saved = time.monotonic()
    for step in range(len(reports), settings.steps):
        started = time.perf_counter()
        rate = learning_rate(step, settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        correct, wrong, tokens = backward(model, batches(rows, step, settings), bfloat16=bfloat16)
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        optimizer.zero_grad()
        reports.append(Report(step + 1, correct, wrong, rate, tokens, time.perf_counter() - started))
        report(reports[-1])
        due = time.monotonic() - saved >= settings.checkpoint_every
        if checkpoint and (due or step + 1 == settings.steps):
            _save(checkpoint, run, model, optimizer, reports)
            saved = time.monotonic()
    model.eval()
    return reports


def _parameters(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [one for one in parameters if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in parameters if one.dim() < 2], "weight_decay": 0.0},
    ]


def _fingerprint(rows: Iterable[Row]) -> str:
    """What tells these rows from others."""
    digest = hashlib.sha256()
    for row in rows:
        for array in (row.input_ids, row.labels, row.errors):
            digest.update(array.tobytes())
    return digest.hexdigest()


def _save(
    path: Path,
    run: dict[str, Any],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    reports: Sequence[Report],
) -> None:
    """Write a checkpoint beside its place and rename it: there is always a whole one."""
    state = {
        "run": run,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "reports": [dataclasses.asdict(one) for one in reports],
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    beside = path.with_name(f"{path.name}.part")
    with beside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _resumed(
    path: Path, run: dict[str, Any], model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> list[Report]:
    """Put model and optimizer back to the checkpoint, if there is one; gives the reports of the steps before it."""
    if not path.is_file():
        return []
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["run"] != run:
        raise TuningError(f"{path} is of a run with other settings or rows; name another folder")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    if state["random_cuda"]:
        torch.cuda.set_rng_state_all(state["random_cuda"])
    return [Report(**one) for one in state["reports"]]


def main() -> int:
    """Export, tune, save."""
    # It lies beside this file, and the loop is also for those who come with a model of their own.
    from models_in_files import ModelFileError, check_base, load, save, write_gguf  # noqa: PLC0415

    arguments = _arguments()
    out: Path = arguments.out
    try:
        base: Path = arguments.base or find_model()
        if base.is_file():
            check_base(base)
        with _claimed(out, arguments, base):
            if (out / LOG).is_file():
                (out / CHECKPOINT).unlink(missing_ok=True)
                print(f"{out} holds the tuned model already; to tune another, give another --out")
                return 0
            model, tokenizer = load(base)
            rows = _exported(arguments, tokenizer, model.config.max_position_embeddings)
            settings = _settings(arguments, len(rows))
            model.to("cuda" if torch.cuda.is_available() else "cpu")
            print(
                f"{len(rows):,} rows, {sum(map(len, rows)):,} tokens; {settings.steps} steps of "
                f"{settings.batch} × {settings.accumulate} rows on {model.device}"
            )
            if (out / CHECKPOINT).is_file():
                print("going on from the last checkpoint")
            reports = tune(model, rows, settings, folder=out, report=lambda report: print(report, flush=True))
            save(model, tokenizer, out / "model")
            print(f"{out / 'model'}: for transformers and vLLM")
            if base.is_file():
                write_gguf(model, base, out / "model.gguf")
                print(
                    f"{out / 'model.gguf'}: {VARIABLE}={out / 'model.gguf'} lets --player-model local play it"
                )
            _write_whole(out / LOG, "".join(f"{json.dumps(dataclasses.asdict(r))}\n" for r in reports))
            (out / CHECKPOINT).unlink()
    except (ExportError, ModelFileError, ModelUnavailable, StoreError, TuningError) as error:
        sys.exit(str(error))
    return 0


def _arguments() -> argparse.Namespace:
    defaults = Settings(steps=0)
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("trajectories", type=Path, help="what trpg-env rollout has written")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the tuned model")
    parser.add_argument(
        "--base",
        type=Path,
        help="the model to tune: a GGUF file of the llama architecture, or a Hugging Face folder, of which no GGUF file "
        "is written (default: the embedded model)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs", type=_above(0, float), default=1.0, help="passes over the rows (default 1)"
    )
    length.add_argument("--steps", type=_above(0, int), help="changes of the weights, instead of epochs")
    for name, kind, what in (
        ("learning_rate", float, "the highest learning rate"),
        ("batch", int, "rows that go through the model at once"),
        ("accumulate", int, "such batches in a step"),
        ("checkpoint_every", float, "seconds from one checkpoint to the next"),
        ("seed", int, "order of the rows"),
    ):
        default = getattr(defaults, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_above(-1 if name == "seed" else 0, kind),
            default=default,
            help=f"{what} (default {default})",
        )
    parser.add_argument(
        "--max-length",
        type=_above(0, int),
        help=f"tokens of the longest row (default {LONGEST}, or what the model reads)",
    )
    parser.add_argument("--limit", type=_above(0, int), help="tune on so many trajectories, drawn evenly")
    parser.add_argument(
        "--min-refinements", type=int, default=2, help="of each trajectory (default 2, the paper's)"
    )
    parser.add_argument(
        "--bfloat16",
        action=argparse.BooleanOptionalAction,
        help="compute in bfloat16 (default: on a GPU; processors with AVX512-BF16 or AMX gain by it too)",
    )
    return parser.parse_args()


def _above(bound: int, kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not bound < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is out of range; give a number above {bound}")
        return value

    number.__name__ = "number"  # argparse says so: invalid number value
    return number


@contextmanager
def _claimed(out: Path, arguments: argparse.Namespace, base: Path) -> Iterator[None]:
    """Hold a folder for this run; what the run is stands in its `run.json`.

    Raises:
        TuningError: The folder holds another run's work, or something else, or another process is at it.
    """
    described = {key: value for key, value in vars(arguments).items() if key != "out"}
    described |= {"trajectories": _digest(arguments.trajectories), "base": base.name}
    if out.exists() and not out.is_dir():
        raise TuningError(f"{out} is a file; give --out a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / RUN).is_file():
        raise TuningError(f"{out} holds other files; give --out a new folder")
    out.mkdir(parents=True, exist_ok=True)
    with (out / RUN).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TuningError(f"another process tunes into {out} now; give another --out") from None
        file.seek(0)
        if (out / CHECKPOINT).is_file() or (out / LOG).is_file():
            earlier = json.loads(file.read())
            others = [key for key, value in described.items() if earlier.get(key) != value]
            if others:
                raise TuningError(f"{out} is of a run with other {', '.join(others)}; give another --out")
        else:
            file.truncate(0)
            file.write(f"{json.dumps(described, indent=2)}\n")
            file.flush()
        yield


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TuningError(f"{path} cannot be read: {error.strerror}") from None


def _exported(arguments: argparse.Namespace, tokenizer: Any, context: int) -> list[Row]:
    """The trajectories as rows."""
    longest = arguments.max_length or min(LONGEST, context)
    if longest > context:
        raise TuningError(f"--max-length {longest} is more than the model reads; give {context} or less")
    for folder, train_errors in (("data", False), ("errors", True)):
        summary = export(
            read_trajectories(arguments.trajectories),
            "tokens",
            arguments.out / folder,
            tokenizer=tokenizer,
            max_length=longest,
            system_prompt=True,
            min_refinements=arguments.min_refinements,
            limit=arguments.limit,
            train_errors=train_errors,
        )
        if not train_errors:
            print("\n".join(summary.lines()))
        if not summary.records:
            raise TuningError(
                f"no trajectory of {arguments.trajectories} is left to tune on; see above why, and --min-refinements 0 "
                "takes more"
            )
    return read_rows(arguments.out / "data", arguments.out / "errors")


def _settings(arguments: argparse.Namespace, rows: int) -> Settings:
    given = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(Settings)
        if hasattr(arguments, field.name)
    }
    if arguments.steps is None:
        given["steps"] = math.ceil(arguments.epochs * rows / (arguments.batch * arguments.accumulate))
    return Settings(**given)


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
