"""People's tokens: made, listed, revoked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from longwatch.background import Background
from longwatch.jobs.errors import InvalidToken, UnknownToken
from longwatch.jobs.model import new_id
from longwatch.protocol.people import NewToken, Token, TokenDraft
from longwatch.security.tokens import Principal, TokenChecker, digest, new_named_token
from longwatch.service.audit import AuditLog
from longwatch.store import people
from longwatch.store.errors import StoreError
from longwatch.store.people import StoredToken
from longwatch.store.store import Store

_NOTE_EVERY_S: Final = 60.0


def made_token(draft: TokenDraft, now: datetime) -> tuple[StoredToken, NewToken]:
    """A new token, as it is kept and as its owner is told of it. Raises `InvalidToken`."""
    name = draft.name.strip()
    if not name or not name.isprintable():
        raise InvalidToken("The name of a person is some letters, without line breaks.", "/name")
    secret, prefix = new_named_token()
    expires_at = None
    if draft.expires_days is not None:
        expires_at = now + timedelta(days=draft.expires_days)
    token = Token(
        id=new_id(),
        name=name,
        role=draft.role,
        prefix=prefix,
        created_at=now,
        expires_at=expires_at,
    )
    return StoredToken(token, digest(secret)), NewToken(token=token, secret=secret)


class TokenService:
    """The only writer of tokens: in the store, and in what lets requests in."""

    def __init__(
        self,
        store: Store,
        checker: TokenChecker,
        audit: AuditLog,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._checker = checker
        self._audit = audit
        self._log = log
        self._now = now
        self._noting = Background("tokens-used")

    async def start(self) -> None:
        """Let in those that were made before, and begin to note which are used."""
        await self.reload()
        self._noting.start(self._note_now_and_then())

    async def reload(self) -> None:
        """Take in what there is now: another server on the store makes and revokes tokens too.
        Raises `StoreError`."""
        for stored in await self._store.run(people.all_tokens):
            token = stored.token
            if token.revoked_at is not None:
                self._checker.revoke(token.id)
            elif not self._checker.knows(token.id):
                self._checker.add(token, stored.hash)

    async def stop(self) -> None:
        """Note which were used."""
        await self._noting.stop()
        with contextlib.suppress(StoreError):  # a moment is lost, and the server ends
            await self._note_used()

    async def create(self, draft: TokenDraft, who: Principal) -> NewToken:
        """Make a token; it opens the server once this returns. Raises `InvalidToken`."""
        stored, new = made_token(draft, self._now())
        await self._store.run(people.add_token, stored)
        self._checker.add(stored.token, stored.hash)
        token = new.token
        self._log.info("token made", token=token.id, name=token.name, role=token.role.value)
        await self._audit.note(who, "token.create", token.id, detail=told(token))
        return new

    async def all(self) -> list[Token]:
        """Every token there is or was, the newest first."""
        await self._note_used()
        return [one.token for one in await self._store.run(people.all_tokens)]

    async def revoke(self, token_id: str, who: Principal) -> Token:
        """Let a token in no more, and end what goes on in its name. Again changes nothing. Raises
        `UnknownToken`."""
        token = await self._store.run(people.revoke_token, token_id, self._now())
        if token is None:
            raise UnknownToken(token_id)
        self._checker.revoke(token_id)
        self._log.info("token revoked", token=token.id, name=token.name)
        await self._audit.note(who, "token.revoke", token.id, detail=told(token))
        return token

    async def _note_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_NOTE_EVERY_S)
            try:
                await self._note_used()
            except StoreError as error:
                self._log.warning("use of tokens not noted", error=str(error))

    async def _note_used(self) -> None:
        used = self._checker.take_used()
        if used:
            await self._store.run(people.note_used, used)


def told(token: Token) -> str:
    """What the audit log says of a token."""
    until = f", until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else ""
    return f"{token.role.value} for {token.name}{until}"
