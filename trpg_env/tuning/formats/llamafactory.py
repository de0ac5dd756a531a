"""`llamafactory`: prefix records, for LLaMA-Factory trains a whole conversation or, masking history, its last reply.

No key of a message says to its default reader what counts. So there is a record for each reply with loss: the
conversation up to that reply, of which `mask_history` trains the reply alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.formats.base import Columns, Encode, Entry, Episode, Format, Record
from trpg_env.tuning.formats.deepspeed import ZERO_3, zero_3
from trpg_env.tuning.options import Options
from trpg_env.tuning.prefixes import counting_at, prefix_ends

_ABOUT = """\
For LLaMA-Factory: one `{"messages": [...]}` a line, a conversation up to one of the replies that count towards the
loss. With `mask_history: true` that last reply is trained and all before it is context, so each reply that counts is
trained once, with just what came before it. `dataset_info.json` tells LLaMA-Factory of the data, and there are
configurations for Llama-3 8B and 70B, Mistral-7B-v0.3 and Qwen3-8B, each with the model's own template. In this folder:

```
FORCE_TORCHRUN=1 llamafactory-cli train llama3-8b.yaml
```

- `mask_history` is what makes it exact: without it, erroneous replies are trained too, and early replies many times.
- Keep `cutoff_len` above the longest record. A longer one loses its beginning, where the instruction is.
- Keep `packing` off: with it, episodes see one another. (`neat_packing: true` keeps them apart, but leaves out what is
  longer than `cutoff_len`.)
- A template with `efficient_eos`, such as `breeze`, trains the end of earlier replies too; none of these here has it.

Records repeat what came before. Where that is too much, export again with `--max-prefixes`, which leaves replies out, or
in the `tokens` format, whose folder `tokenized` is LLaMA-Factory's `tokenized_path` and repeats nothing."""

_COLUMNS: Columns = {"messages": {"role": "string", "content": "string"}}


@dataclass(frozen=True, slots=True)
class Model:
    """A model and how it is trained.

    Attributes:
        name: What its configuration is called.
        path: Its name on the hub.
        template: LLaMA-Factory's name of its chat template.
        learning_rate: The peak.
        gpus: How many GPUs of 80 GB the numbers are made for.
        note: What is to be known of the template, as the lines of a comment.
        start: What is to be known of the start, likewise.
    """

    name: str
    path: str
    template: str
    learning_rate: str
    gpus: int
    note: str = ""
    start: str = ""


MODELS = (
    Model("llama3-8b", "meta-llama/Meta-Llama-3-8B", "llama3", "1.0e-5", 8),
    Model(
        "llama3-70b",
        "meta-llama/Meta-Llama-3-70B",
        "llama3",
        "5.0e-6",
        32,
        start="""\
# on each of 4 machines, with its NODE_RANK from 0 to 3, and before it: NNODES=4 MASTER_ADDR=... MASTER_PORT=29500
""",
    ),
    Model("mistral-7b", "mistralai/Mistral-7B-v0.3", "mistral", "5.0e-6", 8),
    Model(
        "qwen3-8b",
        "Qwen/Qwen3-8B",
        "qwen3_nothink",
        "1.0e-5",
        8,
        """\
# The thoughts are a part of the replies here, so nothing goes into Qwen3's own thinking block. qwen3_nothink writes no
# such block, as the model's template asks for a reply where nothing is said of thinking. To train for play with
# enable_thinking false, which begins a reply with an empty block, write: template: qwen3 and enable_thinking: false
""",
    ),
)
"""The paper's models and a newer one."""

RECORDS_A_STEP = 64


def _encoder(options: Options) -> Encode:
    def encode(episodes: Iterable[Episode]) -> Iterator[Entry]:
        for episode in episodes:
            ends = prefix_ends(episode.messages, options.max_prefixes)
            written = Episode(episode.trajectory, counting_at(episode.messages[: ends[-1] + 1], ends))
            yield Entry(written, [_record(episode.messages[: end + 1]) for end in ends])

    return encode


def _record(messages: Sequence[Message]) -> Record:
    return {"messages": [{"role": message.role, "content": message.content} for message in messages]}


def _files(data_files: Sequence[str], options: Options) -> Mapping[str, str]:
    names = {PurePath(file).stem: file for file in data_files}
    train, *rest = names
    configurations = {f"{model.name}.yaml": _configuration(model, train, rest) for model in MODELS}
    return {"dataset_info.json": _dataset_info(names), ZERO_3: zero_3()} | configurations


def _dataset_info(names: Mapping[str, str]) -> str:
    """What the data are called, where they are, and by which keys they are read."""
    tags = {"role_tag": "role", "content_tag": "content"}
    tags |= {f"{role}_tag": role for role in ("user", "assistant", "system")}
    told = {
        name: {
            "file_name": file,
            # Not "openai": that reader writes words of its own into the system message.
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": tags,
        }
        for name, file in names.items()
    }
    return json.dumps(told, indent=2) + "\n"


def _configuration(model: Model, train: str, test: Sequence[str]) -> str:
    evaluation = "".join(
        f"""
# Evaluation, on the families that are held out.
eval_dataset: {name}
eval_strategy: epoch
per_device_eval_batch_size: 1
"""
        for name in test
    )
    return f"""\
# LLaMA-Factory 0.9.5: full tuning of {model.path}. In this folder:
#   FORCE_TORCHRUN=1 llamafactory-cli train {model.name}.yaml
{model.start}
stage: sft
do_train: true
model_name_or_path: {model.path}
finetuning_type: full

dataset: {train}
dataset_dir: .
{model.note}template: {model.template}
# Train the last reply of a record alone. This is what refinement tuning hangs on.
mask_history: true
# In tokens. Of a longer record the beginning is cut off.
cutoff_len: 8192
packing: false
preprocessing_num_workers: 8

# The paper does not give these numbers; they are usual ones, for {model.gpus} GPUs of 80 GB: {RECORDS_A_STEP} records a step.
per_device_train_batch_size: 1
gradient_accumulation_steps: {RECORDS_A_STEP // model.gpus}
num_train_epochs: 3
learning_rate: {model.learning_rate}
lr_scheduler_type: cosine
warmup_ratio: 0.03
bf16: true
# Weights, gradients and AdamW's state take 16 bytes a parameter, so they are spread over the GPUs. Leave this away
# with finetuning_type: lora, or where one GPU holds them all.
deepspeed: {ZERO_3}
{evaluation}
# Outside this folder, which the next export may replace.
output_dir: ../{model.name}-refined
save_strategy: epoch
save_only_model: true
logging_steps: 5
report_to: none
"""


LLAMAFACTORY = Format(
    "llamafactory",
    _ABOUT,
    _COLUMNS,
    _encoder,
    takes=frozenset({"system_prompt", "max_prefixes"}),
    more_files=_files,
)
