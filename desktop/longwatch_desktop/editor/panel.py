"""The editor's tabs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QTabBar, QTabWidget, QToolButton, QVBoxLayout, QWidget

from longwatch.protocol.catalogue import Catalogue
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.sources import QueryParameter, SavedQuery
from longwatch_desktop.editor.completion import Completion, Vocabulary
from longwatch_desktop.editor.fields import Typed, retyped
from longwatch_desktop.editor.find_bar import FindBar
from longwatch_desktop.editor.foot import Foot
from longwatch_desktop.editor.scan import listed_names, parameter_names
from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

UNTITLED: Final = QT_TR_NOOP("Untitled")
"""The title of a tab that has none, in every language, but where it is shown."""
SCAN_MS: Final = 150
MOST_SCANNED: Final = 500_000
"""Characters: a longer text is looked through for parameters when it is run."""


class Page(SqlEdit):
    """One tab: a text, what it is called, whether it was changed since it was opened, and what its
    `:name`s are given."""

    def __init__(
        self, theme: Theme, title: str, sql: str, declared: Iterable[QueryParameter] = ()
    ) -> None:
        super().__init__(theme)
        self.title = title
        self.declared = {one.name: one for one in declared}
        self.typed: dict[str, Typed] = {}
        self.source: str | None = None
        """What it was last looked at with; `None` before that."""
        self.saved_as: str | None = None
        """The name of the saved query that it was opened from, or is kept as."""
        self.notify: list[str] = []
        """Who is told when its query is over."""
        self.completion = Completion(self)
        self.setPlainText(sql)
        self.document().setModified(False)

    @property
    def shown_title(self) -> str:
        """What it is called, for people."""
        return title_in_words(self.title)

    @property
    def is_untouched(self) -> bool:
        """Nobody would miss it: as it was opened, or empty."""
        return not self.document().isModified() or not self.toPlainText().strip()


class SavedTab(msgspec.Struct, frozen=True):
    """A tab as it is remembered. `changed` is false for one that is as it was opened."""

    title: str
    sql: str
    changed: bool
    typed: dict[str, Typed] = {}
    declared: list[QueryParameter] = []
    saved_as: str | None = None
    source: str | None = None
    notify: list[str] = []


class SavedTabs(msgspec.Struct, frozen=True):
    """Every tab, from left to right, and which one is in front."""

    tabs: list[SavedTab]
    front: int


class EditorPanel(QWidget):
    """Tabs of SQL. `edited` tells that something worth remembering changed, `settled` that the
    query in front may be another and that its fields are shown, `dropped` the title and the text
    of a tab that was closed and is nowhere else."""

    edited = Signal()
    settled = Signal()
    shown = Signal()
    """Another tab is in front."""
    dropped = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._vocabulary = Vocabulary()
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setTabsClosable(False)
        self._tabs.setMovable(True)
        self._add = QToolButton()
        self._add.setToolTip(tr("New tab (Ctrl+T)"))
        self._add.setAccessibleName(tr("New tab"))
        self._add.clicked.connect(self.open_new)
        self._tabs.setCornerWidget(self._add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._tabs, 1)
        self.finder = FindBar(lambda: self.page, theme)
        self.finder.closed.connect(self._focus_page)
        self.finder.closed.connect(self._unmark)
        layout.addWidget(self.finder)
        self.foot = Foot(theme)
        layout.addWidget(self.foot)
        self.foot.form.edited.connect(self._keep_typed)
        self.foot.notify.changed.connect(self._keep_notify)
        self._scan = QTimer(self, interval=SCAN_MS, singleShot=True)
        self._scan.timeout.connect(self._look)
        self._tabs.currentChanged.connect(lambda _index: self._scan.start())
        self._tabs.currentChanged.connect(self._tell_shown)
        theme.changed.connect(self._recolor)
        self.open_new()
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

    def has(self, page: Page) -> bool:
        """Whether a tab is still there: one that was closed must not be touched any more."""
        return any(one is page for one in self.pages())

    def toggle_comment(self) -> None:
        """Comment the lines of the selection out, or in again."""
        self.page.toggle_comment()

    def know(self, catalogue: Catalogue | None, engine: str = "") -> None:
        """Complete the tables and columns of a source of this engine from now on."""
        self._vocabulary = Vocabulary(catalogue, engine)
        for page in self.pages():
            page.completion.vocabulary = self._vocabulary

    def replace_text(self, page: Page, sql: str) -> None:
        """Put another text into a tab, or in place of its selection, so that it can be undone."""
        cursor = page.textCursor()
        if not cursor.hasSelection():
            cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(sql)

    def ask_for_parameters(self, *, however_long: bool = False) -> None:
        """Show a field for each `:name` of the text in front."""
        page = self.page
        text = page.toPlainText()
        short = however_long or len(text) <= MOST_SCANNED
        names = parameter_names(text) if short else list(page.typed)
        self.foot.form.show_fields(names, page.typed, page.declared, listed_names(text))

    def open(
        self,
        title: str,
        sql: str,
        *,
        declared: Iterable[QueryParameter] = (),
        values: Mapping[str, Parameter] | None = None,
        beside: bool = False,
    ) -> Page:
        """Show `sql` in a tab: one that has just this text, else an untouched one is taken over
        (not with `beside`), else a new one is made. `declared` is what to ask for its `:name`s,
        `values` what they were given."""
        for page in self.pages():
            if sql and page.toPlainText() == sql:
                self._take_values(page, values)
                self._tabs.setCurrentWidget(page)
                page.setFocus()
                return page
        if self._tabs.count() and sql and self.page.is_untouched and not beside:
            self._remove(self.page)
        page = self._append(title, sql, declared)
        self._take_values(page, values)
        self._tabs.setCurrentWidget(page)
        page.setFocus()
        self.edited.emit()
        return page

    def saved(self) -> SavedTabs:
        """What to remember."""
        tabs = [
            SavedTab(
                title=page.title,
                sql=page.toPlainText(),
                changed=page.document().isModified(),
                typed=page.typed,
                declared=list(page.declared.values()),
                saved_as=page.saved_as,
                source=page.source,
                notify=page.notify,
            )
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
            page = self._append(tab.title, tab.sql, tab.declared)
            page.typed = dict(tab.typed)
            page.saved_as = tab.saved_as
            page.source = tab.source
            page.notify = [*tab.notify]
            page.document().setModified(tab.changed)
        self._tabs.setCurrentIndex(min(max(0, saved.front), len(saved.tabs) - 1))
        self.show_notify()

    def mark_saved(self, page: Page, query: SavedQuery) -> None:
        """A tab's text is kept on the server now."""
        page.saved_as = query.name
        page.title = query.title
        page.declared = {one.name: one for one in query.parameters}
        # What is suggested stands where nothing was typed.
        page.typed = {name: one for name, one in page.typed.items() if one.text}
        page.document().setModified(page.toPlainText() != query.sql)
        self._retitle(page)
        self._scan.start()
        self.edited.emit()

    def open_new(self) -> None:
        """Open an empty tab."""
        self.open(UNTITLED, "")

    def close_page(self, page: Page) -> None:
        """Close a tab; the last one is replaced by an empty one."""
        lost = None if page.is_untouched else (page.title, page.toPlainText())
        self._remove(page)
        if not self._tabs.count():
            self.open(UNTITLED, "")
        self.edited.emit()
        if lost is not None:
            self.dropped.emit(*lost)

    def _take_values(self, page: Page, values: Mapping[str, Parameter] | None) -> None:
        if values:
            page.typed = {name: retyped(value) for name, value in values.items()}
            self._scan.start()

    def _focus_page(self) -> None:
        self.page.setFocus()

    def _unmark(self) -> None:
        for page in self.pages():
            page.mark_found([])

    def _tell_shown(self, index: int) -> None:
        if index >= 0:  # not while the last one is replaced
            self.show_notify()
            self.shown.emit()

    def _look(self) -> None:
        self.finder.follow()
        self.ask_for_parameters()
        self.settled.emit()

    def _keep_typed(self) -> None:
        self.page.typed.update(self.foot.form.typed())
        self.settled.emit()
        self.edited.emit()

    def show_notify(self) -> None:
        """Show whom the query in front tells when it is over."""
        self.foot.notify.choose(self.page.notify)

    def _keep_notify(self) -> None:
        self.page.notify = self.foot.notify.remembered
        self.edited.emit()

    def _append(self, title: str, sql: str, declared: Iterable[QueryParameter] = ()) -> Page:
        page = Page(self._theme, title, sql, declared)
        page.completion.vocabulary = self._vocabulary
        index = self._tabs.addTab(page, page.shown_title)
        page.document().modificationChanged.connect(lambda _changed: self._retitle(page))
        page.edited.connect(self.edited)
        page.edited.connect(self._scan.start)
        page.selectionChanged.connect(self._scan.start)
        self._tabs.tabBar().setTabButton(
            index, QTabBar.ButtonPosition.RightSide, self._close_button(page)
        )
        return page

    def _remove(self, page: Page) -> None:
        self._tabs.removeTab(self._tabs.indexOf(page))
        page.deleteLater()

    def _retitle(self, page: Page) -> None:
        dot = " •" if page.document().isModified() else ""
        self._tabs.setTabText(self._tabs.indexOf(page), page.shown_title + dot)

    def _close_button(self, page: Page) -> QToolButton:
        button = QToolButton()
        button.setObjectName("close-tab")
        button.setIcon(self._theme.icon("close", self._theme.colors.muted))
        button.setToolTip(tr("Close tab (Ctrl+W)"))
        button.setAccessibleName(tr("Close {title}").format(title=page.shown_title))
        button.setStyleSheet("padding: 1px;")
        button.clicked.connect(lambda: self.close_page(page))
        return button

    def _recolor(self) -> None:
        self._add.setIcon(self._theme.icon("plus"))
        for button in self.findChildren(QToolButton, "close-tab"):
            button.setIcon(self._theme.icon("close", self._theme.colors.muted))


def title_in_words(title: str) -> str:
    """The title of a tab, for people."""
    return tr(UNTITLED) if title == UNTITLED else title
