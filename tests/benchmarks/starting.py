"""One start in this process, told about on stdout: lines of JSON, times of the monotonic clock,
which all processes of a machine share.

    python starting.py bare               a table in a main window, of Qt alone
    python starting.py program DATA_DIR   the program as a person starts it, until it is connected
    python starting.py imports            what the server imports, and nothing else
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

SETTLED_MS: Final = 300
"""After the first answers: they are shown, and what was put off until now is done."""


def tell(**facts: object) -> None:
    """One line for whoever started this."""
    sys.stdout.write(json.dumps({"at_s": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


def bare() -> None:
    """What Qt itself takes."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow, QTableWidget

    class Window(QMainWindow):
        def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().paintEvent(event)
            QTimer.singleShot(0, app.quit)

    app = QApplication(sys.argv[:1])
    window = Window()
    window.setCentralWidget(QTableWidget(100, 8))
    window.resize(1280, 860)
    window.show()
    app.exec()
    tell(what="painted")


class Pulse:
    """How regularly Qt's loop comes round: whatever holds it up, the interpreter's lock included,
    is a gap between two turns."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.gaps: list[tuple[float, float, float, float]] = []
        """When, how long, how much of it this process had the processor, and how much this thread:
        in seconds, of those that somebody could notice at all."""
        self._used_s = (0.0, 0.0)
        self._last_s = time.perf_counter()
        self._began_s = self._last_s
        self._timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now_s = time.perf_counter()
        used_s = (time.process_time(), time.thread_time())
        if now_s - self._last_s > 0.005:
            process_s, thread_s = used_s[0] - self._used_s[0], used_s[1] - self._used_s[1]
            gap = (self._last_s - self._began_s, now_s - self._last_s, process_s, thread_s)
            self.gaps.append(gap)
        self._last_s, self._used_s = now_s, used_s


def program(folder: Path) -> None:
    """The real one."""
    from PySide6.QtCore import QTimer

    from longwatch_desktop import app
    from longwatch_desktop.window import MainWindow

    pulse: list[Pulse] = []

    class Window(MainWindow):
        def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().paintEvent(event)
            if not pulse:
                QTimer.singleShot(0, self._painted)

        def _painted(self) -> None:
            if not pulse:
                tell(what="painted")
                pulse.append(Pulse())

    def load() -> app.CarryOn:
        from longwatch_desktop.program import Program, carry_on

        class Measured(Program):
            async def run(self) -> bool:
                tell(what="loaded")
                self.session.health_changed.connect(self._serving)
                self.session.catalogue_changed.connect(self._connected)
                return await super().run()

            def _serving(self, _health: object) -> None:
                """The first thing that is told of it: the server's start begins."""
                self.session.health_changed.disconnect(self._serving)
                tell(what="serving")

            def _connected(self) -> None:
                if self.session.saved_queries:
                    tell(what="connected")
                    QTimer.singleShot(SETTLED_MS, self._settled)

            def _settled(self) -> None:
                tell(what="settled", gaps=pulse[0].gaps)
                self.end()

        return partial(carry_on, make=Measured)

    sys.argv[1:] = []
    app.main(folder, window=Window, load=load)


def imports() -> None:
    """As `host.ServerThread` and uvicorn do, one after the other."""
    import importlib

    began_s = time.monotonic()
    for name in (
        "longwatch.host",
        "uvicorn",
        "longwatch.app",
        "longwatch.security.tokens",
        "longwatch.settings",
        "uvicorn.lifespan.on",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.websockets.websockets_sansio_impl",
    ):
        importlib.import_module(name)
    tell(what="imported", took_s=time.monotonic() - began_s)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    kind, *rest = sys.argv[1:]
    contenders: dict[str, Callable[[], None]] = {
        "bare": bare,
        "program": lambda: program(Path(rest[0])),
        "imports": imports,
    }
    contenders[kind]()
