"""Which tokenizers `tokens` takes, and what it says of those that it does not."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from chat_tokenizers import CHATML, TRIMMED, byte_level, saved
from tuning_helpers import many

from trpg_env import export
from trpg_env.tuning import ExportError


def written(tokenizer: object, out: Path) -> list[dict[str, Any]]:
    export(many(2), "tokens", out, tokenizer=tokenizer)
    return pq.read_table(out / "data.parquet").to_pylist()


@pytest.fixture
def plain(tmp_path: Path) -> list[dict[str, Any]]:
    return written(saved(tmp_path / "plain"), tmp_path / "expected")


def test_a_template_may_stand_in_a_file_of_its_own_which_goes_before_the_configurations(
    tmp_path: Path, plain: list[dict[str, Any]]
) -> None:
    folder = saved(tmp_path / "own", TRIMMED)
    (folder / "chat_template.jinja").write_text(CHATML)
    assert written(folder, tmp_path / "out") == plain


def test_of_named_templates_the_default_is_taken(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    folder = saved(tmp_path / "named", None)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    templates = [{"name": "tool_use", "template": TRIMMED}, {"name": "default", "template": CHATML}]
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": templates}))
    assert written(folder, tmp_path / "out") == plain


def test_special_tokens_may_be_objects_or_stand_in_their_own_file(tmp_path: Path) -> None:
    expected = written(saved(tmp_path / "texts", TRIMMED), tmp_path / "a")
    objects = saved(tmp_path / "objects", TRIMMED, bos_token={"content": "<s>", "lstrip": False})
    assert written(objects, tmp_path / "b") == expected
    map_file = saved(tmp_path / "map", TRIMMED)
    (map_file / "tokenizer_config.json").write_text(json.dumps({"chat_template": TRIMMED}))
    (map_file / "special_tokens_map.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}))
    assert written(map_file, tmp_path / "c") == expected


def test_a_tokenizer_of_transformers_is_taken_as_it_is(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    theirs = SimpleNamespace(
        backend_tokenizer=byte_level(),
        chat_template=CHATML,
        name_or_path="",
        bos_token="<s>",
        eos_token="</s>",
    )
    assert written(theirs, tmp_path / "out") == plain
    theirs.chat_template = None
    with pytest.raises(ExportError, match=r"has no chat template"):
        written(theirs, tmp_path / "none")


def test_the_file_itself_may_be_named(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    assert written(tmp_path / "plain" / "tokenizer.json", tmp_path / "out") == plain


def test_a_marker_of_what_the_model_says_changes_nothing(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    marked = CHATML.replace("{% for", "{% for", 1).replace(
        "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}",
        "{{ '<|im_start|>' + message['role'] + '\n' }}{% generation %}{{ message['content'] + '<|im_end|>' }}"
        "{% endgeneration %}{{ '\n' }}",
    )
    assert "generation" in marked
    assert written(saved(tmp_path / "marked", marked), tmp_path / "out") == plain


def broken(tmp_path: Path, file: str, text: str | None) -> Path:
    folder = saved(tmp_path / "broken")
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("tokenizer.json", None, r"has no tokenizer\.json; write it with transformers"),
        ("tokenizer.json", "{", r"tokenizer\.json is no tokenizer"),
        ("tokenizer_config.json", "{", r"tokenizer_config\.json is no JSON"),
        ("tokenizer_config.json", "[" * 100_000, r"tokenizer_config\.json is no JSON"),
        ("tokenizer_config.json", "[]", r"tokenizer_config\.json is no JSON object"),
        ("tokenizer_config.json", "{}", r"has no chat template.*chat_template\.jinja"),
        ("chat_template.jinja", "{% for %}", r"the chat template is none"),
        ("chat_template.jinja", "  ", r"has no chat template"),
        ("chat_template.jinja", "{{ messages.nothing.at.all }}", r"refuses the conversation"),
        ("chat_template.jinja", "{{ raise_exception('Not so') }}", r"refuses the conversation: Not so"),
        (
            "chat_template.jinja",
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            r"refuses the conversation",
        ),
        ("chat_template.jinja", "{{ messages.append(1) }}", r"refuses the conversation"),
        ("chat_template.jinja", "{{ '\\ud800' }}" + CHATML, r"writes what is no text"),
        ("tokenizer_config.json", '{"split_special_tokens": true}', r"takes special tokens apart"),
    ],
)
def test_what_does_not_do_is_said_and_nothing_is_written(
    file: str, text: str | None, said: str, tmp_path: Path
) -> None:
    folder = broken(tmp_path, file, text)
    with pytest.raises(ExportError, match=said) as raised:
        written(folder, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", [3, "", b"x", ["a"], "a/b/c", "./nowhere", "/nowhere/at/all", "x\0y"])
def test_what_names_no_tokenizer_is_an_error(given: object, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"tokenizer"):
        written(given, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_gguf_file_says_how_to_get_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(ExportError, match=r"gguf_file=FILE"):
        written(tmp_path / "model.gguf", tmp_path / "out")


LOOK = """
import sys
from tuning_helpers import many
from trpg_env import export
from trpg_env.tuning import ExportError
try:
    print(export(many(2), "tokens", sys.argv[2], tokenizer=sys.argv[1]).records)
except ExportError as error:
    print(error)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """A server on this machine that gives files as the hub does, of one tokenizer."""
    folder = saved(tmp_path / "served")

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(send=False)

        def do_GET(self) -> None:
            self._answer(send=True)

        def _answer(self, *, send: bool) -> None:
            _, owner, name, _, _, *rest = [*self.path.split("?")[0].split("/"), "", "", ""]
            file = folder / (rest[0] or "none")
            known = f"{owner}/{name}" == "someone/small"
            data = file.read_bytes() if known and file.is_file() else b""
            self.send_response(200 if data else 404)
            if not data:
                self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if send:
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "said"), [("someone/small", "2"), ("someone/else", "there is no folder 'someone/else'")]
)
def test_a_name_on_the_hub_is_asked_for_there(name: str, said: str, hub: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, name, tmp_path / "out"],
        cwd=Path(__file__).parent,
        env={"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "hf"), "PATH": "", "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout.startswith(said), ran.stdout


def test_without_the_extra_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ExportError, match=r"pip install 'trpg-env\[tokens\]'"):
        written(tmp_path, tmp_path / "out")
