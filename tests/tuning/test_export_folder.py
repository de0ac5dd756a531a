"""A dataset has a folder to itself, and is there as a whole or not at all."""

import errno
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_tokenizers import saved
from tuning_helpers import made, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory
from trpg_env.tuning import FORMATS, ExportError, Format
from trpg_env.tuning.formats.base import one_by_one

FAMILIES = [f"family {i}" for i in range(10)]


def _write(out: Path) -> int:
    return export(many(1), "messages", out).records


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.parametrize(
    "name",
    ["episodes.jsonl", "more/episodes.jsonl", "data.jsonl", "train.jsonl", ".hidden.jsonl", "README.md"],
)
def test_a_folder_with_other_files_is_refused_and_left_as_it_was(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(ExportError, match=r"new or empty folder"):
        _write(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [file]
    assert file.read_text() == "mine"


def test_a_file_that_came_into_a_datasets_folder_later_is_refused_too(tmp_path: Path) -> None:
    _write(tmp_path)
    for name in ("train.jsonl", "episodes.jsonl"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(ExportError, match=f"holds {name}"):
            export(many(2), "messages", tmp_path, split=0.5)
        (tmp_path / name).unlink()
    assert len(records(tmp_path)) == 1


def test_a_folder_in_a_files_place_is_refused(tmp_path: Path) -> None:
    _write(tmp_path)
    before = (tmp_path / "README.md").read_bytes()
    (tmp_path / "data.jsonl").unlink()
    (tmp_path / "data.jsonl").mkdir()
    with pytest.raises(ExportError, match=r"holds data.jsonl"):
        _write(tmp_path)
    assert (tmp_path / "README.md").read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        'trpg_env_files: ["../mine.txt", "/etc/passwd", ".", "..", "", ".git", "sub/mine.txt", 3, null]',
        "trpg_env_files: [[[",
        "trpg_env_files: " + "[" * 50_000 + "]" * 50_000,
    ],
    ids=["elsewhere", "torn", "deep"],
)
def test_a_readme_of_any_kind_gives_no_leave_to_touch_other_files(line: str, tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    (folder / "sub").mkdir(parents=True)
    mine = [tmp_path / "mine.txt", folder / "sub" / "mine.txt", folder / "README.md"]
    for file in mine:
        file.write_text(f"---\n{line}\n---\n")
    with pytest.raises(ExportError, match=r"holds README.md"):
        _write(folder)
    (folder / "README.md").write_text('trpg_env_files: ["README.md", "../mine.txt", "sub/mine.txt"]\n')
    _write(folder)
    assert all(file.exists() for file in mine)


def test_other_files_of_ones_own_may_stand_beside_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    _write(tmp_path)
    _write(tmp_path)
    assert sorted(contents(tmp_path)) == ["README.md", "data.jsonl", "notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_earlier_dataset_is_replaced_whatever_its_format_and_split_were(tmp_path: Path) -> None:
    trajectories = many(20, FAMILIES)
    for format in ("messages", "paper", "openai", "messages"):
        for split in (None, 0.4):
            summary = export(trajectories, format, tmp_path, split=split)
            data = ["data.jsonl"] if split is None else ["test.jsonl", "train.jsonl"]
            assert sorted(contents(tmp_path)) == ["README.md", *data]
            assert len(records(tmp_path)) == summary.records == 20
            assert f"in the `{format}` format" in (tmp_path / "README.md").read_text()


def test_tokens_replace_other_formats_and_are_replaced_with_their_subfolder(tmp_path: Path) -> None:
    tokenizer = saved(tmp_path / "tokenizer")
    out = tmp_path / "out"
    arrow = [f"tokenized/{name}" for name in ("data-00000-of-00001.arrow", "dataset_info.json", "state.json")]
    for format, split in (
        ("tokens", None),
        ("tokens", 0.4),
        ("messages", 0.4),
        ("tokens", None),
        ("paper", None),
    ):
        tokens = format == "tokens"
        export(many(20, FAMILIES), format, out, split=split, tokenizer=tokenizer if tokens else None)
        suffix = "parquet" if tokens else "jsonl"
        data = [f"data.{suffix}"] if split is None else [f"test.{suffix}", f"train.{suffix}"]
        files = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
        assert files == sorted(["README.md", *data, *(arrow if tokens else [])])
        assert (out / "tokenized").exists() == tokens


def test_of_a_subfolder_only_the_datasets_own_files_are_replaced(tmp_path: Path) -> None:
    tokenizer = saved(tmp_path / "tokenizer")
    export(many(1), "tokens", tmp_path / "out", tokenizer=tokenizer)
    (tmp_path / "out" / "tokenized" / "notes.txt").write_text("mine")
    _write(tmp_path / "out")
    assert [p.name for p in (tmp_path / "out" / "tokenized").iterdir()] == ["notes.txt"]


def test_a_link_in_the_subfolders_place_is_refused_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    tokenizer = saved(tmp_path / "tokenizer")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "state.json").write_text("mine")
    export(many(1), "tokens", tmp_path / "out", tokenizer=tokenizer)
    shutil.rmtree(tmp_path / "out" / "tokenized")
    (tmp_path / "out" / "tokenized").symlink_to(mine)
    with pytest.raises(ExportError, match="is a link"):
        export(many(1), "tokens", tmp_path / "out", tokenizer=tokenizer)
    _write(tmp_path / "out")
    assert (mine / "state.json").read_text() == "mine"


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    assert _write(tmp_path / "new" / "dataset") == 1
    assert sorted(contents(tmp_path / "new" / "dataset")) == ["README.md", "data.jsonl"]


def test_others_may_read_the_files(tmp_path: Path) -> None:
    _write(tmp_path)
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o644}


def torn() -> Iterator[Trajectory]:
    yield from many(2)
    raise RuntimeError("the file is torn")


def test_where_reading_fails_no_new_folder_stays_behind(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for out in ("new", "new/dataset", "mine/dataset", "mine"):
        with pytest.raises(RuntimeError, match="torn"):
            export(torn(), "messages", tmp_path / out)
        assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]
    with pytest.raises(ExportError, match="cannot be written"):
        _write(tmp_path / "new" / ("x" * 5_000))
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def test_what_somebody_else_puts_into_a_new_folder_stays(tmp_path: Path) -> None:
    def disturbed() -> Iterator[Trajectory]:
        (tmp_path / "new" / "notes.txt").write_text("mine")
        yield from torn()

    with pytest.raises(RuntimeError, match="torn"):
        export(disturbed(), "messages", tmp_path / "new" / "dataset" / "..")
    assert (tmp_path / "new" / "notes.txt").read_text() == "mine"


def test_a_file_in_the_folders_place_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "episodes.jsonl").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for out, what in (("episodes.jsonl", "a file"), ("link", "no folder")):
        with pytest.raises(ExportError, match=f"it is {what}, and a dataset is a folder; name a folder"):
            _write(tmp_path / out)
    assert (tmp_path / "episodes.jsonl").read_text() == "mine"


