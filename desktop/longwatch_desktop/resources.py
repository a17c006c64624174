"""Finds the icons that come with the window: in a wheel, a bundle or a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from longwatch import resources

HERE: Final = Path(__file__).resolve().parent


def resource_path(name: str) -> Path:
    """The file `name`, such as `icons/run.svg`. Raises `FileNotFoundError`."""
    return resources.resource_path(name, HERE)
