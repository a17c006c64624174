"""A copy of a server's store."""

from __future__ import annotations

from datetime import datetime

from longwatch.protocol.wire import Wire


class Backup(Wire, frozen=True, kw_only=True):
    """A copy that was made and checked.

    `file` is its name in `backups/` of the server's data folder. It holds `jobs` jobs, up to the
    change `seq`, in the schema `revision`; `unfinished` of them waited or ran, and are over in the
    copy, since nobody could say whether they should run again.
    """

    file: str
    bytes: int
    jobs: int
    unfinished: int
    seq: int
    revision: str
    made_at: datetime
