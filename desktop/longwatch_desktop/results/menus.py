"""What can be done with a cell and with a column: everything, so that no key is needed to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QMenu

from longwatch_desktop.results.grid import Grid
from longwatch_desktop.translation import tr

if TYPE_CHECKING:
    from longwatch_desktop.results.view import ResultView


class CellMenu(QMenu):
    """Of a cell; what a column offers is in it too, for the keys."""

    def __init__(self, view: ResultView, grid: Grid, index: QModelIndex) -> None:
        super().__init__(view)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column, ready = index.column(), view.can_be_sorted
        self.addAction(tr("Copy"), view.copy).setEnabled(grid.selectionModel().hasSelection())
        self.addAction(tr("Copy with column names"), lambda: view.copy(titles=True))
        self.addSeparator()
        for title, same in (
            (tr("Only rows with this value"), True),
            (tr("Without this value"), False),
        ):
            action = self.addAction(title)
            action.triggered.connect(lambda _on, same=same: view.only_like(index, same=same))
            action.setEnabled(ready)
        self.addAction(tr("Find in this column…"), view.find_text).setEnabled(ready)
        self.addSeparator()
        name = str(view.model.headerData(column, Qt.Orientation.Horizontal))
        inner = self.addMenu(tr("Column {name}").format(name=name).replace("&", "&&"))
        add_column_actions(inner, view, grid, column)


class HeaderMenu(QMenu):
    """Of a column."""

    def __init__(self, view: ResultView, grid: Grid, column: int) -> None:
        super().__init__(view)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_column_actions(self, view, grid, column)


def add_column_actions(menu: QMenu, view: ResultView, grid: Grid, column: int) -> None:
    """Order, filter, figures, width, and which columns are shown."""
    ready = view.can_be_sorted
    for title, descending in (
        (tr("Sort ascending"), False),
        (tr("Sort descending"), True),
        (tr("As the rows came"), None),
    ):
        action = menu.addAction(title)
        action.triggered.connect(lambda _on, how=descending: view.sort_by(column, descending=how))
        action.setEnabled(ready)
    menu.addSeparator()
    menu.addAction(tr("Filter…"), lambda: view.ask_filter(column)).setEnabled(ready)
    figures = menu.addAction(tr("Statistics"), lambda: view.show_statistics(column))
    figures.setEnabled(ready)
    menu.addSeparator()
    menu.addAction(tr("Fit the width"), lambda: grid.fit_column(column))
    menu.addAction(tr("Fit all widths"), grid.fit_columns)
    hide = menu.addAction(tr("Hide"), lambda: grid.setColumnHidden(column, True))
    hide.setEnabled(len(grid.shown_columns()) > 1)
    shown = menu.addMenu(tr("Columns"))
    for number, one in enumerate(view.model.columns):
        action = shown.addAction(one.name.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(not grid.isColumnHidden(number))
        action.setEnabled(grid.shown_columns() != [number])
        action.toggled.connect(lambda on, at=number: grid.setColumnHidden(at, not on))
    shown.addSeparator()
    shown.addAction(tr("Show all, in their order"), grid.show_all_columns)
