"""Who may do what: one table of every route, and the one dependency that asks it.

What a request may do is decided by the route that the framework chose for it, never by its address:
`//v1/jobs` or `/v1/%6Aobs` is whatever route it reaches. A route that is not in the table is an
admin's, so that nothing new is open by being forgotten.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, NamedTuple

from fastapi import Depends
from starlette.requests import HTTPConnection

from longwatch.api.dependencies import OwnersDep, PrincipalDep, documented, forbidden
from longwatch.jobs.errors import NotYours, UnknownJob
from longwatch.protocol import routes
from longwatch.protocol.people import Role
from longwatch.results.exports import UnknownExport
from longwatch.security.tokens import Principal
from longwatch.service.owners import Owners


class Of(enum.Enum):
    """What in the address belongs to somebody."""

    NOBODY = "nothing"
    SEEN_JOB = "a job that the asker must be able to see"
    OWN_JOB = "a job of the asker's"
    OWN_EXPORT = "an export that the asker began"
    OWN_QUERY = "a saved query of the asker's"
    TEAM = "what came of everybody's jobs"


class Right(NamedTuple):
    """Whose a route is: a token of the role `least` or a higher one, and what it must own. To an
    admin everything belongs."""

    least: Role
    of: Of = Of.NOBODY


_RANKS: Final = {Role.VIEWER: 1, Role.ANALYST: 2, Role.ADMIN: 3}
"""A worker has none of these rights: its own routes ask for its role."""
_HIDDEN: Final = Right(Role.ADMIN)
_TEAM: Final = Right(Role.ANALYST, Of.TEAM)
_VIEWER, _ANALYST = Right(Role.VIEWER), Right(Role.ANALYST)
_SEES: Final = Right(Role.VIEWER, Of.SEEN_JOB)
_OWNS: Final = Right(Role.ANALYST, Of.OWN_JOB)
WEBSOCKET: Final = "WEBSOCKET"
RIGHTS: Final[dict[tuple[str, str], Right]] = {
    ("POST", routes.JOBS): _ANALYST,
    ("GET", routes.JOBS): _VIEWER,
    ("GET", routes.JOB): _SEES,
    ("DELETE", routes.JOB): _OWNS,
    ("POST", routes.JOB_CANCEL): _OWNS,
    # A new job of one's own, of SQL that one can read.
    ("POST", routes.JOB_RETRY): Right(Role.ANALYST, Of.SEEN_JOB),
    ("GET", routes.JOB_EVENTS): _SEES,
    ("GET", routes.JOB_ATTEMPTS): _SEES,
    ("GET", routes.JOB_LOG): _SEES,
    ("POST", routes.JOBS_BULK): _ANALYST,  # each job for itself: see `service.bulk`
    ("GET", routes.JOBS_EXPORT): _VIEWER,
    ("GET", routes.JOB_RESULT): _SEES,
    ("GET", routes.JOB_RESULT_PAGE): _SEES,
    ("GET", routes.JOB_RESULT_STATISTICS): _SEES,
    ("GET", routes.JOB_RESULT_SEARCH): _SEES,
    ("GET", routes.JOB_RESULT_EXPORT): _OWNS,
    ("GET", routes.EXPORT): Right(Role.ANALYST, Of.OWN_EXPORT),
    ("DELETE", routes.EXPORT): Right(Role.ANALYST, Of.OWN_EXPORT),
    ("GET", routes.ENGINES): _VIEWER,
    ("GET", routes.SOURCES): _VIEWER,
    ("POST", routes.SOURCES): _HIDDEN,
    ("POST", routes.SOURCES_TEST): _HIDDEN,
    ("GET", routes.SOURCE): _VIEWER,
    ("PUT", routes.SOURCE): _HIDDEN,
    ("DELETE", routes.SOURCE): _HIDDEN,
    ("POST", routes.SOURCE_TEST): _ANALYST,
    ("GET", routes.SOURCE_CATALOGUE): _VIEWER,
    ("POST", routes.FILES): _HIDDEN,  # what sources are made of
    ("POST", routes.ESTIMATES): _ANALYST,
    ("GET", routes.SAVED_QUERIES): _VIEWER,
    ("POST", routes.SAVED_QUERIES): _ANALYST,
    ("PUT", routes.SAVED_QUERY): Right(Role.ANALYST, Of.OWN_QUERY),
    ("DELETE", routes.SAVED_QUERY): Right(Role.ANALYST, Of.OWN_QUERY),
    ("POST", routes.BACKUPS): _HIDDEN,
    ("GET", routes.TOKENS): _HIDDEN,
    ("POST", routes.TOKENS): _HIDDEN,
    ("DELETE", routes.TOKEN): _HIDDEN,
    ("GET", routes.AUDIT): _HIDDEN,
    ("GET", routes.ME): _VIEWER,
    ("GET", routes.CHANGES): _VIEWER,
    ("GET", routes.RUNS): _TEAM,
    ("GET", routes.RUNS_EXPORT): _TEAM,
    ("GET", routes.RUN): _TEAM,
    ("DELETE", routes.RUNS): _HIDDEN,
    ("GET", routes.ACCURACY): _TEAM,
    ("GET", routes.WORKERS): _VIEWER,
    ("GET", routes.LIMITS): _HIDDEN,
    ("GET", routes.RETENTION): _HIDDEN,
    ("POST", routes.SWEEPS): _HIDDEN,
    ("GET", routes.NOTIFY_TARGETS): _ANALYST,  # who may submit may name them
    ("GET", routes.METRICS): _VIEWER,  # unless `metrics_public` lets anybody
    (WEBSOCKET, routes.FEED): _VIEWER,
}


async def permitted(connection: HTTPConnection, owners: OwnersDep, who: PrincipalDep) -> Principal:
    """Who asks, if it may. 403 for the wrong role and for what is somebody else's, 404 for what it
    may not even know of."""
    route = connection.scope["route"]
    method: str = connection.scope.get("method", WEBSOCKET)
    right = RIGHTS.get((method, route.path), _HIDDEN)
    if _RANKS.get(who.role, 0) < _RANKS[right.least]:
        raise forbidden(who, [role for role in _RANKS if _RANKS[role] >= _RANKS[right.least]])
    if right.of is not Of.NOBODY and who.role is not Role.ADMIN:
        await _check_owner(right.of, connection.path_params, owners, who)
    return who


async def _check_owner(of: Of, given: dict[str, str], owners: Owners, who: Principal) -> None:
    match of:
        case Of.SEEN_JOB if not who.sees_all:
            await _owner_seen(given["job_id"], owners, who)
        case Of.OWN_JOB:
            job_id = given["job_id"]
            owner = await _owner_seen(job_id, owners, who)
            if not who.may_change(owner):
                raise NotYours(f"The job {job_id}", owner)
        case Of.OWN_EXPORT:
            export_id = given["export_id"]
            if not who.may_change(await owners.of_export(export_id)):
                raise UnknownExport(export_id)
        case Of.TEAM if not who.sees_all:
            raise forbidden(who, [Role.ADMIN])
        case Of.OWN_QUERY:
            author = await owners.of_query(given["name"])
            if author is not None and not who.may_change(author):
                raise NotYours("The saved query", author)


async def _owner_seen(job_id: str, owners: Owners, who: Principal) -> str:
    """Whose the job is. Raises `UnknownJob` for one that is not, or not for the eyes of whoever
    asks."""
    owner = await owners.of_job(job_id)
    if not who.sees(owner):
        raise UnknownJob(job_id)
    return owner


PermittedDep = Annotated[Principal, Depends(permitted)]
AUTHENTICATED: Final = [Depends(documented), Depends(permitted)]
"""What every router but that of health depends on."""
