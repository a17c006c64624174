"""Python's cyclic garbage collector, in the window's thread only.

It runs in whichever thread happens to allocate, the embedded server's too. A widget that is
destroyed there takes its timers' entries along in a foreign thread, which Qt cannot: it says
"Timers cannot be stopped from another thread" and crashes at the next tick. (calibre does the
same for the same reason: `calibre.gui2.GarbageCollector`.)
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

EVERY_MS: Final = 1_000
"""Automatic collections come far more often; a generation is collected only if it is due."""
START_MS: Final = 10_000
"""How long a start may take. To look through all that is imported meanwhile takes 80 ms at a time,
and finds nothing: it stays."""


class GarbageCollector(QObject):
    """Stands in for the automatic collector between `start` and `stop`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._settled = False

    def start(self) -> None:
        """Collect in this thread from now on."""
        gc.disable()
        self._timer.start()

    def start_later(self) -> None:
        """Collect nothing until the program has started (`settle`), or for `START_MS`."""
        gc.disable()
        QTimer.singleShot(START_MS, self, self.settle)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()

    def settle(self) -> None:
        """The program has started: what it made so far stays until its end, and to walk through all
        of that (70 ms with a server) would be felt in the window."""
        if not self._settled:
            self._settled = True
            gc.freeze()
            self._timer.start()

    def leave(self) -> None:
        """The program ends: spare Python the last look at every object, which takes a second."""
        self._timer.stop()
        gc.freeze()

    def collect(self) -> None:
        """Collect the oldest generation that is due, by Python's own thresholds."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return
