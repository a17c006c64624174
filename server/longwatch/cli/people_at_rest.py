"""Tokens and the audit log of a data folder in which no server runs.

Whoever uses this holds the folder's lock, so that no server opens the store meanwhile.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from longwatch.cli.backup import STORE
from longwatch.cli.exits import Exit
from longwatch.jobs.errors import InvalidToken, UnknownToken
from longwatch.protocol.people import AuditPage, NewToken, Role, Token, TokenDraft
from longwatch.service.people import made_token, told
from longwatch.store import audit, people
from longwatch.store.database import open_engine
from longwatch.store.errors import StoreError
from longwatch.store.writer import Changes, Transaction

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")


class Refused(Exception):
    """It cannot be done; says why."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class PeopleAtRest:
    """What a server would be asked, answered from the store itself. Everything raises `Refused`."""

    def __init__(self, data_dir: Path) -> None:
        try:
            self._engine = open_engine(data_dir / STORE)
        except StoreError as error:
            raise Refused(str(error), Exit.FAILED) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    async def create_token(
        self, name: str, role: Role, *, expires_days: float | None = None
    ) -> NewToken:
        """As the client's."""
        draft = TokenDraft(name=name, role=role, expires_days=expires_days)
        try:
            stored, new = made_token(draft, datetime.now(UTC))
        except InvalidToken as error:
            raise Refused(str(error), Exit.USAGE) from error

        def keep(tx: Transaction) -> None:
            people.add_token(tx, stored)
            self._note(tx, "token.create", new.token)

        self._run(keep)
        return new

    async def tokens(self) -> list[Token]:
        """As the client's."""
        return [one.token for one in self._run(people.all_tokens)]

    async def revoke_token(self, token_id: str) -> Token:
        """As the client's."""

        def revoke(tx: Transaction) -> Token | None:
            token = people.revoke_token(tx, token_id, datetime.now(UTC))
            if token is not None:
                self._note(tx, "token.revoke", token)
            return token

        revoked = self._run(revoke)
        if revoked is None:
            raise Refused(str(UnknownToken(token_id)), Exit.USAGE)
        return revoked

    async def audit(self, *, cursor: str | None = None, limit: int = 100) -> AuditPage:
        """As the client's; cursors are its own."""
        before_id = None if cursor is None else int(cursor)
        lines, next_id = self._run(lambda tx: audit.page(tx, before_id=before_id, limit=limit))
        return AuditPage(lines=lines, next=None if next_id is None else str(next_id))

    def _run(self, operation: Callable[[Transaction], T]) -> T:
        with self._engine.begin() as connection:
            return operation(Transaction(connection, Changes()))

    @staticmethod
    def _note(tx: Transaction, action: str, token: Token) -> None:
        try:
            who = getpass.getuser()
        except (KeyError, OSError):
            who = "me"
        detail = f"{told(token)}, on the server's machine"
        audit.note(tx, who, Role.ADMIN, action, [token.id], datetime.now(UTC), detail)
