"""The server's composition root: the only place where its objects are wired together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
    metrics,
    people,
    problems,
    results,
    sources,
)
from longwatch.api.dependencies import Parts
from longwatch.api.middleware import Gate
from longwatch.execution.local import LocalExecutor
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.feed.room import FeedRoom
from longwatch.logs import close_log, heard, open_log
from longwatch.notify.targets import Targets
from longwatch.protocol.bulk import BulkAction
from longwatch.protocol.people import Visibility
from longwatch.results.exports import Exports
from longwatch.results.pool import Helpers
from longwatch.results.viewer import Viewer
from longwatch.security.attempts import WrongTokens
from longwatch.security.exposure import check_exposure
from longwatch.security.hosts import LOOPBACK, host_rules
from longwatch.security.tokens import Principal, TokenChecker, new_token
from longwatch.service.audit import AuditLog
from longwatch.service.jobs import JobService
from longwatch.service.notifying import Notifier
from longwatch.service.owners import Owners
from longwatch.service.people import TokenService
from longwatch.service.retention import Keep, Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.shutdown import Shutdown
from longwatch.service.sourcing import SourceService
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.sources.engines import runs_elsewhere
from longwatch.sources.files import Files
from longwatch.sources.vault import KEY_FILE, Vault
from longwatch.store import repository
from longwatch.store.store import Store
from longwatch.store.writer import Changes
from longwatch.telemetry.telling import Telemetry
from longwatch.telemetry.tracing import TracingUnavailable, of_requests, provider_to
from longwatch.version import version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def create_app(settings: Settings | None = None, *, token: str | None = None) -> FastAPI:
    """The whole server as an ASGI application; its lifespan opens the store and the executor.

    Without `settings` they come from the environment and the data folder's `config.toml`. `token`
    opens it, or else the one that the settings name; nobody knows the one that is made if there is
    none.
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
        lifespan=lambda app: _serving(app, settings, secret, log, traces),
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
    app.add_middleware(Gate, rules=rules, log=log)
    return app


@asynccontextmanager
async def _serving(
    app: FastAPI,
    settings: Settings,
    secret: str,
    log: structlog.stdlib.BoundLogger,
    traces: TracerProvider | None = None,
) -> AsyncIterator[None]:
    """Open the store, start what works behind the routes, and end it all in order."""
    hub = FeedHub()
    catalogue, vault, uploads = source_parts(settings)
    telemetry = Telemetry(version(), catalogue.engine_of, hub.traffic, traces)

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)
        retention.changed(changes.changed.values())
        notifier.changed(changes.changed.values())
        telemetry.changed(changes.changed.values(), changes.removed)

    store = Store(settings.data_dir / "jobs.sqlite", publish, telemetry.metrics.committed)
    executor = LocalExecutor(
        settings.data_dir / "jobs",
        settings.data_dir / "runners.log",
        warm_spare=settings.warm_spare,
        access=catalogue.access,
        runs_elsewhere=runs_elsewhere,
    )
    sourcing = SourceService(store, catalogue, executor, vault, uploads, log, utc_now)
    service = JobService(
        store, executor, hub, catalogue, settings, log, on_submit=telemetry.submitted
    )
    notifier = Notifier(store, Targets(settings.notify_addresses()), log, utc_now)

    retention = Retention(
        store,
        settings.data_dir / "jobs",
        kept(settings),
        log,
        opened_s=service.opened_s,
        remove_jobs=partial(remove_jobs, service, settings.owner),
    )

    checker, audit, tokens = people_parts(settings, secret, store, log)
    saving = SavedQueries(store, utc_now)
    exporting = Exports(
        Viewer(Helpers(settings.data_dir / "jobs", settings.data_dir / "helpers.log"))
    )

    shutdown = Shutdown(service, hub, settings.drain_s)
    await store.open()
    try:
        hub.begin(await store.run(repository.newest_seq))
        await tokens.start()
        await audit.note_settings(Principal(settings.owner), settings.chosen())
        check_exposure(
            settings.host,
            encrypted=settings.tls_self_signed or settings.tls_certificate is not None,
            named_token=settings.bearer_token() is not None or checker.has_people,
            behind_proxy=settings.behind_proxy,
        )
        await sourcing.start()
        await notifier.start()
        await service.start()
        retention.start()
        app.state.parts = Parts(
            service=service,
            store=store,
            hub=hub,
            beat=Beat(hub),
            sources=catalogue,
            sourcing=sourcing,
            saving=saving,
            files=uploads,
            tokens=checker,
            wrong_tokens=WrongTokens(),
            people=tokens,
            audit=audit,
            owners=Owners(store, saving, exporting),
            feeds=FeedRoom(settings.max_feeds, settings.max_feeds_per_person),
            visibility=Visibility(settings.jobs_visible_to),
            log=log,
            epoch=await store.run(repository.epoch),
            server_name=socket.gethostname(),
            shutdown=shutdown,
            viewer=exporting.viewer,
            exports=exporting,
            metrics=telemetry.metrics,
            metrics_public=settings.metrics_public,
            results_bytes=lambda: retention.results_bytes,
        )
        log.info("server started", version=version(), data_dir=str(settings.data_dir))
        with heard("uvicorn.error", log):
            async with telemetry.metrics.watching_the_loop():
                yield
    finally:
        app.state.parts = None
        try:
            await exporting.close()
            await retention.stop()
            await shutdown.drain()
            await tokens.stop()
            await notifier.stop()
        finally:
            await store.close()
            await telemetry.close()
            log.info("server stopped")
            close_log(log)


