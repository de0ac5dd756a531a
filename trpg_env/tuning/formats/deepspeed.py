"""The DeepSpeed configuration that goes with full tuning: weights, gradients and optimizer spread over the GPUs."""

import json

ZERO_3 = "deepspeed-zero3.json"
"""What the file is called."""


def zero_3() -> str:
    """The file. What the trainer's own configuration says is `auto` here, so that the two cannot differ."""
    return json.dumps(_SETTINGS, indent=2) + "\n"


_SETTINGS = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "zero_allow_untested_optimizer": True,
    "bf16": {"enabled": "auto"},
    "zero_optimization": {
        "stage": 3,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "reduce_bucket_size": "auto",
        "stage3_prefetch_bucket_size": "auto",
        "stage3_param_persistence_threshold": "auto",
        "stage3_gather_16bit_weights_on_model_save": True,
    },
}
