"""What is known of a query before it runs, asked for when typing has stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from longwatch.protocol.catalogue import Estimate
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.sources import EstimateRequest
from longwatch_desktop import words
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr

PAUSE_MS: Final = 700
MOST_CHARS: Final = 100_000
"""A larger script is not sent at every pause in typing."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it would be submitted now."""

    sql: str
    source: str | None
    parameters: dict[str, Parameter] = field(default_factory=dict)


class Preflight(QObject):
    """`told` carries the `Question` and its `Estimate`; the latest question alone is answered."""

    told = Signal(object, object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._question: Question | None = None
        self._answered: Question | None = None
        self._asking = False
        # It was asked unasked: what goes wrong on the way is for a run to say.
        self._tasks = Tasks(foreseen(lambda _sentence: None))
        self._pause = QTimer(self, interval=PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self._start)

    def ask(self, question: Question | None) -> None:
        """Ask this after a pause; `None` when there is nothing to ask."""
        if question is not None and not question.sql.strip():
            question = None
        self._question = question
        if question is None or question == self._answered or len(question.sql) > MOST_CHARS:
            self._pause.stop()
        else:
            self._pause.start()

    def ask_again(self) -> None:
        """What was answered may be out of date: the source was changed, or a run has ended."""
        self._answered = None
        self.ask(self._question)

    async def stop(self) -> None:
        """Let go of what is being asked."""
        self._pause.stop()
        await self._tasks.close()

    def _start(self) -> None:
        question = self._question
        if question is None or self._asking or not self._session.connected:
            return
        self._asking = True
        self._tasks.start(self._ask(question), name="estimate")

    async def _ask(self, question: Question) -> None:
        request = EstimateRequest(
            sql=question.sql, source=question.source, parameters={**question.parameters}
        )
        try:
            estimate = await self._session.client().estimate(request)
        finally:
            self._asking = False
            if self._question != question:
                self.ask(self._question)
        if self._question == question:
            self._answered = question
            self.told.emit(question, estimate)


def in_words(estimate: Estimate) -> str:
    """`~0:04–0:06 · about 1,200 rows · changes data`; nothing where nothing is known."""
    parts = []
    if estimate.low_s is not None and estimate.high_s is not None:
        parts.append(_time(estimate.low_s, estimate.high_s))
    if estimate.rows_known and estimate.rows is not None:
        parts.append(tr("%n row(s) last time", "", estimate.rows))
    elif estimate.rows:  # none at all is what planners say that do not know
        parts.append(tr("the planner expects %n row(s)", "", estimate.rows))
    if estimate.statements > 1:
        parts.append(tr("%n statement(s)", "", estimate.statements))
    if estimate.kind is StatementKind.WRITE:
        parts.append(tr("changes data"))
    return "  ·  ".join(parts)


def _time(low_s: float, high_s: float) -> str:
    if high_s < 1:
        return tr("~ less than a second, as before")
    low, high = words.duration(low_s), words.duration(high_s)
    return tr("~ {time}, as before").format(time=low if low == high else f"{low}–{high}")
