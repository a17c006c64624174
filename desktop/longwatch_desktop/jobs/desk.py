"""What can be done with the jobs that are selected in the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from longwatch.protocol.jobs import Job, JobState, JobSummary
from longwatch_desktop.actions import Actions
from longwatch_desktop.control import JobControl
from longwatch_desktop.jobs.columns import COLUMNS
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.jobs.view import JobTable
from longwatch_desktop.mirror.columns import STATES
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import tr

MOST_NAMED: Final = 40
_FINAL: Final = np.array([state.is_final for state in STATES])
_WAITS: Final = np.array([state is JobState.QUEUED for state in STATES])
"""By the code of a state."""
FullJob = Callable[[str], Awaitable[Job]]


class JobDesk(QObject):
    """Carries out the commands about jobs; `control` does what the server has to."""

    def __init__(
        self,
        table: JobTable,
        model: JobTableModel,
        control: JobControl,
        actions: Actions,
        full_job: FullJob,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._table = table
        self._model = model
        self._control = control
        self._actions = actions
        self._full_job = full_job
        self._window = window
        self._tasks = Tasks(lambda error: control.refused.emit(str(error)))
        actions.cancel.triggered.connect(lambda: control.cancel(table.selected_jobs()))
        actions.again.triggered.connect(lambda: control.run_again(table.selected_jobs()))
        actions.delete.triggered.connect(self._ask_to_delete)
        actions.open_sql.triggered.connect(self._open)
        actions.copy_sql.triggered.connect(
            lambda: self._tasks.start(self._copy_sql(), name="copy-sql")
        )
        actions.copy_id.triggered.connect(self._copy_id)
        actions.copy_jobs.triggered.connect(lambda: self._copy("\t"))
        actions.copy_csv.triggered.connect(lambda: self._copy(","))
        table.menu_wanted.connect(self._menu)
        table.copy_wanted.connect(actions.copy_jobs.trigger)
        table.delete_wanted.connect(actions.delete.trigger)

    def enable(self, *, connected: bool) -> None:
        """Offer what can be done with the selection."""
        mirror = self._model.mirror
        slots = self._model.slots_of(self._table.selected_rows())
        final = _FINAL[mirror.columns.state[slots]]
        going = any(
            mirror.record(slot).cancel_requested_at is None for slot in slots[~final].tolist()
        )
        actions, some = self._actions, bool(len(slots))
        actions.cancel.setEnabled(connected and going)
        actions.again.setEnabled(connected and some)
        actions.move.setEnabled(connected and bool(_WAITS[mirror.columns.state[slots]].any()))
        actions.delete.setEnabled(connected and bool(final.any()))
        actions.open_sql.setEnabled(connected and len(slots) == 1)
        actions.copy_sql.setEnabled(connected and some)
        for action in (actions.copy_id, actions.copy_jobs, actions.copy_csv):
            action.setEnabled(some)

    async def stop(self) -> None:
        """Let go of what is being fetched."""
        await self._tasks.close()

    def _menu(self, at: QPoint) -> None:
        actions = self._actions
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([actions.cancel, actions.again])
        menu.addMenu(actions.move)
        menu.addSeparator()
        menu.addActions([actions.open_sql, actions.copy_sql, actions.copy_id])
        menu.addActions([actions.copy_jobs, actions.copy_csv])
        menu.addSeparator()
        menu.addAction(actions.delete)
        menu.addSeparator()
        menu.addActions([actions.cancel_all, actions.delete_all])
        menu.popup(at)

    def _open(self) -> None:
        job = self._table.current_job()
        if job is not None:
            self._control.open_in_editor(job.id)

    async def _copy_sql(self) -> None:
        jobs = [await self._full_job(job.id) for job in self._table.selected_jobs()]
        if jobs:
            text = "\n;\n".join(job.sql.rstrip().removesuffix(";") for job in jobs)
            QGuiApplication.clipboard().setText(text + "\n")

    def _copy_id(self) -> None:
        ids = (job.id for job in self._table.selected_jobs())
        QGuiApplication.clipboard().setText("\n".join(ids))

    def _copy(self, between: str) -> None:
        """The columns that are shown, in the order they are shown in, under their titles."""
        header = self._table.horizontalHeader()
        places = [header.logicalIndex(place) for place in range(header.count())]
        shown = [number for number in places if not self._table.isColumnHidden(number)]
        text = io.StringIO()
        writer = csv.writer(text, delimiter=between, lineterminator="\n")
        writer.writerow(tr(COLUMNS[number].title) for number in shown)
        for job in self._table.selected_jobs():
            cells = (COLUMNS[number].text(job, self._model.context) for number in shown)
            writer.writerow(" ".join(cell.split()) for cell in cells)
        QGuiApplication.clipboard().setText(text.getvalue())

    def _ask_to_delete(self) -> None:
        jobs = [job for job in self._table.selected_jobs() if job.state.is_final]
        if not jobs:
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("Delete jobs?") if len(jobs) > 1 else tr("Delete job?"))
        box.setTextFormat(Qt.TextFormat.PlainText)  # a name may be SQL, with < and > in it
        box.setText(_question(jobs))
        box.setInformativeText(
            tr("Its result and its log go with it.") if len(jobs) == 1
            else tr("Their results and logs go with them.")
        )  # fmt: skip
        gone = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(stay)
        ids = [job.id for job in jobs]
        gone.clicked.connect(lambda: self._control.delete(ids))
        box.open()


def _question(jobs: list[JobSummary]) -> str:
    if len(jobs) > 1:
        return tr("Delete %n jobs that are over?", "", len(jobs))
    name = jobs[0].name
    short = name if len(name) <= MOST_NAMED else name[: MOST_NAMED - 1] + "…"
    return tr("Delete “{name}”?").format(name=short)
