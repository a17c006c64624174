"""Everything about the selected job: Overview, Result, Chart, Log, Plan, SQL."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec
from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QTabWidget, QVBoxLayout, QWidget

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.history import Attempt
from longwatch.protocol.jobs import Job, JobState, JobSummary, ResultInfo
from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.results.chart import ChartPage
from longwatch_desktop.results.export_dialog import ExportDialog
from longwatch_desktop.results.export_strip import ExportStrip
from longwatch_desktop.results.exporting import Exports, Order
from longwatch_desktop.results.overview import Overview
from longwatch_desktop.results.plan import PlanPage
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.results.story import is_word_out
from longwatch_desktop.results.view import ResultView
from longwatch_desktop.results.watching import Watch
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, mono_font
from longwatch_desktop.translation import tr

KEPT_JOBS: Final = 50
LOG_S: Final = 1.0
WORD_S: Final = 0.5
WORD_MOST_S: Final = 60.0


class DetailPane(QWidget):
    """Follows one job. `place_wanted` asks to show an error's place: it carries the `Job`."""

    place_wanted = Signal(object)

    def __init__(
        self,
        session: Session,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        overview: Overview | None = None,
        result: ResultView | None = None,
    ) -> None:
        """Who makes `overview` and `result` beforehand can pause in between: 15 ms each."""
        super().__init__(parent)
        self._session = session
        self._job: JobSummary | None = None
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._reading_result = False
        self._watch = Watch(session, self)
        self._turn: object = None
        """What the story was asked for last: the job, and how it stood."""
        self._log_s = 0.0
        self._log_of: object = None
        self._reading_log = False
        self._asking: asyncio.Task[object] | None = None
        self._tasks = Tasks(lambda error: session.trouble.emit(str(error)))
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self.overview = overview or Overview(theme)
        reader = ResultReader(session)
        self.result = result or ResultView(reader, theme)
        self.chart = ChartPage(reader, theme)
        self.chart.troubled.connect(session.trouble)
        self._log = _LogView()
        self._plan = PlanPage(session, theme)
        self._sql = SqlEdit(theme)
        self._sql.setReadOnly(True)
        self._sql.setPlaceholderText("")
        self._sql.setAccessibleName(tr("SQL of the job"))
        for page, title in (
            (self.overview, tr("Overview")),
            (self.result, tr("Result")),
            (self.chart, tr("Chart")),
            (self._log, tr("Log")),
            (self._plan, tr("Plan")),
            (self._sql, "SQL"),
        ):
            self._tabs.addTab(page, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs, 1)
        self.exports = Exports(session, self)
        self._strip = ExportStrip(theme)
        layout.addWidget(self._strip)
        self._theme = theme
        self._folder: Path | None = None
        """Where the last export went."""
        self.exports.begun.connect(self._strip.add)
        self.exports.refused.connect(session.trouble)
        self.result.export_wanted.connect(self._ask_export)
        self._tabs.currentChanged.connect(lambda _index: self._show_front())
        self.overview.place_wanted.connect(self._want_place)

    @property
    def job_id(self) -> str | None:
        """The job shown; `None` if none is."""
        return self._job.id if self._job else None

    def show_job(self, job: JobSummary | None) -> None:
        """Show another job, or the same one as it stands now."""
        changed = (job.id if job else None) != self.job_id
        self._job = job
        if changed:
            self._log.clear()
            self._sql.setPlainText(job.preview if job else "")
            if job is not None and job.id in self._known:
                self._show_sql(self._known[job.id])
        self._show_front()

    def show_result(self) -> None:
        """Bring the rows to the front."""
        self._tabs.setCurrentWidget(self.result)

    def show_overview(self) -> None:
        """Bring the overview to the front."""
        self._tabs.setCurrentWidget(self.overview)

    def find_text(self) -> bool:
        """Ask for a text to find, if the page in front has such a thing."""
        if self._tabs.currentWidget() is self.result:
            self.result.find_text()
            return True
        return False

    def _ask_export(self) -> None:
        what = self.result.exportable()
        if what is None:
            return
        places = QStandardPaths.StandardLocation
        folders = [
            Path(QStandardPaths.writableLocation(place))
            for place in (places.DownloadLocation, places.DocumentsLocation, places.HomeLocation)
        ]
        if self._folder is not None:
            folders.insert(0, self._folder)
        dialog = ExportDialog(what, folders, self._theme, self)
        dialog.chosen.connect(self._export)
        dialog.open()

    def _export(self, order: Order) -> None:
        self._folder = order.path.parent
        self.exports.start(order)

    def forget(self) -> None:
        """Other jobs come: from another server, or none."""
        self._known.clear()
        self.show_job(None)

    async def full_job(self, job_id: str) -> Job:
        """A job with its SQL, limits and parameters, which never change; the rest of it may be
        older. Raises `LongwatchClientError`."""
        known = self._known.get(job_id)
        if known is None:
            known = await self._session.job(job_id)
            self._keep(known)
        return known

    def _keep(self, job: Job) -> None:
        self._known[job.id] = job
        self._known.move_to_end(job.id)
        while len(self._known) > KEPT_JOBS:
            self._known.popitem(last=False)

    async def stop(self) -> None:
        """Let go of what is being fetched."""
        await self._tasks.close()
        await self.result.stop()
        await self.chart.stop()
        await self.exports.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._show_front()

    def _show_front(self) -> None:
        """Only the page in front is kept up to date: it alone is seen."""
        if not self.isVisible():
            return
        job, front = self._job, self._tabs.currentWidget()
        if front is self.overview:
            titles = {source.name: source.title for source in self._session.sources}
            track = self._watch.track(job) if job is not None else None
            self.overview.show_job(job, titles, self._session.clock(), track)
            self._look_for_more(job)
        elif front is self.result:
            self._show_result(job)
        elif front is self.chart:
            self._show_result(job)
            model = self.result.model
            self.chart.show_result(job, model.columns, model.wanted, model.rows)
        elif front is self._plan:
            self._show_plan(job)
        elif job is not None and self._session.connected:
            if front is self._log:
                self._look_into_log(job)
            elif front is self._sql and job.id not in self._known:
                self._tasks.start(self._fetch_sql(job.id), name="sql")

    def _look_for_more(self, job: JobSummary | None) -> None:
        """Ask for the story, once for each turn it takes."""
        turn = None if job is None else (job.id, job.state, job.attempt, job.cancel_requested_at)
        if turn == self._turn or not self._session.connected:
            return
        self._turn = turn
        if job is None:
            return
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self._tasks.start(self._fetch_more(job), name="story")

    async def _fetch_more(self, job: JobSummary) -> None:
        client = self._session.client()
        full = await self.full_job(job.id)
        if job.id == self.job_id:
            self._show_sql(full)
        story = await client.events(job.id)
        attempts = await client.attempts(job.id) if job.attempt > 1 else []
        self.overview.show_more(full, story, attempts, self._session.clock())
        self._show_front()
        if job.state.is_final and not is_word_out(full.notify, story):
            await self._follow_word(full, attempts)

    async def _follow_word(self, job: Job, attempts: list[Attempt]) -> None:
        """Of whether word of its end has arrived the feed says nothing: ask, less and less
        often, until it has or was given up, or another job is looked at."""
        pause_s = WORD_S
        while job.id == self.job_id:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, WORD_MOST_S)
            try:
                story = await self._session.client().events(job.id)
            except LongwatchClientError:
                self._turn = None  # ask for all of it when the job is shown next
                return
            self.overview.show_more(job, story, attempts, self._session.clock())
            if is_word_out(job.notify, story):
                return

    def _show_result(self, job: JobSummary | None) -> None:
        """Show the rows of a job. The feed says how many there are, but not of which columns."""
        if job is None:
            self.result.show_job(None, None)
            return
        known = self._known.get(job.id)
        runs = job.state is JobState.RUNNING
        if known is not None and runs and known.state is JobState.RUNNING:
            self.result.show_job(known, known.result)
        elif job.result is None:
            self.result.show_job(job, None)
        else:
            info = None if known is None else _with_columns_of(known, job)
            self.result.show_job(job, info)
            if info is not None:
                return
        if (job.progress.rows if runs else job.result) and not self._reading_result:
            self._read_result(job.id)

    def _read_result(self, job_id: str) -> None:
        if self._session.connected:
            self._reading_result = True
            self._tasks.start(self._fetch_result(job_id), name="result-columns")

    async def _fetch_result(self, job_id: str) -> None:
        try:
            job = await self._session.job(job_id)
        finally:
            self._reading_result = False
        if self._job is None or job_id != self._job.id:
            self._show_front()  # another was chosen meanwhile, and could not ask
            return
        self._keep(job)
        if self._job.state is not JobState.RUNNING:
            self._show_front()
        elif job.state is JobState.RUNNING:
            self.result.show_job(job, job.result)

    def _show_plan(self, job: JobSummary | None) -> None:
        if job is None:
            self._plan.show_none()
        elif self._session.connected and self._plan.wants(job.id):
            self._tasks.start(self._fetch_plan(job.id), name="plan", failed=self._plan.failed)

    async def _fetch_plan(self, job_id: str) -> None:
        await self._plan.fetch(await self.full_job(job_id))

    def _look_into_log(self, job: JobSummary) -> None:
        """Once a second while the job runs: a log is fetched in full each time."""
        now_s = time.monotonic()
        fresh = now_s - self._log_s < LOG_S and self._log_of == (job.id, job.state)
        if not fresh and not self._reading_log:
            self._reading_log = True
            self._log_s, self._log_of = now_s, (job.id, job.state)
            self._tasks.start(self._fetch_log(job.id), name="log")

    async def _fetch_log(self, job_id: str) -> None:
        try:
            log = await self._session.log(job_id)
        finally:
            self._reading_log = False
        if job_id == self.job_id:
            self._log.show_log(log)
        self._show_front()

    async def _fetch_sql(self, job_id: str) -> None:
        job = await self.full_job(job_id)
        if job_id == self.job_id:
            self._show_sql(job)

    def _show_sql(self, job: Job) -> None:
        self._sql.setPlainText(job.sql)

    def _want_place(self) -> None:
        if self._job is not None:
            self._tasks.start(self._ask_for_place(self._job), name="place")

    async def _ask_for_place(self, job: JobSummary) -> None:
        full = await self.full_job(job.id)  # as it stood when that was asked for
        self.place_wanted.emit(msgspec.structs.replace(full, error=job.error))


def _with_columns_of(read: Job, job: JobSummary) -> ResultInfo | None:
    """What the newest of a job says of its result, with the columns that were read of the same
    attempt; `None` if they were not."""
    if job.result is None or read.result is None or read.attempt != job.attempt:
        return None
    now = job.result
    return ResultInfo(
        rows=now.rows,
        bytes=now.bytes,
        complete=now.complete,
        stopped_at=now.stopped_at,
        columns=read.result.columns,
    )


class _LogView(QPlainTextEdit):
    """A log that follows its end, unless one has scrolled up."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setFont(mono_font())
        self.setAccessibleName(tr("Log of the job"))
        self.setPlaceholderText(tr("The query's process has written nothing. That is usual."))

    def show_log(self, log: str) -> None:
        if log == self.toPlainText():
            return
        bar = self.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 4
        self.setPlainText(log)
        if follows:
            bar.setValue(bar.maximum())
