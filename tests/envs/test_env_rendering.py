"""Rendering: the last exchange as text, or written out as it happens."""

import io
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest


def test_ansi_renders_the_last_exchange(make: Callable[..., Any]) -> None:
    env = make(render_mode="ansi")
    opening, _ = env.reset(seed=0)
    assert env.render() == opening
    said = env.step("go west")[0]
    assert env.render() == f"> go west\n{said}"
    again, _ = env.reset(seed=0)
    assert env.render() == again


def test_ansi_is_text_in_the_wrapped_environment_too(capsys: pytest.CaptureFixture[str]) -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato", render_mode="ansi")
    env.reset(seed=0)
    assert isinstance(env.render(), str)
    assert capsys.readouterr().out == ""
    env.close()


def test_human_writes_each_exchange_as_it_happens(
    make: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    env = make(render_mode="human")
    opening, _ = env.reset(seed=0)
    assert capsys.readouterr().out == f"{opening}\n\n"
    said = env.step("go west")[0]
    assert capsys.readouterr().out == f"> go west\n{said}\n\n"
    assert env.render() is None


def test_without_a_render_mode_nothing_is_written(
    make: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    env = make()
    env.reset(seed=0)
    env.step("go west")
    assert capsys.readouterr() == ("", "")
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


def test_a_restored_episode_renders_nothing_of_the_one_before(make: Callable[..., Any]) -> None:
    env = make(render_mode="ansi")
    opening, _ = env.reset(seed=0)
    start = env.snapshot()
    env.step("go west")
    env.restore(start)
    assert env.render() == opening


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_text_that_is_rendered_makes_step_raise_or_reaches_the_terminal_raw(
    encoding: str, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    env = make(render_mode="human")
    env.reset(seed=0)
    for text in ("\ud800", "茶", "\x1b[2J\x07", "\x9b31m", "go west"):
        env.step(text)
    sys.stdout.flush()
    assert "kitchen" in written.getvalue().decode(encoding)
    assert not set(written.getvalue().decode(encoding)) & set("\x1b\x07\x9b")
