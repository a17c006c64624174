"""How `table` measures in a loop of Qt's, ours and others'."""

from __future__ import annotations

import time
from array import array
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QTableView

PULSE_MS: Final = 5
REPAINTS: Final = 60


class Lateness:
    """How late a timer of 5 ms fires in Qt's loop, each time; seconds. `computed_s` is how much of
    that this process was computing, its other threads included: what is left was others' doing."""

    def __init__(self) -> None:
        self.late_s = array("d")
        self.computed_s = array("d")
        self._due_s = self._used_s = 0.0
        self._timer = QTimer(
            interval=PULSE_MS, singleShot=True, timerType=Qt.TimerType.PreciseTimer
        )
        self._timer.timeout.connect(self._fired)
        self.start()

    def start(self) -> None:
        """From now on."""
        self.late_s, self.computed_s = array("d"), array("d")
        self._again()

    def stop(self) -> list[float]:
        """What it was."""
        self._timer.stop()
        return self.late_s.tolist()

    def _again(self) -> None:
        self._used_s = time.process_time()
        self._due_s = time.perf_counter() + PULSE_MS / 1000
        self._timer.start()

    def _fired(self) -> None:
        late_s = max(0.0, time.perf_counter() - self._due_s)
        self.late_s.append(late_s)
        self.computed_s.append(min(late_s, time.process_time() - self._used_s))
        self._again()


def repainted(table: QTableView) -> list[float]:
    """Seconds that a full repaint of a table's rows takes, again and again."""
    app = QApplication.instance()
    assert app is not None
    took: list[float] = []
    for _ in range(REPAINTS):
        app.processEvents()
        began_s = time.perf_counter()
        table.viewport().repaint()
        took.append(time.perf_counter() - began_s)
    return took
