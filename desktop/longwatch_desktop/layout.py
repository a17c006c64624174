"""What the window remembers: its place, its splitters, its columns (by id, never by number)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from longwatch_desktop.editor.panel import EditorPanel
    from longwatch_desktop.jobs.view import JobTable

T = TypeVar("T", list[Any], dict[str, Any])
_COLUMNS: Final = "jobs/columns"
_TABS: Final = "editor/tabs"
_SORT: Final = "jobs/sort"


def save_window(settings: QSettings, window: QMainWindow, splitters: dict[str, QSplitter]) -> None:
    """Remember where the window is and how it is divided."""
    settings.setValue("window/geometry", window.saveGeometry())
    for name, splitter in splitters.items():
        settings.setValue(f"window/{name}", splitter.saveState())


def restore_window(settings: QSettings, window: QMainWindow) -> bool:
    """Put the window back where it was; false when nothing is remembered."""
    geometry = settings.value("window/geometry")
    return isinstance(geometry, QByteArray) and window.restoreGeometry(geometry)


def restore_splitters(settings: QSettings, splitters: dict[str, QSplitter]) -> None:
    """Divide the window as it was."""
    for name, splitter in splitters.items():
        state = settings.value(f"window/{name}")
        if isinstance(state, QByteArray):
            splitter.restoreState(state)


def stacked(*parts: QWidget) -> QWidget:
    """The parts one below the other, without gaps; a table among them takes the room."""
    whole = QWidget()
    inside = QVBoxLayout(whole)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.setSpacing(0)
    for part in parts:
        inside.addWidget(part, int(isinstance(part, QAbstractItemView)))
    return whole


def divide(
    across: QSplitter, down: QSplitter, panel: QWidget, parts: Sequence[QWidget]
) -> Iterator[None]:
    """Put the panel at the left, and editor, jobs and details one below the other beside it, step
    by step."""
    for part, least in zip(parts, (90, 120, 90), strict=True):
        part.setMinimumHeight(least)
        down.addWidget(part)
        yield
    down.setSizes([250, 290, 250])
    down.setChildrenCollapsible(False)
    for number, share in enumerate((2, 3, 2)):
        down.setStretchFactor(number, share)
    panel.setMinimumWidth(180)  # its headings fit
    across.addWidget(panel)
    yield
    across.addWidget(down)
    across.setSizes([220, 1060])
    across.setStretchFactor(1, 1)
    across.setCollapsible(1, False)
    for splitter in (across, down):
        splitter.setHandleWidth(1)


def focus_next(parts: Sequence[QWidget]) -> None:
    """Move the cursor to the next part of the window: Tab alone does not lead out of an editor."""
    from PySide6.QtCore import Qt  # noqa: PLC0415 - makes all enums, 20 ms

    now = QApplication.focusWidget()
    inside = [
        number
        for number, part in enumerate(parts)
        if now is not None and (part is now or part.isAncestorOf(now))
    ]
    following = parts[(inside[0] + 1) % len(parts) if inside else 0]
    last = following.focusWidget() or following
    for widget in (last, *following.findChildren(QWidget)):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return


def save_columns(settings: QSettings, table: JobTable) -> None:
    """Remember order, width and visibility of the columns, and what the table is sorted by."""
    from PySide6.QtCore import Qt  # noqa: PLC0415 - makes all enums, 20 ms

    from longwatch_desktop.jobs.columns import COLUMNS  # noqa: PLC0415 - the window's frame needs none of it

    header = table.horizontalHeader()
    columns = [
        {
            "id": COLUMNS[number].id,
            "width": 0 if table.shares_width else header.sectionSize(number),
            "hidden": table.isColumnHidden(number),
        }
        for number in (header.logicalIndex(place) for place in range(header.count()))
    ]
    settings.setValue(_COLUMNS, json.dumps(columns))
    descending = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    sort = {"id": COLUMNS[header.sortIndicatorSection()].id, "descending": descending}
    settings.setValue(_SORT, json.dumps(sort))


def restore_columns(settings: QSettings, table: JobTable) -> None:
    """Put the columns back. One that is not remembered, since it is new, stays where it is."""
    from PySide6.QtCore import Qt  # noqa: PLC0415 - makes all enums, 20 ms

    from longwatch_desktop.jobs.columns import BY_ID  # noqa: PLC0415 - the window's frame needs none of it

    header = table.horizontalHeader()
    place = 0
    for one in _load(settings, _COLUMNS, list):
        number = BY_ID.get(one.get("id", "")) if isinstance(one, dict) else None
        if number is None:
            continue
        header.moveSection(header.visualIndex(number), place)
        place += 1
        table.show_column(number, not one.get("hidden"))
        if isinstance(one.get("width"), int) and one["width"] >= 20:
            table.keep_widths()
            header.resizeSection(number, one["width"])
    sort = _load(settings, _SORT, dict)
    number = BY_ID.get(sort.get("id", ""))
    if number is not None:
        descending = Qt.SortOrder.DescendingOrder
        ascending = Qt.SortOrder.AscendingOrder
        table.sortByColumn(number, descending if sort.get("descending") else ascending)


def save_tabs(settings: QSettings, editor: EditorPanel) -> None:
    """Remember the editor's texts."""
    import msgspec  # noqa: PLC0415 - the window's frame needs none of it

    settings.setValue(_TABS, msgspec.json.encode(editor.saved()).decode())


def restore_tabs(settings: QSettings, editor: EditorPanel) -> None:
    """Bring the editor's texts back."""
    import msgspec  # noqa: PLC0415 - the window's frame needs none of it

    from longwatch_desktop.editor.panel import SavedTabs  # noqa: PLC0415 - the window's frame needs none of it

    with contextlib.suppress(msgspec.MsgspecError):
        editor.restore(msgspec.json.decode(str(settings.value(_TABS, "")), type=SavedTabs))


def _load(settings: QSettings, key: str, kind: type[T]) -> T:
    """What is remembered, or an empty `kind`: a settings file may hold anything."""
    try:
        value = json.loads(str(settings.value(key, "null")))
    except ValueError:
        value = None
    return value if isinstance(value, kind) else kind()
