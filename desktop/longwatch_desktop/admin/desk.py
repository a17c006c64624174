"""Carries out what an admin asks for in the window."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.people import Role, Token, TokenDraft
from longwatch_desktop.actions import Actions
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.admin.retention_desk import RetentionDesk
from longwatch_desktop.admin.sources_desk import AdminSources
from longwatch_desktop.admin.token_dialog import TokenDialog
from longwatch_desktop.dialogs import ask
from longwatch_desktop.servers.control import ServerControl
from longwatch_desktop.session import Session
from longwatch_desktop.sources.desk import SourceDesk
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.text_table import TextTable
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr


class AdminDesk(QObject):
    """Its command is there for admins alone."""

    def __init__(
        self,
        session: Session,
        theme: Theme,
        actions: Actions,
        sources: SourceDesk,
        servers: ServerControl,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._theme = theme
        self._sources = sources
        self._servers = servers
        self._window = window
        self._dialog: AdminDialog | None = None
        self._asking: TokenDialog | None = None
        self._tasks = Tasks(foreseen(session.trouble.emit))
        self._reading: Tasks | None = None
        """What the dialog waits for."""
        self._command = actions.manage
        self._command.triggered.connect(self.open)
        session.me_changed.connect(self._enable)
        session.health_changed.connect(lambda _health: self._enable())
        self._enable()

    def open(self) -> None:
        """Show what there is."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        address = self._session.address
        label = address.label if address else ""
        self._dialog = dialog = AdminDialog(self._window, self._theme, label)
        dialog.finished.connect(self._closed)
        dialog.token_wanted.connect(self._ask_token)
        dialog.revoke_wanted.connect(self._ask_revoke)
        log = dialog.log.table
        dialog.more_wanted.connect(lambda cursor: self._read(self._read_log(cursor), log))
        tasks = self._reading = Tasks(foreseen(self._session.trouble.emit))
        sources = AdminSources(self._session, dialog.sources, self._sources, tasks, dialog)
        kept = RetentionDesk(self._session, dialog.retention, tasks, dialog)
        dialog.open()
        # Each for itself: a server of another version may lack one of them.
        for work, table in (
            (self._read_tokens(), dialog.tokens.table),
            (sources.read(), dialog.sources.table),
            (self._read_workers(), dialog.workers.table),
            (self._read_limits(), dialog.limits.table),
            (kept.read(), dialog.retention.table),
            (self._read_log(None), log),
        ):
            self._read(work, table)

    async def stop(self) -> None:
        """Let go of what is under way."""
        if self._reading is not None:
            await self._reading.close()
        await self._tasks.close()

    def _enable(self) -> None:
        me = self._session.me
        admin = me is not None and me.role is Role.ADMIN
        self._command.setEnabled(self._session.connected and admin)

    def _closed(self) -> None:
        if self._reading is not None:
            self._reading.leave()
        self._dialog = None

    def _read(self, work: Coroutine[Any, Any, None], table: TextTable) -> None:
        """Fill a table; why it cannot be is said in its place, or where there are rows above the
        jobs."""

        def failed(error: Exception) -> None:
            if not isinstance(error, LongwatchClientError):
                raise error
            if self._dialog is not None and not table.rows:
                table.say(str(error))
            else:
                self._session.trouble.emit(str(error))

        assert self._reading is not None
        self._reading.start(work, name="admin", failed=failed)

    async def _read_tokens(self) -> None:
        tokens = await self._session.client().tokens()
        if self._dialog is not None:
            self._dialog.tokens.show_tokens(tokens, self._session.clock())

    async def _read_workers(self) -> None:
        told = await self._session.client().workers()
        if self._dialog is not None:
            self._dialog.workers.show_workers(told, self._session.clock())

    async def _read_limits(self) -> None:
        told = await self._session.client().limits()
        if self._dialog is not None:
            self._dialog.limits.show_limits(told, here=self._servers.current is None)

    async def _read_log(self, cursor: str | None) -> None:
        page = await self._session.client().audit(cursor=cursor)
        if self._dialog is not None:
            self._dialog.log.show_page(page, self._session.clock(), first=cursor is None)

    def _ask_token(self) -> None:
        parent = self._dialog or self._window
        self._asking = dialog = TokenDialog(parent, self._theme)
        dialog.wanted.connect(
            lambda draft: self._tasks.start(
                self._make(draft), name="new-token", failed=foreseen(self._not_made)
            )
        )
        dialog.finished.connect(self._asked)
        dialog.open()

    def _asked(self) -> None:
        self._asking = None

    def _not_made(self, reason: str) -> None:
        if self._asking is not None:
            self._asking.say(reason)

    async def _make(self, draft: TokenDraft) -> None:
        made = await self._session.client().create_token(
            draft.name, draft.role, expires_days=draft.expires_days
        )
        if self._asking is not None:
            self._asking.show_token(made)
        await self._look_again()

    def _ask_revoke(self, token: Token) -> None:
        box = ask(
            self._dialog or self._window,
            tr("Revoke token?"),
            tr("Revoke the token of {name}?").format(name=token.name),
            tr("Whoever uses it is let in no more, and what it has open ends at once. Its jobs "
               "stay, and go on."),
            tr("Revoke"),
        )  # fmt: skip
        box.accepted.connect(lambda: self._tasks.start(self._revoke(token.id), name="revoke"))
        box.open()

    async def _revoke(self, token_id: str) -> None:
        await self._session.client().revoke_token(token_id)
        await self._look_again()

    async def _look_again(self) -> None:
        await self._read_tokens()
        await self._read_log(None)
