"""Hears of every error that nobody else handles, and of what Qt complains about.

Each hook tells the one that was there before it, too: a terminal shows what it always did.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from longwatch_desktop.reports.collecting import Reports

SAME: Final = 3
"""How often the same message of Qt's is written to the log."""
DIFFERENT: Final = 200
_IN_QT: Final = "in what the window does when something happens"
_MESSAGES: Final = {
    QtMsgType.QtWarningMsg: "warning",
    QtMsgType.QtCriticalMsg: "critical",
    QtMsgType.QtFatalMsg: "fatal",
}


@contextmanager
def catching(reports: Reports, write: Callable[[str], None]) -> Iterator[None]:
    """Within the context every unexpected error of this process comes to `reports`: of slots and
    overridden methods, of threads, and of what Python cannot raise. Those of an event loop need
    `of_loop`. Warnings of Qt's go to `write`.
    """
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def in_qt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            reports.tell(error, _IN_QT)
        before[0](kind, error, trace)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            name = args.thread.name if args.thread is not None else "that has ended"
            reports.tell(args.exc_value, f"in the thread {name}")
        before[1](args)

    def unraisable(args: Any) -> None:
        if isinstance(args.exc_value, Exception):
            reports.tell(args.exc_value, "while something was being cleared away")
        before[2](args)

    listener = _QtListener(write)
    sys.excepthook, threading.excepthook, sys.unraisablehook = in_qt, in_thread, unraisable
    listener.install()
    try:
        yield
    finally:
        listener.remove()
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def of_loop(loop: asyncio.AbstractEventLoop, reports: Reports) -> None:
    """Have `reports` hear of what `loop`'s tasks and callbacks raise where nobody awaits it."""

    def trouble(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            reports.tell(error, "in the background")
        loop.default_exception_handler(context)

    loop.set_exception_handler(trouble)


class _QtListener:
    """Writes down what Qt warns of: hints for whoever reads a report, and nothing a user can do
    anything about."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._before: Any = None
        self._seen: Counter[str] = Counter()

    def install(self) -> None:
        self._before = qInstallMessageHandler(self._heard)

    def remove(self) -> None:
        qInstallMessageHandler(self._before)

    def _heard(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if kind in _MESSAGES and self._is_news(message):
            self._write(f"Qt, {_MESSAGES[kind]}: {message}")
        if self._before is not None:
            self._before(kind, context, message)
        elif sys.stderr is not None:  # a program without a console has none
            sys.stderr.write(f"{message}\n")

    def _is_news(self, message: str) -> bool:
        if len(self._seen) >= DIFFERENT and message not in self._seen:
            return False
        self._seen[message] += 1
        return self._seen[message] <= SAME
