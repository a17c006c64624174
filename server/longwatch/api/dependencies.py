"""What routes are handed by `Depends`. Tests replace any of them through
`app.dependency_overrides`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import structlog
from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from longwatch.api.problems import ApiError
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.feed.room import FeedRoom
from longwatch.protocol.limits import LimitList
from longwatch.protocol.people import Role, Visibility
from longwatch.results.exports import Exports
from longwatch.results.viewer import Viewer
from longwatch.security.attempts import WrongTokens
from longwatch.security.tokens import Principal, TokenChecker
from longwatch.service.audit import AuditLog
from longwatch.service.jobs import JobService
from longwatch.service.owners import Owners
from longwatch.service.people import TokenService
from longwatch.service.relaying import Relay
from longwatch.service.remembering import Memory
from longwatch.service.retention import Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.shutdown import Shutdown
from longwatch.service.sourcing import SourceService
from longwatch.service.working import WorkerService
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.sources.files import Files
from longwatch.store.store import Store
from longwatch.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """The live objects of one server, wired together by `longwatch.works`."""

    service: JobService
    memory: Memory
    store: Store
    hub: FeedHub
    beat: Beat
    sources: SourceCatalogue
    sourcing: SourceService
    saving: SavedQueries
    files: Files
    tokens: TokenChecker
    wrong_tokens: WrongTokens
    people: TokenService
    audit: AuditLog
    owners: Owners
    feeds: FeedRoom
    visibility: Visibility
    log: structlog.stdlib.BoundLogger
    epoch: str
    server_name: str
    shutdown: Shutdown
    viewer: Viewer
    exports: Exports
    metrics: Metrics
    retention: Retention
    limits: LimitList
    notify_targets: Collection[str] = ()
    workers: WorkerService | None = None
    """`None` where no worker has a part in it."""
    relay: Relay | None = None
    """The way to the server that leads; `None` where there is no other."""
    metrics_public: bool = False
    results_bytes: Callable[[], int] = lambda: 0
    check_room: Callable[[str], None] = lambda _person: None
    """Raises `QuotaExceeded` for whoever keeps too much already."""


# All `async`, though none waits: FastAPI would send a plain function to a thread, and each request
# has several.

# Declared for the OpenAPI document only: the check itself is `principal`, which also serves
# WebSockets, where FastAPI's own scheme classes cannot be used.
_scheme = HTTPBearer(auto_error=False, description="The token in the server's ready file.")


async def parts(connection: HTTPConnection) -> Parts:
    """The server's objects; 503 before it has started."""
    found: Parts | None = getattr(connection.app.state, "parts", None)
    if found is None:
        raise ApiError(503, "starting", "The server is starting. Try again in a moment.")
    return found


async def principal(
    connection: HTTPConnection, server: Annotated[Parts, Depends(parts)]
) -> Principal:
    """Who asks. 401 without a valid token, in a header only: addresses end up in logs."""
    who = server.tokens.principal(connection.headers.get("authorization"))
    if who is None:
        raise _unknown(connection, server)
    return who


def _unknown(connection: HTTPConnection, server: Parts) -> ApiError:
    # Once a request: a route that is called directly is solved again if it is not let in.
    known: ApiError | None = connection.scope.get(_REFUSED)
    if known is None:
        known = connection.scope[_REFUSED] = _refusal(connection, server)
    return known


def _refusal(connection: HTTPConnection, server: Parts) -> ApiError:
    client = connection.client
    if connection.headers.get("authorization") and client is not None:
        wait_s = server.wrong_tokens.note(client.host)
        if wait_s is not None:
            return ApiError(
                429,
                "too_many_wrong_tokens",
                f"Too many wrong tokens came from this address. Wait {wait_s} s; a right one is "
                "let in at any time.",
                {"Retry-After": str(wait_s)},
            )
    return ApiError(
        401,
        "unauthorized",
        "The token is missing or wrong, or was revoked or expired. A server makes a new one for "
        "its own machine at each start, which its ready file holds; others an admin makes.",
        {"WWW-Authenticate": "Bearer"},
    )


def forbidden(who: Principal, roles: Sequence[Role]) -> ApiError:
    """The error for a token of another role than one of these."""
    wanted = " or ".join(roles)
    return ApiError(
        403,
        "forbidden",
        f"This takes a token of the role {wanted}; yours is of the role {who.role}.",
    )


_REFUSED: Final = "longwatch.refused"
PartsDep = Annotated[Parts, Depends(parts)]
PrincipalDep = Annotated[Principal, Depends(principal)]


def requires(*roles: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: who asks, if it has one of these roles. 403 for anybody else."""

    async def allowed(who: PrincipalDep) -> Principal:
        if who.role not in roles:
            raise forbidden(who, roles)
        return who

    return allowed


async def service(server: Annotated[Parts, Depends(parts)]) -> JobService:
    """The job service."""
    return server.service


async def sourcing(server: Annotated[Parts, Depends(parts)]) -> SourceService:
    """What changes sources and asks them."""
    return server.sourcing


async def saving(server: Annotated[Parts, Depends(parts)]) -> SavedQueries:
    """The saved queries."""
    return server.saving


async def sources(server: Annotated[Parts, Depends(parts)]) -> SourceCatalogue:
    """The catalogue of sources."""
    return server.sources


async def audit(server: Annotated[Parts, Depends(parts)]) -> AuditLog:
    """The audit log."""
    return server.audit


async def owners(server: Annotated[Parts, Depends(parts)]) -> Owners:
    """Whose things are."""
    return server.owners


async def documented(_token: Annotated[object, Security(_scheme)]) -> None:
    """Puts the bearer scheme into the OpenAPI document."""


AuditDep = Annotated[AuditLog, Depends(audit)]
OwnersDep = Annotated[Owners, Depends(owners)]
ServiceDep = Annotated[JobService, Depends(service)]
SourcingDep = Annotated[SourceService, Depends(sourcing)]
SavingDep = Annotated[SavedQueries, Depends(saving)]
SourcesDep = Annotated[SourceCatalogue, Depends(sources)]