@pytest.mark.parametrize("limit", [None, 1])
def test_where_reading_fails_the_old_dataset_stays(limit: int | None, tmp_path: Path) -> None:
    export(many(5, FAMILIES), "messages", tmp_path, split=0.5)
    before = contents(tmp_path)
    with pytest.raises(RuntimeError, match="torn"):
        export(torn(), "paper", tmp_path, limit=limit)
    assert contents(tmp_path) == before


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files beyond 20 kB cannot be written, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("n", [100, 3_000])
def test_where_the_disk_is_full_tokens_leave_the_old_dataset_too(
    n: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    tokenizer = saved(tmp_path / "tokenizer")
    out = tmp_path / "out"
    _write(out)
    before = contents(out)
    large = [made(".p.p.", f"{i}", instruction=f"{i} " * 200) for i in range(n)]
    request.getfixturevalue("small_disk")
    with pytest.raises(ExportError, match="cannot be written: File too large"):
        export(large, "tokens", out, tokenizer=tokenizer)
    assert contents(out) == before
    with pytest.raises(ExportError, match="cannot be written: File too large"):
        export(large, "tokens", tmp_path / "new", tokenizer=tokenizer)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("limit", [None, 90])
@pytest.mark.parametrize("size", [100, 30_000])
def test_where_the_disk_is_full_the_old_dataset_stays(
    limit: int | None, size: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    _write(tmp_path)
    before = contents(tmp_path)
    request.getfixturevalue("small_disk")
    large = [made(".p.p.", f"{i}", instruction="x" * size) for i in range(100)]
    with pytest.raises(ExportError, match="cannot be written: File too large"):
        export(large, "messages", tmp_path, limit=limit)
    assert contents(tmp_path) == before


def test_where_the_disk_is_full_at_the_very_end_the_old_dataset_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _write(tmp_path)
    before = contents(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export(many(5), "paper", tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_export_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="Permission denied"):
        _write(tmp_path)


@pytest.mark.parametrize(
    "out",
    ["file", "file/below", "nul\0l", "x" * 5_000, "\ud800", "/proc/dataset"],
    ids=lambda out: ascii(out[:10]),
)
def test_a_folder_that_cannot_be_made_is_an_export_error(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot be"):
        export([], "messages", tmp_path / out)


def test_a_format_may_have_files_beside_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_config = Format(
        "odd",
        "Odd.",
        {"text": "string"},
        one_by_one(lambda one, options: [{"text": message.content} for message in one.messages]),
        more_files=lambda data_files, options: {"config.yaml": f"files: {list(data_files)}\n"},
    )
    monkeypatch.setitem(FORMATS, "odd", with_config)
    summary = export(many(1), "odd", tmp_path, split=0.5)
    assert summary.records == len(records(tmp_path)) == 10
    assert (tmp_path / "config.yaml").read_text() == "files: ['train.jsonl', 'test.jsonl']\n"
    _write(tmp_path)
    assert sorted(contents(tmp_path)) == ["README.md", "data.jsonl"]
    (tmp_path / "config.yaml").write_text("mine")
    with pytest.raises(ExportError, match=r"holds config.yaml"):
        export(many(1), "odd", tmp_path)


@pytest.mark.parametrize("format", ["llamafactory", "swift", "axolotl"])
def test_a_configuration_evaluates_where_a_family_is_held_out(format: str, tmp_path: Path) -> None:
    for families, evaluates in ((FAMILIES, True), (["one"], False)):
        summary = export(many(20, families), format, tmp_path, split=0.3)
        assert bool(summary.held_out) == evaluates
        configurations = [file.read_text() for file in tmp_path.glob("*.yaml")]
        assert configurations
        assert all(("Evaluation" in text) == evaluates for text in configurations)
