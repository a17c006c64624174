"""Operations that only read are marked: PostgreSQL carries them out beside those that write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "only_reads"


def reading(operation: F) -> F:
    """Say that an operation writes nothing, and does not have to see what nobody has committed."""
    setattr(operation, _MARK, True)
    return operation


def only_reads(operation: Callable[..., Any]) -> bool:
    """Whether an operation is marked so."""
    return getattr(operation, _MARK, False)
