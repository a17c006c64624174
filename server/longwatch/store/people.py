"""Tokens in the store: their hashes, never they themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from longwatch.protocol.people import Role, Token
from longwatch.store.reading import reading
from longwatch.store.rows import from_us, to_us
from longwatch.store.tables import tokens
from longwatch.store.writer import Transaction


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token, and the SHA-256 of what opens the server."""

    token: Token
    hash: bytes = field(repr=False)


@reading
def all_tokens(tx: Transaction) -> list[StoredToken]:
    """Every token there is or was, the newest first."""
    query = select(tokens).order_by(tokens.c.created_us.desc(), tokens.c.id)
    return [_stored(row) for row in tx.connection.execute(query)]


def add_token(tx: Transaction, stored: StoredToken) -> None:
    """Keep a new token."""
    token = stored.token
    tx.connection.execute(
        insert(tokens).values(
            id=token.id,
            prefix=token.prefix,
            name=token.name,
            role=token.role.value,
            hash=stored.hash,
            created_us=to_us(token.created_at),
            expires_us=to_us(token.expires_at),
        )
    )
    tx.changes.reload = True


def revoke_token(tx: Transaction, token_id: str, at: datetime) -> Token | None:
    """Note that a token is revoked; one that was stays as it is. `None` when there is none."""
    mine = tokens.c.id == token_id
    tx.connection.execute(
        update(tokens).where(mine, tokens.c.revoked_us.is_(None)).values(revoked_us=to_us(at))
    )
    tx.changes.reload = True
    row = tx.connection.execute(select(tokens).where(mine)).one_or_none()
    return None if row is None else _stored(row).token


def note_used(tx: Transaction, used: Mapping[str, datetime]) -> None:
    """Note when tokens were used last."""
    for token_id, moment in used.items():
        tx.connection.execute(
            update(tokens).where(tokens.c.id == token_id).values(last_used_us=to_us(moment))
        )


def _stored(row: Any) -> StoredToken:
    created_at = from_us(row.created_us)
    assert created_at is not None
    token = Token(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        prefix=row.prefix,
        created_at=created_at,
        last_used_at=from_us(row.last_used_us),
        expires_at=from_us(row.expires_us),
        revoked_at=from_us(row.revoked_us),
    )
    return StoredToken(token, row.hash)
