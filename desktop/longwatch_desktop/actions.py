"""The window's commands: one `QAction` each, for toolbar, menus and keys."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from longwatch_desktop.preferences import MODES
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

_RUN_KEYS: Final = ("Ctrl+Return", "Ctrl+Enter", "F9")


class Actions(QObject):
    """Every command. What they do is connected by the window."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)  # which ends what is connected to the theme, too
        self._parent = parent
        self._theme = theme
        self._icons: list[tuple[QAction, str]] = []
        self.run = self._make(
            tr("Run"), "run", _RUN_KEYS, tr("Run the selection, or the whole text")
        )
        self.run_statement = self._make(
            tr("Run statement"),
            "run",
            ("Alt+Return", "Alt+Enter"),
            tr("Run the statement at the cursor"),
        )
        self.cancel = self._make(
            tr("Cancel"), "cancel", ("Ctrl+.",), tr("Cancel the selected jobs")
        )
        self.again = self._make(
            tr("Run again"),
            "again",
            ("Ctrl+Shift+Return",),
            tr("Submit the selected jobs' SQL again"),
        )
        self.open_sql = self._make(
            tr("Open SQL in editor"), "query", (), tr("Show the job's SQL in the editor")
        )
        self.copy_sql = self._make(tr("Copy SQL"), "copy", (), tr("Copy the job's SQL"))
        self.copy_id = self._make(tr("Copy job ID"), "copy", (), tr("Copy the job's id"))
        self.copy_jobs = self._make(
            tr("Copy rows"), "copy", (), tr("Copy the selected rows as text")
        )
        self.copy_csv = self._make(
            tr("Copy rows as CSV"), "copy", (), tr("Copy the selected rows as CSV")
        )
        self.delete = self._make(
            tr("Delete…"), "delete", (), tr("Delete the selected jobs (Delete)")
        )
        self.cancel_all = self._make(
            tr("Cancel all that match…"), "", (), tr("Cancel every job that the filter shows")
        )
        self.delete_all = self._make(
            tr("Delete all that match…"), "", (), tr("Delete every job over that the filter shows")
        )
        self.new_tab = self._make(tr("New tab"), "", ("Ctrl+T",), tr("Open an empty tab"))
        self.close_tab = self._make(tr("Close tab"), "", ("Ctrl+W",), tr("Close the tab in front"))
        self.open_file = self._make(tr("Open…"), "open", ("Ctrl+O",), tr("Open a file of SQL"))
        self.save_file = self._make(
            tr("Save as…"), "save", ("Ctrl+S",), tr("Save the text to a file")
        )
        self.save_query = self._make(
            tr("Save query…"),
            "save",
            ("Ctrl+Shift+S",),
            tr("Keep the text on the server, to run it again"),
        )
        self.add_source = self._make(tr("Add source…"), "plus", (), tr("Add something to query"))
        self.find = self._make(
            tr("Find…"), "search", ("Ctrl+F",), tr("Find in the text, or filter the jobs")
        )
        self.replace = self._make(
            tr("Replace…"), "", ("Ctrl+H",), tr("Find and replace in the text")
        )
        self.format = self._make(
            tr("Format", "a command"),
            "",
            ("Ctrl+Shift+I",),
            tr("Lay the selection, or the whole text, out anew"),
        )
        self.comment = self._make(tr("Comment out or in"), "", ("Ctrl+/",), "")
        self.find_jobs = self._make(
            tr("Filter jobs"), "search", ("Ctrl+Shift+F",), tr("Go to the filter box")
        )
        self.next_part = self._make(
            tr("Next part"),
            "",
            ("F6",),
            tr("Go on to the jobs, the details, the sources, the editor"),
        )
        self.retry = self._make(
            tr("Reconnect now"), "refresh", ("F5",), tr("Try to connect at once")
        )
        self.manage = self._make(
            tr("Manage server…"), "", (), tr("Its people and tokens, and what they did")
        )
        self.accuracy = self._make(
            tr("How right the times were…"), "", (), tr("Bars and times left, held against the end")
        )
        self.preferences = self._make(tr("Preferences…"), "", ("Ctrl+,",), "")
        self.preferences.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.shortcuts = self._make(tr("Keyboard shortcuts"), "", ("Ctrl+?", "F1"), "")
        self.show_report = self._make(
            tr("Show last report…"), "", (), tr("What went wrong in Longwatch itself, to copy")
        )
        self.show_report.setEnabled(False)
        self.about = self._make(tr("About Longwatch"), "", (), "")
        self.quit = self._make(tr("Quit"), "", ("Ctrl+Q",), "")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.servers = QMenu(tr("Work with"), parent)
        self.move = QMenu(tr("Move to"), parent)
        self.move.setToolTip(tr("Let another server run the selected jobs that wait"))
        self.themes = self._make_themes(theme)
        theme.changed.connect(self._recolor)
        self._recolor()

    def _make_themes(self, theme: Theme) -> QActionGroup:
        themes = QActionGroup(self._parent)
        for mode, title in MODES:
            action = QAction(tr(title), self._parent)
            action.setCheckable(True)
            action.setData(mode)
            action.setChecked(mode is theme.mode)
            themes.addAction(action)
        return themes

    def fill_menus(self, bar: QMenuBar) -> None:
        """Every command is in a menu, so that each can be found."""
        file = bar.addMenu(tr("&File"))
        file.addAction(self.new_tab)
        file.addActions([self.open_file, self.save_file])
        file.addAction(self.close_tab)
        file.addSeparator()
        file.addActions([self.save_query, self.add_source])
        file.addSeparator()
        file.addAction(self.preferences)
        file.addSeparator()
        file.addAction(self.quit)
        query = bar.addMenu(tr("&Query"))
        query.addActions([self.run, self.run_statement])
        query.addSeparator()
        query.addActions([self.find, self.replace, self.format, self.comment])
        jobs = bar.addMenu(tr("&Jobs"))
        jobs.addActions([self.cancel, self.again])
        jobs.addMenu(self.move)
        jobs.addSeparator()
        jobs.addActions([self.open_sql, self.copy_sql, self.copy_id])
        jobs.addActions([self.copy_jobs, self.copy_csv])
        jobs.addSeparator()
        jobs.addAction(self.delete)
        jobs.addSeparator()
        jobs.addActions([self.cancel_all, self.delete_all])
        jobs.addSeparator()
        jobs.addAction(self.find_jobs)
        view = bar.addMenu(tr("&View"))
        view.addAction(self.next_part)
        theme = view.addMenu(tr("Theme"))
        theme.addActions(self.themes.actions())
        server = bar.addMenu(tr("&Server"))
        server.addMenu(self.servers)
        server.addSeparator()
        server.addAction(self.retry)
        server.addSeparator()
        server.addActions([self.accuracy, self.manage])
        help_menu = bar.addMenu(tr("&Help"))
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
