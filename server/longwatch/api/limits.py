"""`/v1/limits`, `/v1/retention` and `/v1/notify-targets`: what a server allows, keeps and tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Body

from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import AuditDep, PartsDep, PrincipalDep
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.limits import (
    Holding,
    LimitList,
    Retention,
    Sweep,
    SweepKind,
    Swept,
    TargetList,
)
from longwatch.service.expiry import Held
from longwatch.store import aging

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["server"])


@router.get(routes.LIMITS, operation_id="list_limits")
async def list_limits(server: PartsDep) -> LimitList:
    """What the server allows since its start, and where each limit comes from."""
    return server.limits


@router.get(routes.NOTIFY_TARGETS, operation_id="list_notify_targets")
async def list_targets(server: PartsDep) -> TargetList:
    """Who can be told of a job's end, by name."""
    return TargetList(targets=sorted(server.notify_targets))


@router.get(routes.RETENTION, operation_id="get_retention")
async def get_retention(server: PartsDep) -> Retention:
    """How long results, jobs and the courses of runs are kept, and how much there is of everybody.
    Results are as they were when the server last looked at them all: at its start, every hour, and
    for each sweep."""
    keep = server.retention.keep
    found = await server.retention.survey()
    counts = await server.store.run(aging.jobs_by_owner)
    owners = counts.keys() | found.held.keys()
    held = {owner: found.held.get(owner, Held()) for owner in owners}
    return Retention(
        keep_results_days=_days(keep.results_for),
        keep_results_bytes=keep.results_bytes,
        keep_jobs_days=_days(keep.jobs_for),
        keep_jobs=keep.jobs,
        runs_kept_days=_days(keep.runs_for),
        max_runs=keep.runs,
        holdings=[
            Holding(owner=owner, jobs=counts.get(owner, 0), results=one.results, bytes=one.bytes)
            for owner, one in sorted(held.items(), key=lambda item: (-item[1].bytes, item[0]))
            if owner in counts or one.bytes
        ],
        looked_at=found.looked_at,
    )


@router.post(routes.SWEEPS, operation_id="sweep")
async def sweep(
    wanted: Annotated[Sweep, Body()], server: PartsDep, who: PrincipalDep, audit: AuditDep
) -> Swept:
    """Remove now what is older, or count it. Jobs that wait or run stay, and so does what somebody
    has opened within the last hour."""
    age = timedelta(days=wanted.older_days)
    done = await server.retention.remove_older(wanted.kind, age, dry_run=wanted.dry_run)
    swept = Swept(jobs=done.jobs, results=done.results, bytes=done.bytes)
    if not wanted.dry_run:
        what = f"{swept.results} results of {swept.bytes} bytes"
        if wanted.kind is SweepKind.JOBS:
            what = f"{swept.jobs} jobs with {what}"
        said = f"older than {wanted.older_days:g} days: {what}"
        await audit.note(who, "retention.sweep", wanted.kind.value, detail=said)
    return swept


def _days(age: timedelta | None) -> float | None:
    return None if age is None else age / timedelta(days=1)
