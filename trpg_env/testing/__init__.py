"""For people who write scripts: playing them in tests."""

from trpg_env.testing.play import Played, play

__all__ = ["Played", "play"]
