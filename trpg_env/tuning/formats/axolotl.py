"""`axolotl`: Axolotl's messages, each with `train`, and the configuration that training starts from."""

from collections.abc import Mapping, Sequence

from trpg_env.tuning.formats.base import Columns, Episode, Format, Record
from trpg_env.tuning.formats.deepspeed import ZERO_3, zero_3
from trpg_env.tuning.formats.per_message import per_message
from trpg_env.tuning.options import Options

_ABOUT = """\
For Axolotl: one `{"messages": [...]}` a line, each message with `train`: a reply that counts has true, erroneous replies
and everything that the player did not say have false. In this folder:

```
axolotl train axolotl.yaml
```

- `message_field_training: train` in the configuration is what makes it exact: without it, Axolotl trains every reply.
- `train_on_eos: turn` trains the end of those replies that are trained, and of no other. `eot_tokens` names the token
  with which a reply ends; it goes with the chat template.
- Axolotl keeps the tokens that it made in `last_run_prepared`, under a name that follows from the configuration and not
  from the data. Remove that folder when you have exported again.
- A conversation longer than `sequence_len` loses its end (`excess_length_strategy: truncate`); Axolotl's own choice is to
  leave it out.
- For another model change `base_model`, `chat_template` and `eot_tokens` together: `chatml` and `<|im_end|>` for Qwen,
  `mistral_v2v3` and `</s>` for Mistral-7B-v0.3."""

_COLUMNS: Columns = {"messages": {"role": "string", "content": "string", "train": "bool"}}


def _record(episode: Episode) -> Record:
    return {
        "messages": [
            {"role": message.role, "content": message.content, "train": bool(message.loss)}
            for message in episode.messages
        ]
    }


def _files(data_files: Sequence[str], options: Options) -> Mapping[str, str]:
    train, *rest = data_files
    evaluation = "".join(
        f"""
# Evaluation, on the families that are held out.
test_datasets:
{_dataset(file)}
evals_per_epoch: 1
eval_batch_size: 1
"""
        for file in rest
    )
    configuration = f"""\
# Axolotl 0.19: full tuning of meta-llama/Meta-Llama-3-8B. In this folder:
#   axolotl train axolotl.yaml

base_model: meta-llama/Meta-Llama-3-8B

# The three go together: the chat template, with which token a reply ends, and what pads a batch.
chat_template: llama3
eot_tokens: ["<|eot_id|>"]
special_tokens:
  pad_token: <|end_of_text|>

datasets:
{_dataset(train)}
val_set_size: 0
{evaluation}
# In tokens. Of a longer conversation the end is cut off.
sequence_len: 8192
excess_length_strategy: truncate
sample_packing: false

# The paper does not give these numbers; they are usual ones, for 8 GPUs of 80 GB: 64 conversations a step.
micro_batch_size: 1
gradient_accumulation_steps: 8
num_epochs: 3
optimizer: adamw_torch_fused
learning_rate: 1.0e-5
lr_scheduler: cosine
warmup_ratio: 0.03
bf16: true
gradient_checkpointing: true
# Weights, gradients and AdamW's state take 16 bytes a parameter, so they are spread over the GPUs. Leave this away
# with an adapter, or where one GPU holds them all.
deepspeed: {ZERO_3}

# Outside this folder, which the next export may replace.
output_dir: ../llama3-8b-refined
saves_per_epoch: 1
save_only_model: true
logging_steps: 5
"""
    return {"axolotl.yaml": configuration, ZERO_3: zero_3()}


def _dataset(file: str) -> str:
    return f"""\
  - path: {file}
    ds_type: json
    # Where the data lie in a file, the one split that there is has this name.
    split: train
    type: chat_template
    field_messages: messages
    # What a message says of itself is what counts; no role is trained for its own sake.
    message_field_training: train
    roles_to_train: []
    train_on_eos: turn"""


AXOLOTL = Format("axolotl", _ABOUT, _COLUMNS, per_message(_record), more_files=_files)
