"""Headers over many rows."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QTableView


def look_at_no_selection(view: QTableView) -> None:
    """Let the columns' header know nothing of what is selected; to be called once the view has its
    model. To paint a section Qt asks of every row of the sections beside it whether it can be
    selected: with all of 100,000 rows selected that takes 0.5 s a section, with ten million 50 s,
    and then it crashes."""
    header = view.horizontalHeader()
    header.setSelectionModel(QItemSelectionModel(view.model(), header))
