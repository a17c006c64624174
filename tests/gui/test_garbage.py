"""Widgets end in the window's thread, whichever thread makes the garbage collector run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from longwatch_desktop.garbage import GarbageCollector


class _Mourned:
    """Says in which thread it ended."""

    def __init__(self, ended: list[int]) -> None:
        self._ended = ended
        self.myself = self
        self.thing = QObject()
        self.timer = QTimer(self.thing)
        self.timer.start(60_000)

    def __del__(self) -> None:
        self._ended.append(threading.get_ident())


def _elsewhere(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _litter() -> None:
    """Allocate enough for Python's own collector to come by many times."""
    kept: list[object] = []
    for _ in range(200_000):
        kept.append([kept])
    kept.clear()


def test_a_busy_thread_of_the_server_collects_no_widgets(collector: GarbageCollector) -> None:
    assert not gc.isenabled()
    ended: list[int] = []
    _Mourned(ended)
    _elsewhere(_litter)
    assert ended == []
    due = [[number] for number in range(2_000)]
    collector.collect()
    assert len(due) == 2_000
    assert ended == [threading.get_ident()]


def test_what_is_not_due_stays(application: QApplication, collector: GarbageCollector) -> None:
    gc.collect()
    ended: list[int] = []
    _Mourned(ended)
    collector.collect()
    assert ended == [], "two hundred objects are no reason to look at all of them"
    gc.collect()
    assert len(ended) == 1
    assert application is not None
