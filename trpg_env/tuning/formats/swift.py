"""`swift`: ms-swift's messages, each assistant message with `loss`, and configurations that training starts from."""

from collections.abc import Mapping, Sequence

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.formats.base import Columns, Episode, Format, Record
from trpg_env.tuning.formats.per_message import per_message
from trpg_env.tuning.options import Options

_ABOUT = """\
For ms-swift: one `{"messages": [...]}` a line. An assistant message with `loss` true is trained, one with `loss` false is
context. There is a configuration for each of some models. In this folder:

```
NPROC_PER_NODE=8 swift sft llama3-8b.yaml
```

- Keep `loss_scale: default`. A scale such as `last_round` or `react` weighs other texts than whole replies.
- Keep `template_backend: swift`. The other one, `jinja`, trains everything, questions and errors too.
- A template for hybrid thinking, such as `qwen3`, puts an empty thinking block before every reply, earlier ones too;
  the configuration for Qwen3 therefore uses `qwen3_nothinking`.
- A conversation longer than `max_length` loses its end (`truncation_strategy: right`); ms-swift's own choice is to leave
  it out.
- A conversation ends with the last reply that counts, as ms-swift trains the end of the last reply in any case."""

_COLUMNS: Columns = {"messages": {"role": "string", "content": "string", "loss": "bool"}}

_MODELS = (
    ("llama3-8b", "meta-llama/Meta-Llama-3-8B", "llama3", ""),
    (
        "qwen3-8b",
        "Qwen/Qwen3-8B",
        "qwen3_nothinking",
        "# The thoughts are a part of the replies here; no thinking block of Qwen3's own is written.\n",
    ),
)


def _record(episode: Episode) -> Record:
    return {"messages": [_message(message) for message in episode.messages]}


def _message(message: Message) -> dict[str, str | bool]:
    record: dict[str, str | bool] = {"role": message.role, "content": message.content}
    if message.loss is not None:
        record["loss"] = message.loss
    return record


def _files(data_files: Sequence[str], options: Options) -> Mapping[str, str]:
    train, *rest = data_files
    return {
        f"{name}.yaml": _configuration(name, path, template, note, train, rest)
        for name, path, template, note in _MODELS
    }


def _configuration(name: str, path: str, template: str, note: str, train: str, test: Sequence[str]) -> str:
    evaluation = "".join(
        f"""
# Evaluation, on the families that are held out.
val_dataset: {file}
eval_strategy: epoch
per_device_eval_batch_size: 1
"""
        for file in test
    )
    return f"""\
# ms-swift 4.6: full tuning of {path}. In this folder:
#   NPROC_PER_NODE=8 swift sft {name}.yaml

model: {path}
use_hf: true
tuner_type: full
torch_dtype: bfloat16

dataset: {train}
split_dataset_ratio: 0
{note}template: {template}
# What counts is what the messages say.
loss_scale: default
# In tokens. Of a longer conversation the end is cut off.
max_length: 8192
truncation_strategy: right
# A record that cannot be read is an error; it would be left out otherwise.
strict: true

# The paper does not give these numbers; they are usual ones, for 8 GPUs of 80 GB: 64 conversations a step.
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
num_train_epochs: 3
learning_rate: 1.0e-5
lr_scheduler_type: cosine
warmup_ratio: 0.03
gradient_checkpointing: true
# Weights, gradients and AdamW's state take 16 bytes a parameter, so they are spread over the GPUs. Leave this away
# with tuner_type: lora, or where one GPU holds them all.
deepspeed: zero3
{evaluation}
# Outside this folder, which the next export may replace.
output_dir: ../{name}-refined
save_strategy: epoch
save_only_model: true
logging_steps: 5
report_to: none
"""


SWIFT = Format("swift", _ABOUT, _COLUMNS, per_message(_record), more_files=_files)
