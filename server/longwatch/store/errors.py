"""What can be wrong with the store.

StoreError
├── StoreFull        the disk or the quota is full: 507
├── StoreUnusable    damaged, unreadable, locked by another program
│   └── StoreUnreachable    PostgreSQL does not answer
│       └── OutcomeUnknown  nor did it say what became of the last commit
├── StoreElsewhere   a copy was asked for, which PostgreSQL's own tools make
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


class StoreUnreachable(StoreUnusable):
    """PostgreSQL does not answer, or not any more."""

    retry_after_s = 5


class OutcomeUnknown(StoreUnreachable):
    """The connection broke while a commit was under way, and there is none to ask by."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"The connection to the job store (PostgreSQL, {where}) broke, and whether this was "
            "taken in is not known yet. Ask again with the same Idempotency-Key, or look at the "
            "list of jobs when PostgreSQL answers."
        )


class StoreTooNew(StoreError):
    """The job store was written by a newer Longwatch than this one."""

    def __init__(self, store: Path | str, revision: str) -> None:
        super().__init__(
            f"{store} was written by a newer Longwatch (its schema is {revision!r}). Install that "
            f"version again, or choose another {'store' if isinstance(store, str) else 'folder'} "
            f"with {'--store' if isinstance(store, str) else '--data-dir'}. Nothing was changed."
        )


class StoreElsewhere(StoreError):
    """Copies of a PostgreSQL store are made by PostgreSQL's own tools."""

    def __init__(self, where: str, command: str) -> None:
        super().__init__(
            f"The jobs are in PostgreSQL ({where}), which makes its own copies, also while the "
            f"server runs. Use: {command}"
        )


class StoreClosed(StoreError):
    """The server is stopping and takes no more requests."""

    def __init__(self) -> None:
        super().__init__("The server is stopping and takes no more requests.")
