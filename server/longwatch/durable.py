"""Files that are on the disk once this says so, and never half."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return once a file is on the disk. Raises `OSError`."""
    _sync(path, os.O_RDWR)  # Windows syncs nothing that is only read


def sync_names(folder: Path) -> None:
    """Return once the names in a folder are on the disk, as after a rename. Raises `OSError`."""
    if os.name == "posix":  # elsewhere no folder can be opened
        _sync(folder, os.O_RDONLY)


def replace(path: Path, data: bytes, *, durable: bool = False, mode: int = 0o666) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half; `durable`
    returns once it is on the disk. Raises `OSError`."""
    beside = path.with_suffix(".new")
    if mode != 0o666:
        beside.unlink(missing_ok=True)  # its mode would stay
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    if durable:
        sync(beside)
    beside.replace(path)
    if durable:
        sync_names(path.parent)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
