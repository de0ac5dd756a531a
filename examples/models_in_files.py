"""A model out of a GGUF file, and the tuned one into a folder for transformers and vLLM, and a GGUF file for llama.cpp.

A tuned model's GGUF file is its base's with other tensors: tokenizer, chat template and architecture are copied, so
that what is served reads texts exactly as the base does.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, redirect_stderr
from pathlib import Path

try:
    import gguf
    import numpy as np
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        PreTrainedModel,
        PreTrainedTokenizerBase,
        logging,
    )
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed; run: pip install 'trpg-env[train]'")

F32, F16 = gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16
NAME, FILE_TYPE, ALIGNMENT = gguf.Keys.General.NAME, gguf.Keys.General.FILE_TYPE, gguf.Keys.General.ALIGNMENT
NOT_COPIED = {gguf.Keys.General.ARCHITECTURE, NAME, FILE_TYPE, ALIGNMENT}
"""What the writer, or we, write anew."""
UNTRAINED = {"rope_freqs.weight"}
"""Tensors that are no model's parameters: the frequencies of its positions."""


class ModelFileError(Exception):
    """A model cannot be loaded or written; the text says why."""


def check_base(base: Path) -> None:
    """See that a file can be the base of what `write_gguf` writes, before hours of tuning.

    Raises:
        ModelFileError: It is of an architecture whose tensors are not known here, or no GGUF file.
    """
    _architecture(_reader(base))


def load(base: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model in float32 and its tokenizer, from a GGUF file or a Hugging Face folder.

    Raises:
        ModelFileError: There is none, or it has no chat template.
    """
    if not base.exists():
        raise ModelFileError(f"there is no {base}; name a GGUF file, or the folder of a model")
    logging.disable_progress_bar()
    place, file = (base.parent, base.name) if base.is_file() else (base, None)
    try:
        with _no_bar():
            tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=file, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                place, gguf_file=file, local_files_only=True, dtype=torch.float32
            )
    except (OSError, ValueError, KeyError) as error:
        raise ModelFileError(f"transformers cannot load {base}: {str(error).splitlines()[0]}") from None
    if tokenizer.chat_template is None:
        raise ModelFileError(f"the tokenizer of {base} has no chat template; take an instruction-tuned model")
    if file is not None:
        model = _unquantized(model)
        tokenizer.name_or_path = base.stem
        tokenizer.model_max_length = model.config.max_position_embeddings
    return model, tokenizer


def _no_bar() -> AbstractContextManager[object]:
    """Without the bar of GGUF files, which goes by no setting, where it would fill a log."""
    return nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO())


def _unquantized(model: PreTrainedModel) -> PreTrainedModel:
    """The same model as one that never was quantized: transformers does not save one that was."""
    config = model.config
    del config.quantization_config
    plain = type(model)(config)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    return plain


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save model and tokenizer in a folder, which is there when it is whole."""
    beside = folder.with_name(f"{folder.name}.part")
    for earlier in (beside, folder):
        shutil.rmtree(earlier, ignore_errors=True)
    model.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    config = beside / "tokenizer_config.json"
    known = json.loads(config.read_text(encoding="utf-8"))
    if known.get("tokenizer_class") == "TokenizersBackend":  # a name that transformers before 5 does not know
        known["tokenizer_class"] = "PreTrainedTokenizerFast"
        config.write_text(f"{json.dumps(known, indent=2)}\n", encoding="utf-8")
    beside.replace(folder)


def write_gguf(model: PreTrainedModel, base: Path, out: Path) -> None:
    """Write a model to a GGUF file; it takes its place when it is whole.

    Matrices are written in sixteen bits, so that what plays is what was tuned: log probabilities are llama.cpp's within
    0.02. In eight bits they would be within 0.3, as those of the embedded model are.

    Args:
        model: The model, loaded from `base` and tuned.
        base: The GGUF file that it was loaded from.
        out: The file.

    Raises:
        ModelFileError: The model's tensors are not those of the base.
    """
    reader = _reader(base)
    beside = out.with_name(f"{out.name}.part")
    writer = gguf.GGUFWriter(beside, _architecture(reader))
    name = reader.fields[NAME].contents() if NAME in reader.fields else base.stem
    writer.add_name(f"{name} (refinement tuned)")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for field in reader.fields.values():
        if field.name in NOT_COPIED or field.name.startswith("GGUF."):
            continue
        kind = field.types[0]
        of = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, of)
    tuned = dict(_tensors(model))
    for tensor in reader.tensors:
        if tensor.name in UNTRAINED:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        values = tuned.pop(tensor.name, None)
        if values is None or list(values.shape) != list(reversed(tensor.shape.tolist())):
            raise ModelFileError(f"{tensor.name} is {tensor.shape.tolist()} in {base} and not in the model")
        kept = F32 if values.ndim == 1 else F16
        writer.add_tensor(tensor.name, gguf.quantize(values, kept), raw_dtype=kept)
    if tuned:
        raise ModelFileError(f"{base} has no {', '.join(tuned)}; the model was not loaded from it")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(out)


def _reader(path: Path) -> gguf.GGUFReader:
    try:
        return gguf.GGUFReader(path)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read as a GGUF file: {error}") from None


def _architecture(reader: gguf.GGUFReader) -> str:
    architecture = str(reader.fields[gguf.Keys.General.ARCHITECTURE].contents())
    if architecture != "llama":
        raise ModelFileError(
            f"the GGUF file's architecture is {architecture}, and only llama's is known here (Llama, Mistral, SmolLM2); "
            "give the model's Hugging Face folder instead, and convert it with llama.cpp"
        )
    return architecture


def _tensors(model: PreTrainedModel) -> Iterator[tuple[str, np.ndarray]]:
    """The model's tensors as llama.cpp names and arranges them."""
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, parameter in model.named_parameters():
        values = parameter.detach().to("cpu", torch.float32).numpy()
        projection = name.split(".")[-2]
        if projection in heads:
            values = _interleaved(values, heads[projection])
        known = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if known is None:
            raise ModelFileError(f"the model's {name} has no name in GGUF files of the llama architecture")
        yield known, values


def _interleaved(values: np.ndarray, heads: int) -> np.ndarray:
    """A head's rows as llama.cpp rotates them: neighbours in pairs; transformers pairs the first half with the second."""
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)


def main() -> None:
    """Write a folder that refinement tuning has saved as a GGUF file."""
    if len(sys.argv) != 4:
        sys.exit(f"usage: python {sys.argv[0]} MODEL_FOLDER BASE.gguf OUT.gguf")
    folder, base, out = sys.argv[1:]
    try:
        check_base(Path(base))
        write_gguf(AutoModelForCausalLM.from_pretrained(folder), Path(base), Path(out))
    except ModelFileError as error:
        sys.exit(str(error))
    print(f"{out} is written")


if __name__ == "__main__":
    main()
