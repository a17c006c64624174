"""The server as an ASGI application: its routes, and what works behind them for as long as it
runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI

from longwatch.api import (
    backups,
    bulk,
    changes,
    exports,
    feed,
    files,
    health,
    history,
    jobs,
    limits,
    metrics,
    people,
    problems,
    results,
    runs,
    sources,
    workers,
)
from longwatch.api.middleware import Gate
from longwatch.logs import close_log, heard, open_log
from longwatch.security.hosts import host_name, host_rules
from longwatch.security.tokens import new_token
from longwatch.settings import Settings
from longwatch.store import repository
from longwatch.telemetry.tracing import TracingUnavailable, of_requests, provider_to
from longwatch.version import version
from longwatch.works import assemble

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def create_app(
    settings: Settings | None = None,
    *,
    token: str | None = None,
    place: Callable[[], tuple[str, str]] = lambda: ("", ""),
) -> FastAPI:
    """The whole server as an ASGI application; its lifespan opens the store and the executor.

    Without `settings` they come from the environment and the data folder's `config.toml`. `token`
    opens it, or else the one that the settings name; nobody knows the one that is made if there is
    none. `place` is the URL at which other servers on the store reach this one, and the certificate
    (PEM) that it shows.
    """
    settings = settings or Settings()
    secret = token or settings.bearer_token() or new_token()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_path = settings.data_dir / "server.log" if settings.log_to == "file" else None
    log = open_log(log_path, settings.log_level, settings.log_format)
    traces = _traces(settings, log)

    app = FastAPI(
        title="Longwatch",
        version=version(),
        lifespan=lambda app: _serving(app, settings, secret, log, traces, place),
        # The documents would be public: `app.openapi()` makes one for whoever runs the server.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The body is bounded by `Gate`: the framework's own limit answers in plain text.
        max_body_size=None,
        telemetry=of_requests(traces),
    )
    app.state.log = log
    _install_routes(app)
    rules = host_rules(settings.host, settings.allowed_hosts, settings.allowed_origins)
    if rules.hosts is not None:  # other servers on the store come by the name we give them
        rules = replace(
            rules, hosts=rules.hosts | {host_name(urlsplit(settings.own_url(0)).netloc)}
        )
    app.add_middleware(Gate, rules=rules, log=log)
    return app


@asynccontextmanager
async def _serving(
    app: FastAPI,
    settings: Settings,
    secret: str,
    log: structlog.stdlib.BoundLogger,
    traces: TracerProvider | None,
    place: Callable[[], tuple[str, str]],
) -> AsyncIterator[None]:
    """Open the store, start what works behind the routes, and end it all in order."""
    works = assemble(settings, secret, log, traces, place)
    await works.store.open()
    try:
        await works.start()
        app.state.parts = works.parts(await works.store.run(repository.epoch))
        log.info(
            "server started",
            version=version(),
            data_dir=str(settings.data_dir),
            store=works.store.shown,
        )
        with heard("uvicorn.error", log):
            async with works.telemetry.metrics.watching_the_loop():
                yield
    finally:
        app.state.parts = None
        await works.stop()
        log.info("server stopped")
        close_log(log)


def _install_routes(app: FastAPI) -> None:
    problems.install(app)
    app.include_router(jobs.collection, responses=problems.documented())
    # `feed` first: a thousand come back at once, and each router before it costs them 50 µs each.
    # `history` and `bulk` before `jobs`, which would take their paths for ids.
    work = (health, history, bulk, jobs, results, exports, sources, files, backups)
    plain = (*work, people, runs, changes, workers, limits, metrics)
    for module in (feed, *plain):
        app.include_router(module.router, responses=problems.documented())
    app.include_router(workers.worker, responses=problems.documented())


def _traces(settings: Settings, log: structlog.stdlib.BoundLogger) -> TracerProvider | None:
    try:
        return provider_to(settings.otel_endpoint, version())
    except TracingUnavailable as error:
        log.warning("no traces", error=str(error))
        return None
