"""The window's commands: one `QAction` each, for toolbar, menus and keys."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from longwatch_desktop.preferences import MODES
from longwatch_desktop.theme import Theme

_RUN_KEYS: Final = ("Ctrl+Return", "Ctrl+Enter", "F9")


class Actions(QObject):
    """Every command. What they do is connected by the window."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)  # which ends what is connected to the theme, too
        self._parent = parent
        self._theme = theme
        self._icons: list[tuple[QAction, str]] = []
        self.run = self._make("Run", "run", _RUN_KEYS, "Run the selection, or the whole text")
        self.run_statement = self._make(
            "Run statement", "run", ("Alt+Return", "Alt+Enter"), "Run the statement at the cursor"
        )
        self.cancel = self._make("Cancel", "cancel", ("Ctrl+.",), "Cancel the selected jobs")
        self.again = self._make(
            "Run again", "again", ("Ctrl+Shift+Return",), "Submit the selected jobs' SQL again"
        )
        self.open_sql = self._make(
            "Open SQL in editor", "query", (), "Show the job's SQL in the editor"
        )
        self.copy_sql = self._make("Copy SQL", "copy", (), "Copy the job's SQL")
        self.copy_id = self._make("Copy job ID", "copy", (), "Copy the job's id")
        self.copy_jobs = self._make("Copy rows", "copy", (), "Copy the selected rows as text")
        self.copy_csv = self._make("Copy rows as CSV", "copy", (), "Copy the selected rows as CSV")
        self.delete = self._make("Delete…", "delete", (), "Delete the selected jobs (Delete)")
        self.new_tab = self._make("New tab", "", ("Ctrl+T",), "Open an empty tab")
        self.close_tab = self._make("Close tab", "", ("Ctrl+W",), "Close the tab in front")
        self.open_file = self._make("Open…", "open", ("Ctrl+O",), "Open a file of SQL")
        self.save_file = self._make("Save as…", "save", ("Ctrl+S",), "Save the text to a file")
        self.save_query = self._make(
            "Save query…", "save", ("Ctrl+Shift+S",), "Keep the text on the server, to run it again"
        )
        self.add_source = self._make("Add source…", "plus", (), "Add something to query")
        self.find = self._make(
            "Find…", "search", ("Ctrl+F",), "Find in the text, or filter the jobs"
        )
        self.replace = self._make("Replace…", "", ("Ctrl+H",), "Find and replace in the text")
        self.format = self._make(
            "Format", "", ("Ctrl+Shift+I",), "Lay the selection, or the whole text, out anew"
        )
        self.comment = self._make("Comment out or in", "", ("Ctrl+/",), "")
        self.find_jobs = self._make(
            "Filter jobs", "search", ("Ctrl+Shift+F",), "Go to the filter box"
        )
        self.next_part = self._make(
            "Next part", "", ("F6",), "Go on to the jobs, the details, the sources, the editor"
        )
        self.retry = self._make("Reconnect now", "refresh", ("F5",), "Try to connect at once")
        self.preferences = self._make("Preferences…", "", ("Ctrl+,",), "")
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.shortcuts = self._make("Keyboard shortcuts", "", ("Ctrl+?", "F1"), "")
        self.show_report = self._make(
            "Show last report…", "", (), "What went wrong in Longwatch itself, to copy"
        )
        self.show_report.setEnabled(False)
        self.about = self._make("About Longwatch", "", (), "")
        self.quit = self._make("Quit", "", ("Ctrl+Q",), "")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.servers = QMenu("Work with", parent)
        self.themes = QActionGroup(parent)
        for mode, title in MODES:
            action = QAction(title, parent)
            action.setCheckable(True)
            action.setData(mode)
            action.setChecked(mode is theme.mode)
            self.themes.addAction(action)
        theme.changed.connect(self._recolor)
        self._recolor()

    def fill_menus(self, bar: QMenuBar) -> None:
        """Every command is in a menu, so that each can be found."""
        file = bar.addMenu("&File")
        file.addAction(self.new_tab)
        file.addActions([self.open_file, self.save_file])
        file.addAction(self.close_tab)
        file.addSeparator()
        file.addActions([self.save_query, self.add_source])
        file.addSeparator()
        file.addAction(self.preferences)
        file.addSeparator()
        file.addAction(self.quit)
        query = bar.addMenu("&Query")
        query.addActions([self.run, self.run_statement])
        query.addSeparator()
        query.addActions([self.find, self.replace, self.format, self.comment])
        jobs = bar.addMenu("&Jobs")
        jobs.addActions([self.cancel, self.again])
        jobs.addSeparator()
        jobs.addActions([self.open_sql, self.copy_sql, self.copy_id])
        jobs.addActions([self.copy_jobs, self.copy_csv])
        jobs.addSeparator()
        jobs.addAction(self.delete)
        jobs.addSeparator()
        jobs.addAction(self.find_jobs)
        view = bar.addMenu("&View")
        view.addAction(self.next_part)
        theme = view.addMenu("Theme")
        theme.addActions(self.themes.actions())
        server = bar.addMenu("&Server")
        server.addMenu(self.servers)
        server.addSeparator()
        server.addAction(self.retry)
        help_menu = bar.addMenu("&Help")
        help_menu.addActions([self.shortcuts, self.show_report, self.about])

    def all(self) -> list[QAction]:
        """Every command that has keys."""
        return [action for action, _ in self._icons if action.shortcuts()]

    def _make(self, title: str, icon: str, keys: tuple[str, ...], tip: str) -> QAction:
        action = QAction(title, self._parent)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if tip:
            shown = f" ({action.shortcut().toString(_NATIVE)})" if keys else ""
            action.setToolTip(tip + shown)
        self._icons.append((action, icon))
        return action

    def _recolor(self) -> None:
        for action, icon in self._icons:
            if icon:
                shade = self._theme.colors.on_accent if action is self.run else None
                action.setIcon(self._theme.icon(icon, shade))


_NATIVE: Final = QKeySequence.SequenceFormat.NativeText
