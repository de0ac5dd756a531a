"""The versions that results hang on."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from trpg_env._version import __version__

_PACKAGES = ("gymnasium", "numpy", "pydantic")


def software(packages: Sequence[str] = ()) -> dict[str, str]:
    """What took part: trpg_env, Python, the platform and the packages that results may hang on, each with its version.

    Args:
        packages: Distributions that took part beside these.

    Example:
        >>> software()["trpg_env"] == __version__
        True
    """
    found = {
        "trpg_env": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for package in (*_PACKAGES, *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # put on the path by hand
            found[package] = "unknown"
    return found
