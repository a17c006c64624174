"""Starts the desktop program: an empty window first, everything else after it.

Qt and little more is imported here, which is why the frame of the window is painted in less than
twice the time of the barest one. Then the program is imported in a thread (0.5 s), put into the
window step by step, and starts its server, whose packages (0.7 s) have a thread of their own, too.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QSettings, Signal
from PySide6.QtWidgets import QApplication

from longwatch.paths import default_data_dir
from longwatch_desktop.garbage import GarbageCollector
from longwatch_desktop.language import chosen_language, speak
from longwatch_desktop.single import hand_over
from longwatch_desktop.theme import Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow

CarryOn = Callable[[QApplication, MainWindow, Path, list[Path], GarbageCollector], int]


def load() -> CarryOn:
    """Import the program; not for the window's thread."""
    from longwatch_desktop.program import carry_on  # noqa: PLC0415 - when the frame is there

    return carry_on


def main(
    data_dir: Path | None = None,
    *,
    window: type[MainWindow] = MainWindow,
    load: Callable[[], CarryOn] = load,
) -> int:
    """Open the window and stay until it is closed; the exit code."""
    # A thread that imports or computes in Python may keep the window waiting for one interval:
    # 1 ms instead of 5 costs nothing.
    sys.setswitchinterval(0.001)
    folder = data_dir or default_data_dir()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Longwatch")
    app.setDesktopFileName("longwatch")
    files = [Path(name) for name in sys.argv[1:]]
    if hand_over(folder, files):
        return 0
    app.setQuitOnLastWindowClosed(False)  # the main coroutine ends the program, in order
    garbage = GarbageCollector(app)
    garbage.start_later()
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    speak(app, chosen_language(settings))
    theme = Theme(app, chosen_mode(settings), guess=True)
    frame = window(None, theme, settings, folder)
    frame.show()
    app.processEvents()
    theme.look()
    app.setWindowIcon(app_icon())
    carry_on = Loader(load).wait()
    return carry_on(app, frame, folder, files, garbage)


class Loader(QObject):
    """Imports in a thread, while Qt goes on painting and listening in its own."""

    _ended = Signal()

    def __init__(self, load: Callable[[], CarryOn]) -> None:
        super().__init__()
        self._load = load
        self._loaded: CarryOn | None = None
        self._error: BaseException | None = None

    def wait(self) -> CarryOn:
        """What was loaded. Raises what the import did."""
        from PySide6.QtCore import Qt  # noqa: PLC0415 - makes all enums, 20 ms

        waiting = QEventLoop()
        self._ended.connect(waiting.quit, Qt.ConnectionType.QueuedConnection)
        thread = threading.Thread(target=self._run, name="longwatch-imports")
        thread.start()
        waiting.exec()
        thread.join()
        if self._loaded is None:
            assert self._error is not None
            raise self._error
        return self._loaded

    def _run(self) -> None:
        try:
            self._loaded = self._load()
        except BaseException as error:
            self._error = error
        finally:
            self._ended.emit()


def chosen_mode(settings: QSettings) -> Mode:
    """The theme that was chosen last."""
    try:
        return Mode(str(settings.value("window/theme", Mode.SYSTEM.value)))
    except ValueError:
        return Mode.SYSTEM


if __name__ == "__main__":
    sys.exit(main())
