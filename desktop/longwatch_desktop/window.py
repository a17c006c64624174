"""The main window: lays its parts out and wires them, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSettings, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QSplitter

from longwatch_desktop import layout
from longwatch_desktop.clipboard import settle_clipboard
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longwatch_desktop.session import Session

KEEP_MS: Final = 1_000


class MainWindow(QMainWindow):
    """`close_wanted` asks for the program's end; the window stays until `let_go`."""

    close_wanted = Signal()
    restart_wanted = Signal()
    """The embedded server should be started again."""

    def __init__(
        self, session: Session | None, theme: Theme, settings: QSettings, folder: Path | None = None
    ) -> None:
        """`folder` is where the list of servers is kept; without one there is none. Without a
        session it is an empty frame, until it is filled (`filling`)."""
        super().__init__()
        self._session: Session
        self._theme = theme
        self._settings = settings
        self._folder = folder
        self._may_close = False
        self._filled = False
        self.close_asked = False
        """Whether somebody tried to close it."""
        self.setWindowTitle("Longwatch")
        self.setMinimumSize(QSize(720, 520))
        if not layout.restore_window(settings, self):
            self.resize(1280, 860)
        if session is None:
            starting = QLabel(tr("Starting…"))
            starting.setObjectName("starting")
            self.setCentralWidget(starting)
        else:
            for _ in self.filling(session):
                pass

    def filling(self, session: Session) -> Iterator[None]:
        """Make the parts and put them in, in steps that take some ten milliseconds each: whoever
        goes through them lets the window live in between."""
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        theme, settings, folder = self._theme, self._settings, self._folder
        self._session = session
        self.editor = parts.EditorPanel(theme)
        yield
        self.model = parts.JobTableModel(session.mirror, session.clock, self)
        self.table = parts.JobTable(self.model, theme)
        self.table.sight_changed.connect(session.show)
        yield
        self.filter_bar = parts.FilterBar(theme)
        self.history = parts.JobHistory(session, self.model, self)
        self.history_strip = parts.HistoryStrip(self.history)
        overview = parts.Overview(theme)
        yield
        result = parts.ResultView(parts.ResultReader(session), theme)
        yield
        self.details = parts.DetailPane(session, theme, overview=overview, result=result)
        yield
        self.catalogues = parts.Catalogues(session, self)
        self.panel = parts.SourcePanel(session, self.catalogues, theme)
        yield
        self.notice = parts.NoticeBar(theme)
        self.control = parts.JobControl(session, self.editor, self)
        self.files = parts.SqlFiles(self.editor, self)
        self.connection = parts.ConnectionStatus(session, theme)
        self.counts = QLabel()
        self._tasks = parts.Tasks(lambda error: self.notice.say(str(error)))
        self.actions_ = parts.Actions(self, theme)
        self.job_desk = parts.JobDesk(
            self.table, self.model, self.control, self.actions_, self.details.full_job, self
        )
        self.all_matching = parts.AllMatching(session, self.model, self)
        self.servers = parts.ServerControl(self, theme, settings, folder)
        yield
        self.tools = parts.ToolBar(self.actions_)
        self.tools.add_at_end(parts.ServerButton(self.servers, session, theme))
        self.launcher = parts.Launcher(
            session, self.editor, self.tools, self.control, self.catalogues
        )
        yield
        self.desk = parts.SourceDesk(
            session, theme, self.panel, self.catalogues, self.editor, self.tools, self.launcher,
            self.notice, self.files, self,
        )  # fmt: skip
        self._make_desks(session)
        yield
        yield from self._lay_out()
        self._controller = parts.WindowController(self, session)
        yield
        self._restore()
        self._start_timers()
        self._filled = True
        self._controller.show()
        self.editor.page.setFocus()

    def _make_desks(self, session: Session) -> None:
        from longwatch_desktop import parts  # noqa: PLC0415 - as in `filling`

        theme, settings = self._theme, self._settings
        self.query_desk = parts.QueryDesk(
            session, theme, self.panel, self.editor, self.tools, self.notice, self
        )
        self.settings_desk = parts.SettingsDesk(
            session, theme, settings, self.actions_, self._folder, self
        )
        self.admin_desk = parts.AdminDesk(
            session, theme, self.actions_, self.desk, self.servers, self
        )
        self.accuracy_desk = parts.AccuracyDesk(session, self.actions_, self)
        self.move_desk = parts.MoveDesk(
            session, self.servers, self.table, self.actions_, self.notice, settings, self
        )

    def _restore(self) -> None:
        settings = self._settings
        layout.restore_splitters(settings, self._splitters())
        layout.restore_columns(settings, self.table)
        layout.restore_tabs(settings, self.editor)
        self.panel.restore(str(settings.value("window/panel_tree", "")))

    def _start_timers(self) -> None:
        # A crash must not cost what was typed: it is kept a moment after typing stops.
        self._keep = QTimer(self, interval=KEEP_MS, singleShot=True)
        self._keep.timeout.connect(self._keep_texts)
        self.editor.edited.connect(self._keep.start)

    @property
    def settings(self) -> QSettings:
        """What is kept from one start to the next."""
        return self._settings

    @property
    def theme(self) -> Theme:
        """Its colours and icons."""
        return self._theme

    def let_go(self) -> None:
        """The program ends: remember the layout and let the window be closed."""
        layout.save_window(self._settings, self, self._splitters())
        layout.save_columns(self._settings, self.table)
        self._settings.setValue("window/panel_tree", self.panel.remembered())
        layout.save_tabs(self._settings, self.editor)
        self._settings.sync()
        self._may_close = True
        self.settings_desk.leave()
        settle_clipboard()
        self.hide()

    async def stop(self) -> None:
        """Let go of everything that is under way."""
        await self.history.stop()
        await self.files.stop()
        await self.control.stop()
        await self.servers.stop()
        await self.job_desk.stop()
        await self.move_desk.stop()
        await self.all_matching.stop()
        await self.desk.stop()
        await self.query_desk.stop()
        await self.launcher.stop()
        await self.settings_desk.stop()
        await self.admin_desk.stop()
        await self.accuracy_desk.stop()
        await self.details.stop()
        await self._tasks.close()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Whoever comes back from a terminal may have added a source there."""
        super().changeEvent(event)
        activated = event.type() == QEvent.Type.ActivationChange and self.isActiveWindow()
        if activated and self._filled:
            self._session.look_again()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if self._may_close:
            super().closeEvent(event)
            return
        event.ignore()
        self.close_asked = True
        self.close_wanted.emit()

    def _keep_texts(self) -> None:
        layout.save_tabs(self._settings, self.editor)
        self._settings.sync()

    # Laying out

    def _splitters(self) -> dict[str, QSplitter]:
        return {"across": self._across, "down": self._down, "panel": self.panel.splitter}

    def _lay_out(self) -> Iterator[None]:
        from PySide6.QtCore import Qt  # noqa: PLC0415 - makes all enums of Qt: 20 ms

        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._down = QSplitter(Qt.Orientation.Vertical)
        self.actions_.fill_menus(self.menuBar())
        self.actions_.servers.aboutToShow.connect(
            lambda: parts.fill(self.actions_.servers, self.servers)
        )
        yield
        self.addToolBar(self.tools)
        yield
        jobs = layout.stacked(self.notice, self.filter_bar, self.table, self.history_strip)
        yield
        yield from layout.divide(
            self._across, self._down, self.panel, (self.editor, jobs, self.details)
        )
        yield
        self.setCentralWidget(self._across)
        yield
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.connection, 1)
        self.counts.setProperty("muted", True)
        self.counts.setContentsMargins(0, 0, 8, 0)
        bar.addPermanentWidget(self.counts)

    def raise_to_front(self) -> None:
        """Somebody wants to see the window."""
        from PySide6.QtCore import Qt  # noqa: PLC0415 - as in `_lay_out`

        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
