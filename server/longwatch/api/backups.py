"""`/v1/backups`: copies of the store, made while it goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Final

from fastapi import APIRouter

from longwatch.api.dependencies import AuditDep, PartsDep, PrincipalDep
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.backups import Backup
from longwatch.store.backup import BackupFailed, back_up, prune

KEPT: Final = 5
router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["backups"])


@router.post(routes.BACKUPS, operation_id="create_backup", status_code=201)
async def create(server: PartsDep, who: PrincipalDep, audit: AuditDep) -> Backup:
    """Copy the store into `backups/` of the data folder, and check the copy. Never anywhere else:
    whoever holds a token must not choose what a server overwrites. Taking it away is left to
    whoever keeps backups; `longwatch backup` on that machine does. The newest 5 stay there."""
    if server.store.shared:
        await server.store.copy(server.store.path)  # which says how else
    folder = server.store.path.parent / routes.BACKUPS_FOLDER
    try:
        made = await back_up(server.store.copy, folder)
    except (OSError, sqlite3.Error, BackupFailed) as error:
        no_room = isinstance(error, OSError) or "full" in str(error)
        raise ApiError(
            507 if no_room else 503,
            "backup_failed",
            f"The store could not be copied to {folder}: {error}.",
        ) from error
    await asyncio.to_thread(prune, folder, KEPT)
    server.log.info("backup made", file=made.file, bytes=made.bytes, jobs=made.jobs)
    await audit.note(who, "backup.create", made.file)
    return made
