"""`window.log` in the data folder: written by a thread of its own, when there is something to."""

from __future__ import annotations

import contextlib
import queue
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

NAME: Final = "window.log"
MOST_BYTES: Final = 2**20
"""Then it becomes `window.log.1`, in place of the one before."""


class WindowLog:
    """A disk that is slow, full or gone costs nobody anything but the log."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Have `text` written, with the time before it; from any thread."""
        self._lines.put(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text.rstrip()}\n")
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="window-log", daemon=True)
                self._thread.start()

    def close(self, timeout_s: float = 1.0) -> None:
        """Wait until everything is written, but no longer than that."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._lines.put(None)
            thread.join(timeout_s)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with contextlib.suppress(OSError):
                self._append(line)

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(self._path.with_name(f"{NAME}.1"))
        with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)
