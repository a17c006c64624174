"""What routes are handed by `Depends`. Tests replace any of them through
`app.dependency_overrides`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from longwatch.api.problems import ApiError
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.protocol.people import Role
from longwatch.results.exports import Exports
from longwatch.results.viewer import Viewer
from longwatch.security.tokens import Principal, TokenChecker
from longwatch.service.jobs import JobService
from longwatch.service.saving import SavedQueries
from longwatch.service.shutdown import Shutdown
from longwatch.service.sourcing import SourceService
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.sources.files import Files
from longwatch.store.store import Store
from longwatch.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """The live objects of one server, wired together by `longwatch.app`."""

    service: JobService
    store: Store
    hub: FeedHub
    beat: Beat
    sources: SourceCatalogue
    sourcing: SourceService
    saving: SavedQueries
    files: Files
    tokens: TokenChecker
    log: structlog.stdlib.BoundLogger
    epoch: str
    server_name: str
    shutdown: Shutdown
    viewer: Viewer
    exports: Exports
    metrics: Metrics
    metrics_public: bool = False
    results_bytes: Callable[[], int] = lambda: 0


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
        raise ApiError(
            401,
            "unauthorized",
            "The token is missing or wrong. A server makes a new one at each start; its ready "
            "file holds it.",
            {"WWW-Authenticate": "Bearer"},
        )
    return who


PartsDep = Annotated[Parts, Depends(parts)]
PrincipalDep = Annotated[Principal, Depends(principal)]


def requires(*roles: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: who asks, if it has one of these roles. 403 for anybody else."""

    async def allowed(who: PrincipalDep) -> Principal:
        if who.role not in roles:
            wanted = " or ".join(roles)
            raise ApiError(
                403,
                "forbidden",
                f"This takes a token of the role {wanted}; yours is of the role {who.role}.",
            )
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


async def _documented(_token: Annotated[object, Security(_scheme)]) -> None:
    """Puts the bearer scheme into the OpenAPI document."""


ServiceDep = Annotated[JobService, Depends(service)]
SourcingDep = Annotated[SourceService, Depends(sourcing)]
SavingDep = Annotated[SavedQueries, Depends(saving)]
SourcesDep = Annotated[SourceCatalogue, Depends(sources)]
SECURED = [Depends(_documented)]
"""For a route that asks for the token by itself."""
AUTHENTICATED = [Depends(_documented), Depends(principal)]
