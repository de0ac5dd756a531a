"""The files that tokens are kept in: Parquet, and beside it the form that LLaMA-Factory's `tokenized_path` reads.

That is what `datasets` writes with `save_to_disk` and reads with `load_from_disk`: a stream of Arrow, and two small
files that tell of it. It stands in a folder of its own, since `load_dataset` refuses a folder where it finds one.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trpg_env.tuning.folder import SUBFOLDER, Stage
from trpg_env.tuning.options import HELD_OUT

if TYPE_CHECKING:
    import pyarrow as pa

TYPES = {"input_ids": np.int32, "attention_mask": np.int8, "labels": np.int32}
"""The columns and the types in their lists."""

HELD_BACK = 1 << 20
"""How many tokens wait to be written together: a row group of Parquet."""

ARROW, STATE, INFO = (
    f"{SUBFOLDER}/{name}" for name in ("data-00000-of-00001.arrow", "state.json", "dataset_info.json")
)


def token_files(data_file: str) -> Sequence[str]:
    """The files that a data file comes with: with what is trained on, the form for `tokenized_path`."""
    return (data_file,) if PurePath(data_file).stem == HELD_OUT else (data_file, ARROW, STATE, INFO)


class TokenFiles:
    """Writes records of tokens.

    Args:
        stage: Where the files are written.
        name: The Parquet file's name.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._files = [_File(stage, file) for file in token_files(name)[:2]]
        self._waiting: list[Mapping[str, Any]] = []
        self._tokens = 0

    def __enter__(self) -> Self:
        """Begin the files."""
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._schema = pa.schema(
            [(column, pa.list_(pa.from_numpy_dtype(kind))) for column, kind in TYPES.items()]
        )
        parquet, *arrow = self._files
        self._writers: list[Any] = [
            pq.ParquetWriter(parquet, self._schema, compression="zstd", use_dictionary=False),
            *(pa.ipc.new_stream(file, self._schema) for file in arrow),
        ]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: object) -> None:
        """Write what waits, and what tells of it; where there was an error, nothing more."""
        try:
            if kind is None:
                self._flush()
                for writer in self._writers:
                    writer.close()
                for file in self._files[1:]:
                    self._tell_of(file)
        finally:
            for file in self._files:
                file.live = False
            for writer in self._writers:
                writer.close()

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records."""
        for record in records:
            self._waiting.append(record)
            self._tokens += len(record["input_ids"])
            if self._tokens >= HELD_BACK:
                self._flush()

    def _tell_of(self, arrow: "_File") -> None:
        state: dict[str, Any] = {
            "_data_files": [{"filename": ARROW.rpartition("/")[2]}],
            "_fingerprint": arrow.digest.hexdigest(),
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": "train",
        }
        self._stage.write(STATE, json.dumps(state, indent=2).encode())
        self._stage.write(INFO, b"{}")

    def _flush(self) -> None:
        if self._waiting:
            batch = self._batch()
            for writer in self._writers:
                writer.write_batch(batch)
        self._waiting, self._tokens = [], 0

    def _batch(self) -> "pa.RecordBatch":
        import pyarrow as pa  # noqa: PLC0415  (an extra)

        places = np.cumsum([0, *(len(record["input_ids"]) for record in self._waiting)], dtype=np.int32)
        columns = [
            pa.ListArray.from_arrays(places, np.concatenate([record[column] for record in self._waiting]))
            for column in TYPES
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)


class _File(io.RawIOBase):
    """A file of the stage, as Arrow writes to it; its content is hashed on the way.

    Attributes:
        digest: The hash of what was written.
        live: Whether what is written goes anywhere; writers that are closed after an error still write their ends.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        self.digest = hashlib.blake2b(digest_size=8)
        self.live = True

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def write(self, data: Any) -> int:
        """Add to the file."""
        chunk = bytes(data)
        if self.live:
            self.digest.update(chunk)
            self._stage.write(self._name, chunk)
        return len(chunk)
