"""Places in SQL, and names and strings as SQL writes them."""

from __future__ import annotations

from pathlib import Path


def place(sql: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of the character `at`."""
    before = sql[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """`value` as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"
