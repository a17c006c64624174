"""Carries out what an admin asks for about what is kept."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longwatch.protocol.limits import SweepKind, Swept
from longwatch_desktop.admin.retention_page import RetentionPage, told_of
from longwatch_desktop.dialogs import ask
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.translation import tr


class RetentionDesk(QObject):
    """What is deleted is counted first, and asked about."""

    def __init__(
        self, session: Session, page: RetentionPage, tasks: Tasks, dialog: QWidget
    ) -> None:
        super().__init__(dialog)
        self._session = session
        self._page = page
        self._tasks = tasks
        self._dialog = dialog
        page.count_wanted.connect(lambda kind, days: self._look(kind, days, then_ask=False))
        page.remove_wanted.connect(lambda kind, days: self._look(kind, days, then_ask=True))

    async def read(self) -> None:
        """Show what the server keeps."""
        told = await self._session.client().retention()
        self._page.show_retention(told, self._session.clock())

    def _look(self, kind: SweepKind, days: int, *, then_ask: bool) -> None:
        self._page.counting()
        self._start(self._count(kind, days, then_ask=then_ask))

    async def _count(self, kind: SweepKind, days: int, *, then_ask: bool) -> None:
        found = await self._session.client().sweep(kind, days, dry_run=True)
        self._page.show_counted(found, went=False)
        if then_ask and (found.jobs or found.results):
            self._ask(kind, days, found)
        await self.read()

    def _ask(self, kind: SweepKind, days: int, found: Swept) -> None:
        box = ask(
            self._dialog,
            tr("Delete what is older?"),
            told_of(found, went=False),
            tr("They ended more than %n day(s) ago. This cannot be undone.", "", days),
            tr("Delete"),
            tr("Keep them"),
        )
        box.accepted.connect(lambda: self._remove(kind, days))
        box.open()

    def _remove(self, kind: SweepKind, days: int) -> None:
        self._page.counting()
        self._start(self._carry_out(kind, days))

    async def _carry_out(self, kind: SweepKind, days: int) -> None:
        done = await self._session.client().sweep(kind, days)
        self._page.show_counted(done, went=True)
        await self.read()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work, name="sweep", failed=foreseen(self._page.say))
