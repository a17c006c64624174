"""The main window: lays its parts out and wires them, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSettings, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QSplitter,
)

from longwatch_desktop import layout
from longwatch_desktop.clipboard import settle_clipboard
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from longwatch.protocol.jobs import JobSummary
    from longwatch.protocol.sources import SavedQuery
    from longwatch_desktop.mirror.jobs import Changes
    from longwatch_desktop.session import Health, Session

DETAIL_MS: Final = 200
"""How often the details follow a running job: faster only makes figures unreadable."""
KEEP_MS: Final = 1_000
FIRST_QUERY: Final = "overtaken-in-a-year"


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
        self._wanted_job: str | None = None
        self._detail_is_old = False
        self._failure = ""
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
        yield
        self.filter_bar = parts.FilterBar(theme)
        self.history = parts.JobHistory(session, self.model, self)
        self._strip = parts.HistoryStrip(self.history)
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
        self._counts = QLabel()
        self._tasks = parts.Tasks(lambda error: self.notice.say(str(error)))
        self.actions_ = parts.Actions(self, theme)
        self.job_desk = parts.JobDesk(
            self.table, self.model, self.control, self.actions_, self.details.full_job, self
        )
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
        self.query_desk = parts.QueryDesk(
            session, theme, self.panel, self.editor, self.tools, self.notice, self
        )
        self.settings_desk = parts.SettingsDesk(
            session, theme, settings, self.actions_, folder, self
        )
        yield
        yield from self._lay_out()
        self._wire()
        yield
        self._restore()
        self._start_timers()
        self._filled = True
        self._show_selection()
        self._show_emptiness()
        self.editor.page.setFocus()

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
        self._detail_timer = QTimer(self, interval=DETAIL_MS)
        self._detail_timer.timeout.connect(self._refresh_detail)
        self._detail_timer.start()

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
        await self.desk.stop()
        await self.query_desk.stop()
        await self.launcher.stop()
        await self.settings_desk.stop()
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
        jobs = layout.stacked(self.notice, self.filter_bar, self.table, self._strip)
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
        self._counts.setProperty("muted", True)
        self._counts.setContentsMargins(0, 0, 8, 0)
        bar.addPermanentWidget(self._counts)

    # Wiring

    def _wire(self) -> None:
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        session, actions = self._session, self.actions_
        session.jobs_changed.connect(self._jobs_changed)
        session.health_changed.connect(self._health_changed)
        session.catalogue_changed.connect(self._show_catalogue)
        session.trouble.connect(self.notice.say)
        actions.run.triggered.connect(self.launcher.run)
        actions.run_statement.triggered.connect(self.launcher.run_statement)
        actions.new_tab.triggered.connect(self.editor.open_new)
        actions.close_tab.triggered.connect(lambda: self.editor.close_page(self.editor.page))
        actions.open_file.triggered.connect(self.files.choose_and_open)
        actions.save_file.triggered.connect(self._save)
        actions.save_query.triggered.connect(self.query_desk.save)
        actions.add_source.triggered.connect(self.desk.add)
        actions.find_jobs.triggered.connect(self.filter_bar.focus_box)
        actions.find.triggered.connect(self._find)
        actions.replace.triggered.connect(lambda: self.editor.finder.open(replace=True))
        actions.format.triggered.connect(self.launcher.format)
        actions.comment.triggered.connect(self.editor.toggle_comment)
        areas = (self.editor, self.table, self.details, self.panel)
        actions.next_part.triggered.connect(lambda: layout.focus_next(areas))
        actions.retry.triggered.connect(session.retry_now)
        actions.shortcuts.triggered.connect(
            lambda: parts.dialogs.show_shortcuts(self, actions.all())
        )
        actions.about.triggered.connect(lambda: parts.dialogs.show_about(self, session))
        actions.quit.triggered.connect(self.close)
        self.panel.queries.opened.connect(self._open_query)
        self.filter_bar.changed.connect(self._filter)
        self.history.changed.connect(self._show_counts)
        self.table.selection_changed.connect(self._show_selection)
        self.table.activated_job.connect(self._activate)
        self.model.reordered.connect(self._rows_moved)
        self.details.place_wanted.connect(self.control.show_place)
        self.connection.retry_wanted.connect(session.retry_now)
        self.control.refused.connect(self.notice.say)
        self.servers.said.connect(self.notice.say)
        self.servers.told.connect(self.notice.tell)
        self.servers.chosen.connect(self.details.forget)
        self.launcher.refused.connect(self.notice.say)
        self.files.failed.connect(self.notice.say)
        self.details.result.troubled.connect(self.notice.say)
        self.editor.dropped.connect(self._offer_reopening)
        self.servers.chosen.connect(self.settings_desk.notifications.forget)
        self.settings_desk.opened.connect(self._open_job)
        self.settings_desk.wanted.connect(self.raise_to_front)
        self.settings_desk.quit_wanted.connect(self.close)
        self.control.submitted.connect(self._submitted)
        self.control.ended.connect(self._ended)

    # What happens

    def _save(self) -> None:
        """Where the text in front came from: a saved query, or else a file."""
        if self.editor.page.saved_as is not None:
            self.query_desk.save()
        else:
            self.files.choose_and_save()

    def _find(self) -> None:
        """In the part that has the keys."""
        focus = QApplication.focusWidget()
        if focus is not None and self.editor.isAncestorOf(focus):
            self.editor.finder.open()
        elif not (
            focus is not None and self.details.isAncestorOf(focus) and self.details.find_text()
        ):
            self.filter_bar.focus_box()

    def _submitted(self, job_id: str) -> None:
        self.notice.hide()
        self._wanted_job = job_id
        self._take_wanted()

    def _take_wanted(self) -> None:
        """Select the job that was just submitted, once the feed has brought it."""
        if self._wanted_job is not None and self.table.select_job(self._wanted_job):
            self._wanted_job = None
            self.details.show_overview()

    def _ended(self, job: JobSummary) -> None:
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        if self.details.job_id == job.id and job.state is parts.JobState.SUCCEEDED:
            self.details.show_result()

    def _jobs_changed(self, changes: Changes) -> None:
        self.model.apply(changes)
        self.history.follow(changes)
        self._take_wanted()
        mirror = self._session.mirror
        # Progress comes 25 times a second, and changes no count and nothing that may be done:
        # looking at the selection for it would cost a scan of all that is selected.
        if changes.reset or changes.added or changes.updated or changes.removed:
            self._show_counts()
            self._enable_actions()
        slot = mirror.slot(self.details.job_id) if self.details.job_id else None
        if slot is not None and slot in changes.updated:
            self._show_selection()
        elif slot is not None and slot in changes.progressed:
            self._detail_is_old = True

    def _show_counts(self) -> None:
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        history = self.history
        counts = history.counts
        total = sum(counts.values())
        self.filter_bar.set_counts(counts, history.matches, total, history.mine)
        self._counts.setText(parts.counts_text(counts))
        self._strip.show_story()
        self.settings_desk.show_counts()

    def _refresh_detail(self) -> None:
        if self._detail_is_old:
            self._show_selection()

    def _show_selection(self) -> None:
        self._detail_is_old = False
        job = self.table.current_job()
        self.details.show_job(job)
        self._enable_actions()

    def _enable_actions(self) -> None:
        connected = self._session.connected
        self.actions_.run.setEnabled(connected)
        self.actions_.run_statement.setEnabled(connected)
        self.job_desk.enable(connected=connected)

    def _health_changed(self, health: Health) -> None:
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        self.filter_bar.set_user(self._session.user)
        self.table.set_stale(health.link is not parts.Link.CONNECTED)
        if health.link is parts.Link.FAILED:
            self.notice.say(health.reason, tr("Try again"), self.restart_wanted.emit)
        elif health.link is parts.Link.CONNECTED and self.notice.text == self._failure:
            self.notice.hide()
        self._failure = health.reason or self._failure
        self._enable_actions()
        self._show_emptiness()

    def _show_catalogue(self) -> None:
        session = self._session
        self.panel.show_catalogue(session.sources, session.saved_queries)
        self.tools.show_sources(session.sources)
        self.launcher.show_source()
        self.model.set_sources({source.name: source.title for source in session.sources})
        if not self._settings.value("window/greeted"):
            self._settings.setValue("window/greeted", True)
            self._greet()

    def _offer_reopening(self, title: str, sql: str) -> None:
        def reopen() -> None:
            page = self.editor.open(title, sql)
            page.document().setModified(True)

        text = tr("Closed the tab '{title}', which was not saved.").format(title=title)
        self.notice.tell(text, tr("Reopen"), reopen)

    def _greet(self) -> None:
        """The first start: something long enough to watch, one click away."""
        queries = [one for one in self._session.saved_queries if one.name == FIRST_QUERY]
        if queries and self.editor.page.is_untouched:
            self._open_query(queries[0])

    def _open_query(self, query: SavedQuery) -> None:
        page = self.editor.open(query.title, query.sql, declared=query.parameters)
        page.saved_as = query.name
        self.tools.choose_source(query.source)

    def _filter(self, query: object) -> None:
        self.model.filter_by(query)  # type: ignore[arg-type]
        self.history.filter_by(query)  # type: ignore[arg-type]
        self._show_counts()
        self._show_selection()  # Qt says nothing when what was selected is hidden

    def _activate(self, job_id: str) -> None:
        slot = self._session.mirror.slot(job_id)
        if slot is not None and self._session.mirror.job(slot).result is not None:
            self.details.show_result()
        else:
            self.details.show_overview()

    def _rows_moved(self) -> None:
        self._show_emptiness()
        if not self.table.selectionModel().hasSelection():
            self._enable_actions()  # what was selected may have left the filter

    def _show_emptiness(self) -> None:
        """Every empty place says what to do next."""
        from longwatch_desktop import parts  # noqa: PLC0415 - when the frame is on the screen

        link = self._session.health.link
        starting = link is parts.Link.STARTING and not len(self.model.listing)
        self.table.empty_text = parts.empty_text(
            link,
            loading=self._session.mirror.loading or starting,
            narrowing=self.filter_bar.is_narrowing,
        )
        self.table.viewport().update()

    def _open_job(self, job_id: str) -> None:
        """Show the window and a job in it."""
        self.raise_to_front()
        self.filter_bar.clear()
        self.table.select_job(job_id)
        self._activate(job_id)

    def raise_to_front(self) -> None:
        """Somebody wants to see the window."""
        from PySide6.QtCore import Qt  # noqa: PLC0415 - as in `_lay_out`

        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
