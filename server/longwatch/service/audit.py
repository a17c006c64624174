"""The audit log: who did what to what belongs to all, or to somebody else."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from longwatch.protocol.people import AuditLine
from longwatch.security.tokens import Principal
from longwatch.store import audit
from longwatch.store.store import Store

ID_FILE: Final = "server.id"
"""In the data folder of a server that shares its store: what the store knows it by."""
_ID: Final = re.compile(r"[0-9a-f]{16}")
_BATCH: Final = 200
"""Lines a store operation: what another request waits for at most is 2 ms."""


class AuditLog:
    """Writes and reads it. A line is on the disk before the answer of what it tells of."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def note(self, who: Principal, action: str, *targets: str, detail: str = "") -> None:
        """Note what somebody did, a line for each target. Raises `StoreError`."""
        for start in range(0, len(targets), _BATCH):
            some = targets[start : start + _BATCH]
            at = self._now()
            await self._store.run(audit.note, who.name, who.role, action, some, at, detail)

    async def note_others(
        self, who: Principal, action: str, jobs: Sequence[tuple[str, str]]
    ) -> None:
        """Note what was done to jobs, given as id and owner, as far as they are not one's own."""
        by_owner: dict[str, list[str]] = {}
        for job_id, owner in jobs:
            if owner != who.name:
                by_owner.setdefault(owner, []).append(job_id)
        for owner, ids in by_owner.items():
            await self.note(who, action, *ids, detail=f"of {owner}")

    async def note_settings(
        self, who: Principal, chosen: Mapping[str, str], data_dir: Path
    ) -> None:
        """Note which settings were changed since the last start of the server over `data_dir`, in
        the name of whoever runs it. Raises `OSError` and `StoreError`."""
        server = None
        if self._store.shared:
            server = await asyncio.to_thread(_own_id, data_dir), socket.gethostname()
        at = self._now()
        await self._store.run(audit.note_settings, who.name, who.role, chosen, at, server)

    async def page(
        self, *, before_id: int | None, limit: int
    ) -> tuple[list[AuditLine], int | None]:
        """The newest lines, and where the next page begins."""
        return await self._store.run(audit.page, before_id=before_id, limit=limit)


def _own_id(data_dir: Path) -> str:
    """The id of the server over a data folder, made when it is asked for first."""
    path = data_dir / ID_FILE
    try:
        found = path.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        found = ""
    if not _ID.fullmatch(found):
        found = secrets.token_hex(8)
        path.write_text(found + "\n", "ascii")
    return found
