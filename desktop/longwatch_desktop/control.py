"""What the user's commands do: run, cancel, run again, and showing where a query went wrong."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Signal

from longwatch.client.api import AsyncClient
from longwatch.protocol.bulk import BulkAction, BulkItem, BulkRequest
from longwatch.protocol.jobs import Job, JobError, JobState, JobSummary, Submission
from longwatch.protocol.parameters import Parameter
from longwatch_desktop import words
from longwatch_desktop.editor.panel import UNTITLED, EditorPanel, Page
from longwatch_desktop.editor.sql_edit import Excerpt
from longwatch_desktop.mirror.jobs import Changes
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr

AT_ONCE: Final = 1_000
"""Jobs of one bulk request: a second or so."""
AS_WANTED: Final = frozenset({"already_final", "not_found", "unknown_job"})
"""Problems of jobs that ended by themselves meanwhile, or are gone: as they should be."""


@dataclass(frozen=True, slots=True)
class _Launch:
    """Where a running query came from: the tab, and which part of it."""

    page: weakref.ref[Page]
    excerpt: Excerpt


class JobControl(QObject):
    """Carries commands out in the background.

    `submitted` and `ended` are told only of jobs that were launched here.
    """

    submitted = Signal(str)
    """A job's id."""
    ended = Signal(object)
    """The `JobSummary`, final."""
    refused = Signal(str)
    """A command could not be carried out: a sentence."""

    def __init__(self, session: Session, editor: EditorPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._editor = editor
        self._launched: dict[str, _Launch | None] = {}
        """By job; `None` if it came from no tab."""
        self._tasks = Tasks(foreseen(self.refused.emit))
        session.jobs_changed.connect(self._follow)

    def run(
        self,
        page: Page,
        excerpt: Excerpt,
        source: str | None,
        values: dict[str, Parameter],
        notify: Iterable[str] = (),
    ) -> None:
        """Run a part of a tab's text with `values` for its `:name`s; `notify` are told of its
        end."""
        submission = Submission(
            sql=excerpt.sql,
            source=source,
            name=None if page.title == UNTITLED else page.title,
            parameters={**values},
            notify=tuple(notify),
        )
        launch = _Launch(weakref.ref(page), excerpt)
        self._tasks.start(self._submit(submission, launch), name="submit")

    def cancel(self, jobs: Iterable[JobSummary]) -> None:
        """Ask for the end of those that are not over."""
        going = [
            job.id for job in jobs if not job.state.is_final and job.cancel_requested_at is None
        ]
        if len(going) == 1:
            self._tasks.start(self._cancel(going[0]), name=f"cancel-{going[0]}")
        elif going:
            self._tasks.start(self._all(BulkAction.CANCEL, going), name="cancel-jobs")

    def delete(self, ids: list[str]) -> None:
        """Delete jobs that are over."""
        self._tasks.start(self._all(BulkAction.DELETE, ids), name="delete-jobs")

    def run_again(self, jobs: Iterable[JobSummary]) -> None:
        """Submit the same SQL again, as new jobs."""
        for job in jobs:
            self._tasks.start(self._again(job.id), name=f"again-{job.id}")

    def open_in_editor(self, job_id: str) -> None:
        """Show a job's SQL in a tab."""
        self._tasks.start(self._open(job_id), name=f"open-{job_id}")

    def show_place(self, job: Job) -> None:
        """Show a job's SQL with its error marked."""
        if job.error is not None and job.error.line is not None:
            page = self._show(job)
            page.show_error(job.error.line, job.error.column, job.error.message)

    async def stop(self) -> None:
        """Let go of what has not been answered yet."""
        await self._tasks.close()

    async def _submit(
        self, submission: Submission, launch: _Launch | None, client: AsyncClient | None = None
    ) -> None:
        job = await (client or self._session.client()).submit(submission)
        self._launched[job.id] = launch
        self.submitted.emit(job.id)
        self._look(job.id)

    async def _cancel(self, job_id: str) -> None:
        await self._session.cancel(job_id)

    async def _all(self, action: BulkAction, ids: list[str]) -> None:
        """Do it to every one, and tell of those to which it could not be done."""
        client = self._session.client()
        refused: list[BulkItem] = []
        for at in range(0, len(ids), AT_ONCE):
            request = BulkRequest(action=action, ids=ids[at : at + AT_ONCE])
            done = await client.bulk(request)
            refused += [one for one in done.items if not one.ok and one.code not in AS_WANTED]
        if refused:
            self.refused.emit(refused_in_words(action, refused, len(ids)))

    async def _again(self, job_id: str) -> None:
        client = self._session.client()  # not of another server that is chosen meanwhile
        job = await client.job(job_id)
        await self._submit(job.submission(), None, client)

    async def _open(self, job_id: str) -> None:
        self._show(await self._session.job(job_id))

    def _show(self, job: Job) -> Page:
        """A job's SQL in a tab, with its values and over its source."""
        page = self._editor.open(job.name, job.sql, values=job.parameters)
        page.source = job.source
        page.notify = [*job.notify]
        self._editor.show_notify()
        self._editor.shown.emit()
        return page

    def _follow(self, changes: Changes) -> None:
        if not self._launched:
            return
        mirror = self._session.mirror
        for slot in (*changes.added, *changes.updated):
            job = mirror.job(slot)
            if job.id in self._launched and job.state.is_final:
                self._end(job)

    def _look(self, job_id: str) -> None:
        """A quick query may be over before its submit was answered."""
        slot = self._session.mirror.slot(job_id)
        if slot is not None and self._session.mirror.job(slot).state.is_final:
            self._end(self._session.mirror.job(slot))

    def _end(self, job: JobSummary) -> None:
        if job.id not in self._launched:
            return
        launch = self._launched.pop(job.id)
        if launch is not None and job.state is JobState.FAILED:
            self._mark_error(launch, job.error)
        self.ended.emit(job)

    def _mark_error(self, launch: _Launch, error: JobError | None) -> None:
        page = launch.page()
        if page is None or not self._editor.has(page) or error is None or error.line is None:
            return  # a page that was closed may still be Python's
        line, column = launch.excerpt.place(error.line, error.column)
        page.show_error(line, column, error.message)


def refused_in_words(action: BulkAction, refused: list[BulkItem], total: int) -> str:
    """That something could not be done to some of so many jobs, and why not to the first."""
    text = (
        tr("{some} of %n job(s) could not be cancelled: {detail}", "", total)
        if action is BulkAction.CANCEL
        else tr("{some} of %n job(s) could not be deleted: {detail}", "", total)
    )
    return text.format(some=words.count(len(refused)), detail=refused[0].detail)
