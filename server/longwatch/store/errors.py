"""What can be wrong with the store.

StoreError
├── StoreFull        the disk or the quota is full: 507
├── StoreUnusable    damaged, unreadable, locked by another program
├── StoreTooNew      written by a newer Longwatch
└── StoreClosed      the server is stopping
"""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """The job store could not do what was asked."""


class StoreFull(StoreError):
    """There is no room left for the job store; nothing was lost, nothing new was accepted."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is no room left for the job store in {path.parent}. Nothing was lost; "
            "free some space there, then try again."
        )


class StoreUnusable(StoreError):
    """The job store cannot be opened or read."""


class StoreTooNew(StoreError):
    """The job store was written by a newer Longwatch than this one."""

    def __init__(self, path: Path, revision: str) -> None:
        super().__init__(
            f"{path} was written by a newer Longwatch (its schema is {revision!r}). Install that "
            "version again, or choose another folder with --data-dir. Nothing was changed."
        )


class StoreClosed(StoreError):
    """The server is stopping and takes no more requests."""

    def __init__(self) -> None:
        super().__init__("The server is stopping and takes no more requests.")