def _install_routes(app: FastAPI) -> None:
    problems.install(app)
    app.include_router(jobs.collection, responses=problems.documented())
    # `feed` first: a thousand come back at once, and each router before it costs them 50 µs each.
    # `history` and `bulk` before `jobs`, which would take their paths for ids.
    work = (health, history, bulk, jobs, results, exports, sources, files, backups)
    plain = (*work, people, changes, metrics)
    for module in (feed, *plain):
        app.include_router(module.router, responses=problems.documented())


def _traces(settings: Settings, log: structlog.stdlib.BoundLogger) -> TracerProvider | None:
    try:
        return provider_to(settings.otel_endpoint, version())
    except TracingUnavailable as error:
        log.warning("no traces", error=str(error))
        return None


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def source_parts(settings: Settings) -> tuple[SourceCatalogue, Vault, Files]:
    """The sources of the settings, what keeps secrets, and where sources' files may be: a server
    that only its own machine reaches lets its user name any, another one those it is told to."""
    allowed = settings.source_folders
    if allowed is None and settings.host not in LOOPBACK:
        allowed = ()
    files = Files(
        settings.data_dir / "files",
        allowed=None if allowed is None else [Path(one).expanduser() for one in allowed],
        private=settings.data_dir,
        most_bytes=settings.max_upload_bytes,
    )
    vault = Vault(settings.data_dir / KEY_FILE)
    catalogue = SourceCatalogue(
        settings.sources,
        settings.default_source,
        vault=vault,
        files=files,
        variables=settings.secret_variables,
    )
    return catalogue, vault, files


def people_parts(
    settings: Settings, secret: str, store: Store, log: structlog.stdlib.BoundLogger
) -> tuple[TokenChecker, AuditLog, TokenService]:
    """Who is let in, who did what, and what changes either."""
    checker = TokenChecker(secret, settings.owner, team=settings.jobs_visible_to == "team")
    audit = AuditLog(store, utc_now)
    return checker, audit, TokenService(store, checker, audit, log, utc_now)


async def remove_jobs(service: JobService, owner: str, job_ids: Sequence[str]) -> int:
    """Delete jobs that are over, and their files; how many. `owner` stands in the log."""
    done = await service.bulk(BulkAction.DELETE, job_ids, owner)
    gone = [one.job_id for one in done if one.error is None]
    await asyncio.to_thread(service.discard, gone)
    return len(gone)


def kept(settings: Settings) -> Keep:
    """What the settings say about how long things are kept."""
    results_for = timedelta(days=settings.keep_results_days)
    jobs_for = timedelta(days=settings.keep_jobs_days)
    return Keep(
        results_for or None,
        settings.keep_results_bytes or None,
        jobs_for or None,
        settings.keep_jobs or None,
    )
