"""What the trainers' tests read. They run in the trainers' own environments: see `make test-trainers`."""

import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

EXPORTS = Path(__file__).resolve().parents[2] / ".venv-trainers" / "exports"

# What a trainer asks of a hub would be a fault in a configuration, and waiting for the answer takes minutes.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["AXOLOTL_DO_NOT_TRACK"] = "1"
# Nothing is read that was made of an earlier export.
os.environ["HF_HOME"] = os.environ["MODELSCOPE_CACHE"] = str(EXPORTS / "cache")


@pytest.fixture(scope="session")
def exports() -> Path:
    """The datasets and tokenizers that `exports.py` made."""
    assert EXPORTS.is_dir(), f"{EXPORTS} is missing; run: make test-trainers"
    return EXPORTS


@pytest.fixture(scope="session")
def model(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a very small model of a family, with weights that mean nothing."""

    @cache
    def made(family: str) -> Path:
        from transformers import AutoConfig, AutoModelForCausalLM, set_seed

        folder = tmp_path_factory.mktemp("models") / family
        shutil.copytree(exports / "models" / family, folder)
        set_seed(0)
        AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def mistrals_own(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small Mistral's folder, with the tokenizer that Mistral-7B-v0.3 has."""
    import mistral_common

    folder = tmp_path_factory.mktemp("mistrals-own") / "mistral"
    shutil.copytree(exports / "models" / "mistral", folder)
    (folder / "tokenizer.json").unlink()
    data = Path(mistral_common.__file__).parent / "data"
    shutil.copy(data / "mistral_instruct_tokenizer_240323.model.v3", folder / "tokenizer.model")
    for file, changes in (
        ("tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "legacy": False}),
        ("config.json", {"vocab_size": 32768}),
    ):
        told = json.loads((folder / file).read_text(encoding="utf-8")) | changes
        (folder / file).write_text(json.dumps(told), encoding="utf-8")
    return folder
