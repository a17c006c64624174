"""Idempotency keys: which job was made for a key, kept in the transaction that stored the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select

from longwatch.store.dialects import Upsert
from longwatch.store.rows import from_us, to_us
from longwatch.store.tables import idempotency_keys as keys
from longwatch.store.writer import Transaction

# Built once, as in `repository`: every submit needs them.
_FIND: Final = select(keys.c.fingerprint, keys.c.job_id, keys.c.expires_us).where(
    keys.c.owner == bindparam("of_owner"),
    keys.c.key == bindparam("of_key"),
    keys.c.expires_us > bindparam("now"),
)
_FORGET: Final = delete(keys).where(keys.c.expires_us <= bindparam("now"))
_KEEP: Final = Upsert(keys, ["owner", "key"])


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done for a key: the request, the job it made, until when that is remembered."""

    fingerprint: str
    job_id: str
    expires_at: datetime


def find(tx: Transaction, owner: str, key: str, now: datetime) -> Kept | None:
    """What was done for this owner's key; `None` when nothing was, or it has expired."""
    which = {"of_owner": owner, "of_key": key, "now": to_us(now)}
    row = tx.connection.execute(_FIND, which).one_or_none()
    if row is None:
        return None
    expires_at = from_us(row.expires_us)
    assert expires_at is not None
    return Kept(row.fingerprint, row.job_id, expires_at)


def forget(tx: Transaction, now: datetime) -> None:
    """Forget the keys that have expired."""
    tx.connection.execute(_FORGET, {"now": to_us(now)})


def keep(tx: Transaction, owner: str, key: str, kept: Kept) -> None:
    """Remember what was done for a key, in place of what had expired."""
    _KEEP.carry_out(
        tx.connection,
        {
            "owner": owner,
            "key": key,
            "fingerprint": kept.fingerprint,
            "job_id": kept.job_id,
            "expires_us": to_us(kept.expires_at),
        },
    )
