"""`Thinned`: a course of any length in a bounded number of points."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Thinned(Generic[T]):
    """Keeps what is noted until there are `most`, then every second, every fourth …: half of `most`
    at least, evenly spread, however long it takes. The newest is always there."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[T] = []
        self._newest: T | None = None
        self._step = 1
        self._seen = 0

    def note(self, point: T) -> None:
        """The newest."""
        if self._seen % self._step == 0:
            self._kept.append(point)
            if len(self._kept) == self._most:
                self._kept = self._kept[::2]
                self._step *= 2
        self._seen += 1
        self._newest = point

    def points(self) -> list[T]:
        """What is kept, in the order in which it came."""
        kept = list(self._kept)
        if self._newest is not None and kept[-1] is not self._newest:
            kept.append(self._newest)
        return kept
