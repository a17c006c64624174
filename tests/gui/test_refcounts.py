"""PySide6 must not drop references to what Python shares: None, True and False.

6.12.0 does on Python 3.11, where the interpreter dies once such a count reaches zero; since 3.12
these objects are immortal and their counts say nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QLabel, QTableView, QWidget

CALLS = 3_000
STRAY = 200
"""What a cache or a test's own frames may account for; a lost reference a call is far more."""
_HELD = [one for one in (None, True, False) for _ in range(100_000)]
"""References enough to lose some without the interpreter's death before the test can say so."""

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="None, True and False are immortal since Python 3.12"
)


class _Teller(QObject):
    plain = Signal()
    thing = Signal(object)
    flag = Signal(bool)


class _Model(QAbstractTableModel):
    def rowCount(self, _parent: Any = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 4

    def columnCount(self, _parent: Any = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 4

    def data(self, index: Any, role: int = 0) -> Any:
        return (None, True, False)[index.row() % 3] if role != int(Qt.ItemDataRole.UserRole) else 1


def _labels() -> None:
    label = QLabel()
    for number in range(CALLS):
        label.setText(str(number % 7))
        label.setVisible(False)
        label.setToolTip("")
        label.setEnabled(bool(number % 2))
        label.setProperty("muted", True)
        label.property("muted")


def _signals() -> None:
    teller = _Teller()
    heard: list[object] = []
    teller.plain.connect(lambda: None)
    teller.thing.connect(heard.clear)
    teller.thing.connect(lambda _thing: False)
    teller.flag.connect(lambda flag: not flag)
    for _ in range(CALLS):
        teller.plain.emit()
        teller.thing.emit(None)
        teller.thing.emit(True)
        teller.flag.emit(False)
        teller.blockSignals(False)


def _models() -> None:
    model = _Model()
    view = QTableView()
    view.setModel(model)
    for number in range(CALLS):
        index = model.index(number % 4, 1)
        index.data()
        model.data(index)
        index.isValid()
        index.parent()
        model.dataChanged.emit(index, index)
    for _ in range(10):
        view.grab()


def _items() -> None:
    model = QStandardItemModel(2, 2)
    for number in range(CALLS):
        item = QStandardItem(str(number))
        item.setEditable(False)
        item.setData(None)
        item.setData(True)
        item.data()
        model.setItem(number % 2, 0, item)
        model.itemFromIndex(model.index(0, 0))


def _widgets() -> None:
    parent = QWidget()
    timer = QTimer(parent)
    for _ in range(CALLS):
        parent.setUpdatesEnabled(True)
        parent.update()
        parent.isVisible()
        parent.parentWidget()
        parent.findChild(QLabel)
        palette = parent.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor("#fff"))
        parent.setPalette(palette)
        timer.setSingleShot(True)
        timer.isActive()


@pytest.mark.parametrize("work", [_labels, _signals, _models, _items, _widgets])
def test_shared_objects_keep_their_references(
    work: Callable[[], None], application: QApplication
) -> None:
    assert application is QApplication.instance()
    shared = (None, True, False)
    assert len(_HELD) == 300_000
    before = [sys.getrefcount(one) for one in shared]
    work()
    lost = [count - sys.getrefcount(one) for count, one in zip(before, shared, strict=True)]
    assert max(lost) < STRAY, f"references lost to None, True, False: {lost}"
