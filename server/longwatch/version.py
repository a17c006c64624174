"""The version of the installed program."""

from __future__ import annotations

import functools
import importlib.metadata


@functools.cache  # 1 ms each time: it parses the package's metadata
def version() -> str:
    """The installed version, or `0+unknown` where the package's metadata was left behind."""
    try:
        return importlib.metadata.version("longwatch")
    except importlib.metadata.PackageNotFoundError:
        return "0+unknown"
