"""The versions that results hang on."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from trpg_env._version import __version__

PACKAGES = ("gymnasium", "numpy", "pydantic")
"""What play and measures hang on."""


def software(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """What took part: trpg_env, Python, the platform and the packages that results may hang on, each with its version.

    Args:
        packages: The distributions.

    Example:
        >>> software()["trpg_env"] == __version__
        True
    """
    found = {
        "trpg_env": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # put on the path by hand
            found[package] = "unknown"
    return found
