"""Tabletop-role-playing scripts as Gymnasium environments, and refinement-tuning data from playing them."""

from trpg_env._version import __version__

__all__ = ["__version__"]
