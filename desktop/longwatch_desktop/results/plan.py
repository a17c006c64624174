"""What the engine's planner makes of a job's SQL: a tree, or its own text."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.catalogue import Estimate
from longwatch.protocol.jobs import Job
from longwatch.protocol.sources import EstimateRequest
from longwatch_desktop import words
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.plan_tree import Step, parse
from longwatch_desktop.session import Session
from longwatch_desktop.theme import Theme, mono_font
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

KEPT: Final = 50


class PlanPage(QWidget):
    """Asks for a plan when it is shown; plans that have come are kept."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self._known: OrderedDict[str, tuple[Estimate, str]] = OrderedDict()
        self._job_id: str | None = None
        self._line = ElidedLabel()
        self._line.setProperty("muted", True)
        self._as_text = QToolButton()
        self._as_text.setText(tr("As text"))
        self._as_text.setCheckable(True)
        self._as_text.setToolTip(tr("The plan as the engine writes it"))
        self._tree = QTreeWidget()
        self._tree.setAccessibleName(tr("Plan of the job"))
        self._tree.setHeaderLabels([tr("Step"), tr("Rows expected"), tr("What it does")])
        self._tree.setFrameShape(QFrame.Shape.NoFrame)
        self._tree.setAlternatingRowColors(True)
        self._tree.setUniformRowHeights(True)
        self._tree.setStyleSheet("QTreeWidget::item { padding: 3px 6px; }")
        self._tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setFont(mono_font())
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setAccessibleName(tr("Plan of the job as text"))
        self._said = QLabel()
        self._said.setProperty("muted", True)
        self._said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._said.setWordWrap(True)
        self._said.setMargin(24)
        self._said.setAutoFillBackground(True)
        self._said.setBackgroundRole(QPalette.ColorRole.Base)
        page = QWidget()
        head = QHBoxLayout()
        head.setContentsMargins(10, 3, 8, 3)
        head.addWidget(self._line, 1)
        head.addWidget(self._as_text)
        body = QWidget()
        self._body = QStackedLayout(body)
        self._body.addWidget(self._tree)
        self._body.addWidget(self._text)
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(head)
        inside.addWidget(body, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._said)
        self._stack.addWidget(page)
        self._as_text.toggled.connect(lambda on: self._body.setCurrentIndex(int(on)))
        self.show_none()

    def show_none(self) -> None:
        """No job is selected."""
        self._job_id = None
        self._say(tr("Select a job to see the plan of its query."))

    def wants(self, job_id: str) -> bool:
        """Show a job's plan if it is known; else whether it has to be asked for."""
        if job_id == self._job_id:
            return False
        self._job_id = job_id
        known = self._known.get(job_id)
        if known is not None:
            self._show(*known)
            return False
        self._say(tr("Asking the engine for its plan…"))
        return True

    async def fetch(self, job: Job) -> None:
        """Ask for the plan of a job. Raises `LongwatchClientError`."""
        request = EstimateRequest(sql=job.sql, source=job.source, parameters={**job.parameters})
        found = await self._session.client().estimate(request)
        engine = self._engine_of(job.source)
        self._known[job.id] = found, engine
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        if job.id == self._job_id:
            self._show(found, engine)

    def failed(self, error: Exception) -> None:
        """The answer never came."""
        self._say(tr("There is no plan: {reason}").format(reason=error))

    def _engine_of(self, name: str) -> str:
        found = [one.engine for one in self._session.sources if one.name == name]
        return found[0] if found else ""

    def _show(self, found: Estimate, engine: str) -> None:
        if found.error is not None:
            why = f"{found.error.message} {found.error.hint or ''}".strip()
            self._say(tr("There is no plan: {reason}").format(reason=why))
            return
        if not found.plan:
            self._say(tr("The engine tells no plan of this query."))
            return
        step = parse(found.plan, engine)
        self._text.setPlainText(found.plan)
        self._tree.clear()
        if step is not None:
            self._tree.addTopLevelItem(_item(step))
            self._tree.expandAll()
            for column, widest in ((0, 420), (1, 130)):
                self._tree.resizeColumnToContents(column)
                width = self._tree.columnWidth(column) + 16
                self._tree.setColumnWidth(column, min(widest, width))
        self._as_text.setVisible(step is not None)
        self._body.setCurrentIndex(1 if step is None or self._as_text.isChecked() else 0)
        parts = [tr("as the planner sees it now, without running it")]
        if found.statements > 1:
            parts.insert(0, tr("of the last statement"))
        if step is not None:
            parts.insert(0, tr("%n step(s)", "", step.count()))
        self._line.say(" · ".join(parts))
        self._stack.setCurrentIndex(1)

    def _say(self, sentence: str) -> None:
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setText(sentence)
        self._stack.setCurrentIndex(0)


def _item(step: Step) -> QTreeWidgetItem:
    rows = "" if step.rows is None else words.count(step.rows)
    details = " · ".join(one for one in step.details if one)
    item = QTreeWidgetItem([step.name, rows, details])
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if step.details:
        item.setToolTip(2, wrapped("\n".join(step.details)))
    item.addChildren([_item(child) for child in step.children])
    return item
