"""Columns of the job table: their widths, their order, and what of it is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication, QMenu

from longwatch_desktop import layout
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS
from longwatch_desktop.jobs.view import LEAST_SHARED, JobTable
from longwatch_desktop.theme import Theme
from support.tables import FedTable, many
from support.windows import child
from unit.desktop.mirror.builders import snapshot


@pytest.fixture
def table(theme: Theme) -> Iterator[FedTable]:
    fed = FedTable(theme)
    fed.tell(snapshot(many(5)))
    fed.view.show()
    QApplication.processEvents()
    yield fed
    fed.view.close()


def settings_in(file: Path) -> QSettings:
    return QSettings(str(file), QSettings.Format.IniFormat)


def restarted(table: FedTable, file: Path) -> FedTable:
    """Another table that begins with what this one leaves in a settings file."""
    settings = settings_in(file)
    layout.save_columns(settings, table.view)
    settings.sync()
    another = FedTable(table.theme)
    layout.restore_columns(settings_in(file), another.view)
    another.tell(snapshot(many(5)))
    another.view.show()
    QApplication.processEvents()
    return another


def order(view: JobTable) -> list[str]:
    """The ids of all columns, from left to right."""
    header = view.horizontalHeader()
    return [COLUMNS[header.logicalIndex(place)].id for place in range(header.count())]


def width(view: JobTable, column: str) -> int:
    return view.columnWidth(BY_ID[column])


def shown_width(view: JobTable) -> int:
    return sum(view.columnWidth(n) for n in range(len(COLUMNS)) if not view.isColumnHidden(n))


def test_name_and_progress_share_what_is_left(table: FedTable) -> None:
    view = table.view
    for wide in (1_000, 1_400, 960):
        view.resize(wide, 400)
        QApplication.processEvents()
        assert shown_width(view) == view.viewport().width()
    view.resize(500, 400)
    QApplication.processEvents()
    assert (width(view, "name"), width(view, "progress")) == LEAST_SHARED


def test_a_width_of_ones_own_stays(table: FedTable) -> None:
    view = table.view
    view.setColumnWidth(BY_ID["name"], 321)
    assert not view.shares_width
    view.resize(1_500, 400)
    QApplication.processEvents()
    assert width(view, "name") == 321


def test_hiding_a_column_gives_its_room_to_the_others(table: FedTable) -> None:
    view = table.view
    view.resize(1_200, 400)
    view.horizontalHeader().customContextMenuRequested.emit(QPoint(5, 5))
    menu = child(view, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    for title in ("Memory", "Owner", "Memory"):
        actions[title].trigger()
        QApplication.processEvents()
        assert shown_width(view) == view.viewport().width(), f"after {title}"
    menu.close()


def test_order_and_visibility_are_remembered_by_id(table: FedTable, tmp_path: Path) -> None:
    header = table.view.horizontalHeader()
    header.moveSection(header.visualIndex(BY_ID["rows"]), 0)
    header.moveSection(header.visualIndex(BY_ID["owner"]), 3)
    table.view.setColumnHidden(BY_ID["owner"], False)
    table.view.setColumnHidden(BY_ID["memory"], True)
    expected = order(table.view)
    assert expected[0] == "rows"
    another = restarted(table, tmp_path / "window.ini")
    assert order(another.view) == expected
    hidden = {column.id for n, column in enumerate(COLUMNS) if another.view.isColumnHidden(n)}
    assert hidden == {"memory", "finished"}
    again = restarted(another, tmp_path / "window.ini")
    assert order(again.view) == expected
    assert {c.id for n, c in enumerate(COLUMNS) if again.view.isColumnHidden(n)} == hidden
    for one in (another, again):
        one.view.close()


def test_widths_are_remembered_once_set(table: FedTable, tmp_path: Path) -> None:
    first = restarted(table, tmp_path / "window.ini")
    assert first.view.shares_width, "nobody has set a width yet"
    first.view.setColumnWidth(BY_ID["source"], 210)
    first.view.setColumnWidth(BY_ID["name"], 333)
    second = restarted(first, tmp_path / "window.ini")
    assert (width(second.view, "source"), width(second.view, "name")) == (210, 333)
    assert not second.view.shares_width
    for one in (first, second):
        one.view.close()


def test_a_hidden_column_keeps_its_width(table: FedTable, tmp_path: Path) -> None:
    table.view.setColumnWidth(BY_ID["source"], 210)
    table.view.setColumnHidden(BY_ID["source"], True)
    another = restarted(table, tmp_path / "window.ini")
    another.view.setColumnHidden(BY_ID["source"], False)
    assert width(another.view, "source") >= 100
    another.view.close()


def test_sort_is_remembered(table: FedTable, tmp_path: Path) -> None:
    table.view.sortByColumn(BY_ID["name"], Qt.SortOrder.AscendingOrder)
    another = restarted(table, tmp_path / "window.ini")
    assert another.ids() == [f"j{number:03}" for number in range(5)]
    header = another.view.horizontalHeader()
    assert header.sortIndicatorSection() == BY_ID["name"]
    another.view.close()


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "null",
        "{",
        '"text"',
        "[1, null, [], {}]",
        '[{"id": "no-such-column", "width": 50}]',
        '[{"id": 7}]',
        '[{"id": "name", "width": "wide", "hidden": []}]',
        '[{"id": "name", "width": -5}]',
    ],
)
def test_nonsense_in_the_settings_does_no_harm(theme: Theme, tmp_path: Path, kept: str) -> None:
    settings = settings_in(tmp_path / "window.ini")
    settings.setValue("jobs/columns", kept)
    settings.setValue("jobs/sort", kept)
    table = FedTable(theme)
    layout.restore_columns(settings, table.view)
    table.tell(snapshot(many(5)))
    assert table.ids() == [f"j{number:03}" for number in reversed(range(5))]
    assert order(table.view) == [column.id for column in COLUMNS]
    assert not table.view.isColumnHidden(BY_ID["name"])


def test_the_name_cannot_be_hidden_by_settings(theme: Theme, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "window.ini")
    settings.setValue("jobs/columns", '[{"id": "name", "hidden": true}]')
    table = FedTable(theme)
    layout.restore_columns(settings, table.view)
    assert not table.view.isColumnHidden(BY_ID["name"])
