"""The calls that are about what a server allows, keeps and tells."""

from __future__ import annotations

from typing import Final

import msgspec

from longwatch.client._http import Connection
from longwatch.protocol import routes
from longwatch.protocol.limits import LimitList, Retention, Sweep, SweepKind, Swept, TargetList

_LOOK_S: Final = 300.0
"""How much longer than usual a server may take that looks at all results: 10 s for 100,000."""


class LimitCalls(Connection):
    """Part of `AsyncClient`; its methods raise what that says, all but `notify_targets` also
    `Forbidden` for a token that is no admin's."""

    async def limits(self) -> LimitList:
        """What the server allows, and where that is set."""
        return await self._json("GET", routes.LIMITS, LimitList)

    async def notify_targets(self) -> list[str]:
        """Who can be told of a job's end, by name. Raises `Forbidden` for a viewer."""
        return (await self._json("GET", routes.NOTIFY_TARGETS, TargetList)).targets

    async def retention(self) -> Retention:
        """How long results and jobs are kept, and how much there is of everybody."""
        return await self._json("GET", routes.RETENTION, Retention, longer_s=_LOOK_S)

    async def sweep(self, kind: SweepKind, older_days: float, *, dry_run: bool = False) -> Swept:
        """Remove the results, or the jobs with all they left, that ended more than so many days
        ago; with `dry_run` they are only counted. Raises `BadRequest`."""
        body = msgspec.json.encode(Sweep(kind=kind, older_days=older_days, dry_run=dry_run))
        return await self._json("POST", routes.SWEEPS, Swept, body=body, longer_s=_LOOK_S)
