"""What `table` compares with: Qt's own items in Qt's own table, without a delegate of ours.

python -m benchmarks.table_plain live SECONDS
python -m benchmarks.table_plain repaint TEXTS.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView, QTableWidget, QTableWidgetItem

from benchmarks.starting import tell
from benchmarks.table_pulse import Lateness, repainted

ROWS: Final = 10_000
LIVE: Final = 1_000
HZ: Final = 10
SHOWN: Final = 40
ROW_HEIGHT: Final = 28
MOVING: Final = (1, 2, 3, 4, 5)
"""The columns that a report changes, here as in the window: progress, time left, time taken, rows,
memory."""


def set_up(table: QTableView, widths: list[int]) -> None:
    """As ours looks: rows of a fixed height, no grid."""
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    for number, width in enumerate(widths):
        table.setColumnWidth(number, width)
    table.resize(sum(widths) + 20, SHOWN * ROW_HEIGHT + 30)
    table.show()


def live(seconds: float) -> None:
    """Of ten thousand rows a thousand are set anew ten times a second.

    An item holds its text, so a text is made of each value that changed, in sight or not, as any
    table of items must; the values themselves are there already, while the window has to read
    them from its feed.
    """
    app = QApplication(sys.argv[:1])
    model = QStandardItemModel(ROWS, 8)
    for row in range(ROWS):
        texts = (f"Flights {row}", "0 %", "0:31", "1:12", "12 k", "123 MB", "sample", "24 Nov")
        for column, text in enumerate(texts):
            model.setItem(row, column, QStandardItem(text))
    view = QTableView()
    view.setModel(model)
    set_up(view, [250, 290, 100, 72, 72, 76, 116, 104])
    items = [[model.item(row, column) for column in MOVING] for row in range(LIVE)]
    beat = 0

    def change() -> None:
        nonlocal beat
        beat += 1
        for number, (progress, left, taken, rows, memory) in enumerate(items):
            at = beat + number
            progress.setText(f"{at % 101} % · executing")
            left.setText(f"{at // 60}:{at % 60:02}")
            taken.setText(f"{beat // 600}:{beat // 10 % 60:02}")
            rows.setText(f"{at * 17:,}")
            memory.setText(f"{at / 10:.1f} MB")

    frames = QTimer(interval=1000 // HZ, timerType=Qt.TimerType.PreciseTimer)
    frames.timeout.connect(change)
    frames.start()
    pulse: list[Lateness] = []
    used: list[float] = []

    def begin() -> None:
        pulse.append(Lateness())
        used.append(time.process_time())
        QTimer.singleShot(int(seconds * 1000), end)

    def end() -> None:
        late = pulse[0].stop()
        core = (time.process_time() - used[0]) / seconds
        computed = pulse[0].computed_s.tolist()
        tell(what="live", late=late, computed=computed, core=core)
        app.quit()

    QTimer.singleShot(1_000, begin)
    app.exec()


def repaint(texts: Path) -> None:
    """The same texts in the same columns, as items."""
    app = QApplication(sys.argv[:1])
    given: dict[str, Any] = json.loads(texts.read_text(encoding="utf-8"))
    rows: list[list[str]] = given["rows"]
    table = QTableWidget(len(rows), len(rows[0]))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            if given["right"][column]:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    set_up(table, given["widths"])
    app.processEvents()
    tell(what="repaint", took=repainted(table))


def main() -> None:
    """What is asked for."""
    match sys.argv[1:]:
        case ["live", seconds]:
            live(float(seconds))
        case ["repaint", texts]:
            repaint(Path(texts))


if __name__ == "__main__":
    main()
