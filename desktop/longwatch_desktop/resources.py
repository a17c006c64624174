"""Finds the icons that come with the window: in a wheel, a bundle or a checkout."""

from __future__ import annotations

from pathlib import Path


def resource_path(name: str) -> Path:
    """The file `name`, such as `icons/run.svg`. Raises `FileNotFoundError`."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_resources", package.parents[1] / "resources"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"Longwatch's own file {name!r} is missing: install it again.")
