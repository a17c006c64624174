"""The calls that are about people: who one is, tokens, the audit log."""

from __future__ import annotations

import msgspec

from longwatch.client._http import Connection
from longwatch.protocol import routes
from longwatch.protocol.people import AuditPage, Me, NewToken, Role, Token, TokenDraft, TokenList


class PeopleCalls(Connection):
    """Part of `AsyncClient`; its methods raise what that says, all but `me` also `Forbidden` for a
    token that is no admin's."""

    async def me(self) -> Me:
        """Whose the token is, and what it may do."""
        return await self._json("GET", routes.ME, Me)

    async def create_token(
        self, name: str, role: Role, *, expires_days: float | None = None
    ) -> NewToken:
        """Make a token for somebody. Its `secret` is told this once. Raises `BadRequest`."""
        draft = TokenDraft(name=name, role=role, expires_days=expires_days)
        return await self._json("POST", routes.TOKENS, NewToken, body=msgspec.json.encode(draft))

    async def tokens(self) -> list[Token]:
        """Every token there is or was, the newest first."""
        return (await self._json("GET", routes.TOKENS, TokenList)).tokens

    async def revoke_token(self, token_id: str) -> Token:
        """Let a token in no more; its feeds and downloads end at once. Raises `NotFound`."""
        return await self._json("DELETE", routes.TOKEN.format(token_id=token_id), Token)

    async def audit(self, *, cursor: str | None = None, limit: int = 100) -> AuditPage:
        """A page of what people did, newest first; `cursor` is the `next` of the page before."""
        query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
        return await self._json("GET", routes.AUDIT, AuditPage, query=query)
