"""How long the loop of Qt takes for one turn, in time of the processor: a busy machine must not
fail a test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QAbstractEventDispatcher


@dataclass
class Turns:
    """The turns seen so far."""

    count: int = 0
    longest_s: float = 0.0
    _began_s: float | None = None

    def begin(self) -> None:
        """A turn begins, and ends the one before it."""
        self.end()
        self._began_s = time.thread_time()

    def end(self) -> None:
        """There is nothing more to do for now."""
        if self._began_s is not None:
            self.count += 1
            self.longest_s = max(self.longest_s, time.thread_time() - self._began_s)
            self._began_s = None


@contextmanager
def turns() -> Iterator[Turns]:
    """Watches the loop of this thread."""
    dispatcher = QAbstractEventDispatcher.instance()
    assert dispatcher is not None
    seen = Turns()
    dispatcher.awake.connect(seen.begin)
    dispatcher.aboutToBlock.connect(seen.end)
    try:
        yield seen
    finally:
        dispatcher.awake.disconnect(seen.begin)
        dispatcher.aboutToBlock.disconnect(seen.end)
