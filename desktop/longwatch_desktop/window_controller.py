"""What happens in the window when somebody acts or the server tells something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from longwatch.protocol.bulk import BulkAction
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch.protocol.sources import SavedQuery
from longwatch_desktop import dialogs, layout
from longwatch_desktop.editor.panel import title_in_words
from longwatch_desktop.jobs.emptiness import empty_text
from longwatch_desktop.mirror.jobs import Changes
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.servers.status import counts_text
from longwatch_desktop.session import Health, Link, Session
from longwatch_desktop.translation import tr

if TYPE_CHECKING:
    from longwatch_desktop.window import MainWindow

DETAIL_MS: Final = 200
"""How often the details follow a running job: faster only makes figures unreadable."""
FIRST_QUERY: Final = "overtaken-in-a-year"


class WindowController(QObject):
    """Connects the parts of a window, and carries out what concerns several of them."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._wanted_job: str | None = None
        self._detail_is_old = False
        self._failure = ""
        self._wire()
        self._detail_timer = QTimer(self, interval=DETAIL_MS, singleShot=True)
        self._detail_timer.timeout.connect(self._refresh_detail)

    def show(self) -> None:
        """Bring the window in line with what is known."""
        self._show_selection()
        self._show_emptiness()

    def _wire(self) -> None:
        window, session, actions = self._window, self._session, self._window.actions_
        session.jobs_changed.connect(self._jobs_changed)
        session.health_changed.connect(self._health_changed)
        session.catalogue_changed.connect(self._show_catalogue)
        session.trouble.connect(window.notice.say)
        actions.run.triggered.connect(window.launcher.run)
        actions.run_statement.triggered.connect(window.launcher.run_statement)
        actions.new_tab.triggered.connect(window.editor.open_new)
        actions.close_tab.triggered.connect(lambda: window.editor.close_page(window.editor.page))
        actions.open_file.triggered.connect(window.files.choose_and_open)
        actions.save_file.triggered.connect(self._save)
        actions.save_query.triggered.connect(window.query_desk.save)
        actions.add_source.triggered.connect(window.desk.add)
        actions.cancel_all.triggered.connect(lambda: window.all_matching.ask(BulkAction.CANCEL))
        actions.delete_all.triggered.connect(lambda: window.all_matching.ask(BulkAction.DELETE))
        actions.find_jobs.triggered.connect(window.filter_bar.focus_box)
        actions.find.triggered.connect(self._find)
        actions.replace.triggered.connect(lambda: window.editor.finder.open(replace=True))
        actions.format.triggered.connect(window.launcher.format)
        actions.comment.triggered.connect(window.editor.toggle_comment)
        areas = (window.editor, window.table, window.details, window.panel)
        actions.next_part.triggered.connect(lambda: layout.focus_next(areas))
        actions.retry.triggered.connect(session.retry_now)
        actions.shortcuts.triggered.connect(lambda: dialogs.show_shortcuts(window, actions.all()))
        actions.about.triggered.connect(lambda: dialogs.show_about(window, session))
        actions.quit.triggered.connect(window.close)
        window.panel.queries.opened.connect(self._open_query)
        window.filter_bar.changed.connect(self._filter)
        window.history.changed.connect(self._show_counts)
        window.table.selection_changed.connect(self._show_selection)
        window.table.activated_job.connect(self._activate)
        window.model.reordered.connect(self._rows_moved)
        window.details.place_wanted.connect(window.control.show_place)
        window.connection.retry_wanted.connect(session.retry_now)
        window.control.refused.connect(window.notice.say)
        window.servers.said.connect(window.notice.say)
        window.servers.told.connect(window.notice.tell)
        window.servers.chosen.connect(window.details.forget)
        window.launcher.refused.connect(window.notice.say)
        window.all_matching.told.connect(window.notice.tell)
        window.all_matching.troubled.connect(window.notice.say)
        window.files.failed.connect(window.notice.say)
        window.details.result.troubled.connect(window.notice.say)
        window.editor.dropped.connect(self._offer_reopening)
        window.servers.chosen.connect(window.settings_desk.notifications.forget)
        window.settings_desk.opened.connect(self._open_job)
        window.settings_desk.wanted.connect(window.raise_to_front)
        window.settings_desk.quit_wanted.connect(window.close)
        window.control.submitted.connect(self._submitted)
        window.control.ended.connect(self._ended)

    def _save(self) -> None:
        """Where the text in front came from: a saved query, or else a file."""
        if self._window.editor.page.saved_as is not None:
            self._window.query_desk.save()
        else:
            self._window.files.choose_and_save()

    def _find(self) -> None:
        """In the part that has the keys."""
        focus = QApplication.focusWidget()
        if focus is not None and self._window.editor.isAncestorOf(focus):
            self._window.editor.finder.open()
        elif not (
            focus is not None
            and self._window.details.isAncestorOf(focus)
            and self._window.details.find_text()
        ):
            self._window.filter_bar.focus_box()

    def _submitted(self, job_id: str) -> None:
        self._window.notice.hide()
        self._wanted_job = job_id
        self._take_wanted()

    def _take_wanted(self) -> None:
        """Select the job that was just submitted, once the feed has brought it; the feed may tell
        of a short one, and of its end, before the answer to the submit is here."""
        if self._wanted_job is not None and self._window.table.select_job(self._wanted_job):
            self._wanted_job = None
            self._window.details.show_overview()
            job = self._window.table.current_job()
            if job is not None:
                self._ended(job)

    def _ended(self, job: JobSummary) -> None:
        if self._window.details.job_id == job.id and job.state is JobState.SUCCEEDED:
            self._window.details.show_result()

    def _jobs_changed(self, changes: Changes) -> None:
        self._window.model.apply(changes)
        self._window.history.follow(changes)
        self._take_wanted()
        mirror = self._session.mirror
        # Progress comes 25 times a second, and changes no count and nothing that may be done:
        # looking at the selection for it would cost a scan of all that is selected.
        if changes.reset or changes.added or changes.updated or changes.removed:
            self._show_counts()
            self._enable_actions()
        slot = mirror.slot(self._window.details.job_id) if self._window.details.job_id else None
        if slot is not None and slot in changes.updated:
            self._show_selection()
        elif slot is not None and slot in changes.progressed:
            self._detail_is_old = True
            if not self._detail_timer.isActive():
                self._detail_timer.start()

    def _show_counts(self) -> None:
        history = self._window.history
        counts = history.counts
        total = sum(counts.values())
        self._window.filter_bar.set_counts(counts, history.matches, total, history.mine)
        self._window.counts.setText(counts_text(counts))
        self._window.history_strip.show_story()
        self._window.settings_desk.show_counts()

    def _refresh_detail(self) -> None:
        if self._detail_is_old:
            self._show_selection()

    def _show_selection(self) -> None:
        self._detail_is_old = False
        job = self._window.table.current_job()
        self._window.details.show_job(job)
        self._enable_actions()

    def _enable_actions(self) -> None:
        connected = self._session.connected
        self._window.actions_.run.setEnabled(connected)
        self._window.actions_.run_statement.setEnabled(connected)
        self._window.actions_.cancel_all.setEnabled(connected)
        self._window.actions_.delete_all.setEnabled(connected)
        self._window.actions_.accuracy.setEnabled(connected)
        self._window.job_desk.enable(connected=connected)

    def _health_changed(self, health: Health) -> None:
        self._window.filter_bar.set_user(self._session.user)
        self._window.table.set_stale(health.link is not Link.CONNECTED)
        if health.link is Link.FAILED:
            self._window.notice.say(
                health.reason, tr("Try again"), self._window.restart_wanted.emit
            )
        elif health.link is Link.CONNECTED and self._window.notice.text == self._failure:
            self._window.notice.hide()
        self._failure = health.reason or self._failure
        self._enable_actions()
        self._show_emptiness()

    def _show_catalogue(self) -> None:
        session = self._session
        self._window.panel.show_catalogue(session.sources, session.saved_queries)
        self._window.tools.show_sources(session.sources)
        self._window.launcher.show_source()
        self._window.model.set_sources({source.name: source.title for source in session.sources})
        if not self._window.settings.value("window/greeted"):
            self._window.settings.setValue("window/greeted", True)
            self._greet()

    def _offer_reopening(self, title: str, sql: str) -> None:
        def reopen() -> None:
            page = self._window.editor.open(title, sql)
            page.document().setModified(True)

        text = tr("Closed the tab '{title}', which was not saved.")
        text = text.format(title=title_in_words(title))
        self._window.notice.tell(text, tr("Reopen"), reopen)

    def _greet(self) -> None:
        """The first start: something long enough to watch, one click away."""
        queries = [one for one in self._session.saved_queries if one.name == FIRST_QUERY]
        if queries and self._window.editor.page.is_untouched:
            self._open_query(queries[0])

    def _open_query(self, query: SavedQuery) -> None:
        page = self._window.editor.open(query.title, query.sql, declared=query.parameters)
        page.saved_as = query.name
        self._window.tools.choose_source(query.source)

    def _filter(self, query: JobFilter) -> None:
        self._window.model.filter_by(query)
        self._window.history.filter_by(query)
        self._show_counts()
        self._show_selection()  # Qt says nothing when what was selected is hidden

    def _activate(self, job_id: str) -> None:
        slot = self._session.mirror.slot(job_id)
        if slot is not None and self._session.mirror.job(slot).result is not None:
            self._window.details.show_result()
        else:
            self._window.details.show_overview()

    def _rows_moved(self) -> None:
        self._show_emptiness()
        if not self._window.table.selectionModel().hasSelection():
            self._enable_actions()  # what was selected may have left the filter

    def _show_emptiness(self) -> None:
        """Every empty place says what to do next."""
        link = self._session.health.link
        starting = link is Link.STARTING and not len(self._window.model.listing)
        self._window.table.empty_text = empty_text(
            link,
            loading=self._session.mirror.loading or starting,
            narrowing=self._window.filter_bar.is_narrowing,
        )
        self._window.table.viewport().update()

    def _open_job(self, job_id: str) -> None:
        """Show the window and a job in it."""
        self._window.raise_to_front()
        self._window.filter_bar.clear()
        self._window.table.select_job(job_id)
        self._activate(job_id)
