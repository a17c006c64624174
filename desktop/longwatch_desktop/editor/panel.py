"""The editor's tabs."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QTabBar, QTabWidget, QToolButton, QVBoxLayout, QWidget

from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.theme import Theme

UNTITLED = "Untitled"


class Page(SqlEdit):
    """One tab: a text, what it is called, and whether it was changed since it was opened."""

    def __init__(self, theme: Theme, title: str, sql: str) -> None:
        super().__init__(theme)
        self.title = title
        self.setPlainText(sql)
        self.document().setModified(False)

    @property
    def is_untouched(self) -> bool:
        """Nobody would miss it: as it was opened, or empty."""
        return not self.document().isModified() or not self.toPlainText().strip()


class SavedTab(msgspec.Struct, frozen=True):
    """A tab as it is remembered. `changed` is false for one that is as it was opened."""

    title: str
    sql: str
    changed: bool


class SavedTabs(msgspec.Struct, frozen=True):
    """Every tab, from left to right, and which one is in front."""

    tabs: list[SavedTab]
    front: int


class EditorPanel(QWidget):
    """Tabs of SQL. `edited` tells that something worth remembering changed, `dropped` the title and
    the text of a tab that was closed and is nowhere else."""

    edited = Signal()
    dropped = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setTabsClosable(False)
        self._tabs.setMovable(True)
        self._add = QToolButton()
        self._add.setToolTip("New tab (Ctrl+T)")
        self._add.setAccessibleName("New tab")
        self._add.clicked.connect(lambda: self.open(UNTITLED, ""))
        self._tabs.setCornerWidget(self._add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs)
        theme.changed.connect(self._recolor)
        for keys, act in (
            ("Ctrl+T", lambda: self.open(UNTITLED, "")),
            ("Ctrl+W", lambda: self.close_page(self.page)),
            ("Ctrl+/", self._toggle_comment),
        ):
            QShortcut(QKeySequence(keys), self, act)
        self.open(UNTITLED, "")
        self._recolor()

    @property
    def page(self) -> Page:
        """The tab in front; there always is one."""
        page = self._tabs.currentWidget()
        assert isinstance(page, Page)
        return page

    def pages(self) -> list[Page]:
        """Every tab, from left to right."""
        found = [self._tabs.widget(index) for index in range(self._tabs.count())]
        return [page for page in found if isinstance(page, Page)]

    def open(self, title: str, sql: str) -> Page:
        """Show `sql` in a tab: one that has just this text, else an untouched one is taken over,
        else a new one is made."""
        for page in self.pages():
            if sql and page.toPlainText() == sql:
                self._tabs.setCurrentWidget(page)
                page.setFocus()
                return page
        if self._tabs.count() and sql and self.page.is_untouched:
            self._remove(self.page)
        page = self._append(title, sql)
        self._tabs.setCurrentWidget(page)
        page.setFocus()
        self.edited.emit()
        return page

    def saved(self) -> SavedTabs:
        """What to remember."""
        tabs = [
            SavedTab(page.title, page.toPlainText(), page.document().isModified())
            for page in self.pages()
        ]
        return SavedTabs(tabs, self._tabs.currentIndex())

    def restore(self, saved: SavedTabs) -> None:
        """Bring back remembered tabs instead of those there are."""
        if not saved.tabs:
            return
        for page in self.pages():
            self._remove(page)
        for tab in saved.tabs:
            page = self._append(tab.title, tab.sql)
            page.document().setModified(tab.changed)
        self._tabs.setCurrentIndex(min(max(0, saved.front), len(saved.tabs) - 1))

    def close_page(self, page: Page) -> None:
        """Close a tab; the last one is replaced by an empty one."""
        lost = None if page.is_untouched else (page.title, page.toPlainText())
        self._remove(page)
        if not self._tabs.count():
            self.open(UNTITLED, "")
        self.edited.emit()
        if lost is not None:
            self.dropped.emit(*lost)

    def _append(self, title: str, sql: str) -> Page:
        page = Page(self._theme, title, sql)
        index = self._tabs.addTab(page, title)
        page.document().modificationChanged.connect(lambda _changed: self._retitle(page))
        page.edited.connect(self.edited)
        self._tabs.tabBar().setTabButton(
            index, QTabBar.ButtonPosition.RightSide, self._close_button(page)
        )
        return page

    def _toggle_comment(self) -> None:
        self.page.toggle_comment()

    def _remove(self, page: Page) -> None:
        self._tabs.removeTab(self._tabs.indexOf(page))
        page.deleteLater()

    def _retitle(self, page: Page) -> None:
        dot = " •" if page.document().isModified() else ""
        self._tabs.setTabText(self._tabs.indexOf(page), page.title + dot)

    def _close_button(self, page: Page) -> QToolButton:
        button = QToolButton()
        button.setObjectName("close-tab")
        button.setIcon(self._theme.icon("close", self._theme.colors.muted))
        button.setToolTip("Close tab (Ctrl+W)")
        button.setAccessibleName(f"Close {page.title}")
        button.setStyleSheet("padding: 1px;")
        button.clicked.connect(lambda: self.close_page(page))
        return button

    def _recolor(self) -> None:
        self._add.setIcon(self._theme.icon("plus"))
        for button in self.findChildren(QToolButton, "close-tab"):
            button.setIcon(self._theme.icon("close", self._theme.colors.muted))
