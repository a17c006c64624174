"""Carries out what an admin asks for in the window."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.people import Role, Token, TokenDraft
from longwatch_desktop.actions import Actions
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.admin.token_dialog import TokenDialog
from longwatch_desktop.dialogs import ask
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr


class AdminDesk(QObject):
    """Its command is there for admins alone."""

    def __init__(self, session: Session, theme: Theme, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._theme = theme
        self._window = window
        self._dialog: AdminDialog | None = None
        self._asking: TokenDialog | None = None
        self._tasks = Tasks(foreseen(session.trouble.emit))
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
        self._dialog = dialog = AdminDialog(self._window, address.label if address else "")
        dialog.finished.connect(self._closed)
        dialog.token_wanted.connect(self._ask_token)
        dialog.revoke_wanted.connect(self._ask_revoke)
        dialog.more_wanted.connect(
            lambda cursor: self._tasks.start(self._read_log(cursor), name="audit", failed=self._say)
        )
        dialog.open()
        self._tasks.start(self._read(), name="tokens", failed=self._say)

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._tasks.close()

    def _enable(self) -> None:
        me = self._session.me
        admin = me is not None and me.role is Role.ADMIN
        self._command.setEnabled(self._session.connected and admin)

    def _closed(self) -> None:
        self._dialog = None

    async def _read(self) -> None:
        await asyncio.gather(self._read_tokens(), self._read_workers(), self._read_log(None))

    async def _read_tokens(self) -> None:
        tokens = await self._session.client().tokens()
        if self._dialog is not None:
            self._dialog.tokens.show_tokens(tokens, self._session.clock())

    async def _read_workers(self) -> None:
        told = await self._session.client().workers()
        if self._dialog is not None:
            self._dialog.workers.show_workers(told, self._session.clock())

    async def _read_log(self, cursor: str | None) -> None:
        page = await self._session.client().audit(cursor=cursor)
        if self._dialog is not None:
            self._dialog.log.show_page(page, self._session.clock(), first=cursor is None)

    def _say(self, error: Exception) -> None:
        if not isinstance(error, LongwatchClientError):
            raise error
        if self._dialog is not None:
            for page in (self._dialog.tokens, self._dialog.workers, self._dialog.log):
                if not page.table.rows:
                    page.table.say(str(error))
        self._session.trouble.emit(str(error))

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
        await self._read()

    def _ask_revoke(self, token: Token) -> None:
        box = ask(
            self._dialog or self._window,
            tr("Revoke token?"),
            tr("Revoke the token of {name}?").format(name=token.name),
            tr("Whoever uses it is let in no more, and what it has open ends at once. Its jobs "
               "stay, and go on."),
            tr("Revoke"),
        )  # fmt: skip
        box.accepted.connect(
            lambda: self._tasks.start(self._revoke(token.id), name="revoke", failed=self._say)
        )
        box.open()

    async def _revoke(self, token_id: str) -> None:
        await self._session.client().revoke_token(token_id)
        await self._read()
