"""Cancels or deletes every job that the filter finds on the server, loaded here or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from longwatch.protocol import jobs as protocol
from longwatch.protocol.bulk import BulkAction, BulkItem, BulkRequest
from longwatch_desktop import dialogs, words
from longwatch_desktop.control import AS_WANTED, AT_ONCE, refused_in_words
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr

ALL: Final = JobFilter()


@dataclass(frozen=True, slots=True)
class _Meant:
    """What to do to which jobs: those that `which` finds, or else those of `ids`."""

    action: BulkAction
    filtered: bool
    count: int
    which: protocol.JobFilter | None = None
    ids: tuple[str, ...] = ()


class AllMatching(QObject):
    """`told` carries how far it is and what came of it, `troubled` what went wrong."""

    told = Signal(str)
    troubled = Signal(str)

    def __init__(self, session: Session, model: JobTableModel, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._model = model
        self._window = window
        self._tasks = Tasks(foreseen(self.troubled.emit))

    def ask(self, action: BulkAction) -> None:
        """Count the jobs that are meant, and ask whether to do it."""
        self._tasks.start(self._count(action), name=f"count-{action}")

    async def stop(self) -> None:
        """Let go of what has not been answered yet."""
        await self._tasks.close()

    async def _count(self, action: BulkAction) -> None:
        session, query = self._session, self._model.listing.query
        question, now = session.asked(query), session.clock()
        meant = _Meant(action, query != ALL, 0)
        if question is not None and question.exact:
            # What is submitted while somebody thinks about the question is not meant.
            until = question.which.submitted_before
            which = msgspec.structs.replace(
                question.which, submitted_before=now if until is None else min(until, now)
            )
            dry = BulkRequest(action=action, filter=which, dry_run=True, limit=1)
            found = await session.client().bulk(dry)
            meant = replace(meant, which=which, count=found.matched)
        elif question is not None:
            shown = (self._model.job(row) for row in range(self._model.rowCount()))
            over = action is BulkAction.DELETE
            ids = tuple(job.id for job in shown if job.state.is_final is over)
            meant = replace(meant, ids=ids, count=len(ids))
        if meant.count:
            self._ask(meant)
        elif action is BulkAction.CANCEL:
            self.told.emit(tr("No job that is meant runs or waits."))
        else:
            self.told.emit(tr("No job that is meant is over."))

    def _ask(self, meant: _Meant) -> None:
        more = [tr("Their results and logs go with them.")]
        if meant.action is BulkAction.CANCEL:
            title, yes, more = tr("Cancel jobs?"), tr("Cancel them"), []
            text = (
                tr("Cancel the %n job(s) that match the filter?", "", meant.count)
                if meant.filtered
                else tr("Cancel all %n job(s) that run or wait?", "", meant.count)
            )
        else:
            title, yes = tr("Delete jobs?"), tr("Delete")
            text = (
                tr("Delete the %n job(s) over that match the filter?", "", meant.count)
                if meant.filtered
                else tr("Delete all %n job(s) that are over?", "", meant.count)
            )
        if meant.which is None:
            more.append(
                tr("These are the ones loaded here: a server cannot look for all of this filter.")
            )
        box = dialogs.ask(self._window, title, text, " ".join(more), yes, tr("Leave them"))
        box.accepted.connect(lambda: self._begin(meant))
        box.open()

    def _begin(self, meant: _Meant) -> None:
        self._tasks.start(self._carry_out(meant), name=f"all-{meant.action}")

    async def _carry_out(self, meant: _Meant) -> None:
        client = self._session.client()  # not of another server that is chosen meanwhile
        refused: list[BulkItem] = []
        done, cursor = 0, None
        while True:
            request = BulkRequest(action=meant.action, filter=meant.which, cursor=cursor)
            if meant.which is None:
                ids = list(meant.ids[done : done + AT_ONCE])
                request = BulkRequest(action=meant.action, ids=ids)
            answer = await client.bulk(msgspec.structs.replace(request, limit=AT_ONCE))
            refused += [one for one in answer.items if not one.ok and one.code not in AS_WANTED]
            done, cursor = done + len(answer.items), answer.next
            more = cursor is not None if meant.which is not None else done < meant.count
            if not more or not answer.items:
                break
            self.told.emit(_so_far(meant, done))
        if refused:
            self.troubled.emit(refused_in_words(meant.action, refused, done))
        elif meant.action is BulkAction.CANCEL:
            self.told.emit(tr("%n job(s) told to end.", "", done))
        else:
            self.told.emit(tr("%n job(s) deleted.", "", done))


def _so_far(meant: _Meant, done: int) -> str:
    text = (
        tr("Cancelling: {done} of %n job(s)…", "", meant.count)
        if meant.action is BulkAction.CANCEL
        else tr("Deleting: {done} of %n job(s)…", "", meant.count)
    )
    return text.format(done=words.count(done))
