"""The audit log in the store: lines are added, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import insert, select

from longwatch.protocol.people import AuditLine, Role
from longwatch.store import markers
from longwatch.store.reading import reading
from longwatch.store.rows import from_us, to_us
from longwatch.store.tables import audit
from longwatch.store.writer import Transaction


def note(
    tx: Transaction,
    who: str,
    role: Role,
    action: str,
    targets: Sequence[str],
    at: datetime,
    detail: str = "",
) -> None:
    """Add a line for each target."""
    common = {"at_us": to_us(at), "who": who, "role": role.value, "detail": detail}
    rows = [{**common, "action": action, "target": target} for target in targets]
    if rows:
        tx.connection.execute(insert(audit), rows)


def note_settings(
    tx: Transaction,
    who: str,
    role: Role,
    chosen: Mapping[str, str],
    at: datetime,
    server: tuple[str, str] | None = None,
) -> None:
    """Add a line for each setting that is not what it was when this was called before; of several
    servers on a store by the same `server`, given by its id and by where it runs."""
    marker = markers.SETTINGS if server is None else f"{markers.SETTINGS}:{server[0]}"
    where = "" if server is None else f", on {server[1]}"
    known = markers.get(tx.connection, marker)
    markers.put(tx.connection, marker, msgspec.json.encode(chosen).decode())
    if known is None:
        return
    before = msgspec.json.decode(known, type=dict[str, str])
    for name in sorted({*before, *chosen}):
        old, new = before.get(name, "default"), chosen.get(name, "default")
        if old != new:
            note(tx, who, role, "settings.change", [name], at, f"{old} → {new}{where}")


@reading
def page(
    tx: Transaction, *, before_id: int | None, limit: int
) -> tuple[list[AuditLine], int | None]:
    """The newest lines, older than `before_id` where one is given, and where the next page
    begins."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    rows = tx.connection.execute(query).all()
    next_id = rows[limit - 1].id if len(rows) > limit else None
    return [_line(row) for row in rows[:limit]], next_id


def _line(row: Any) -> AuditLine:
    at = from_us(row.at_us)
    assert at is not None
    return AuditLine(
        id=row.id,
        at=at,
        who=row.who,
        role=Role(row.role),
        action=row.action,
        target=row.target,
        detail=row.detail,
    )
