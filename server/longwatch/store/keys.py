"""Idempotency keys: which job was made for a key, kept in the transaction that stored the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from longwatch.store.rows import from_us, to_us
from longwatch.store.tables import idempotency_keys as keys
from longwatch.store.writer import Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done for a key: the request, the job it made, until when that is remembered."""

    fingerprint: str
    job_id: str
    expires_at: datetime


def find(tx: Transaction, owner: str, key: str, now: datetime) -> Kept | None:
    """What was done for this owner's key; `None` when nothing was, or it has expired."""
    query = select(keys.c.fingerprint, keys.c.job_id, keys.c.expires_us).where(
        keys.c.owner == owner, keys.c.key == key, keys.c.expires_us > to_us(now)
    )
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        return None
    expires_at = from_us(row.expires_us)
    assert expires_at is not None
    return Kept(row.fingerprint, row.job_id, expires_at)


def keep(tx: Transaction, owner: str, key: str, kept: Kept, now: datetime) -> None:
    """Remember what was done for a key, and forget those that have expired."""
    tx.connection.execute(delete(keys).where(keys.c.expires_us <= to_us(now)))
    tx.connection.execute(
        insert(keys).values(
            owner=owner,
            key=key,
            fingerprint=kept.fingerprint,
            job_id=kept.job_id,
            expires_us=to_us(kept.expires_at),
        )
    )
