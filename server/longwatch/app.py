"""The server's composition root: the only place where its objects are wired together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

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
    problems,
    results,
    sources,
    workers,
)
from longwatch.api.dependencies import Parts
from longwatch.api.middleware import Gate
from longwatch.execution.celery_broker import Broker
from longwatch.execution.celery_executor import CeleryExecutor
from longwatch.execution.celery_hints import Hints
from longwatch.execution.contract import Executor
from longwatch.execution.local import LocalExecutor
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.logs import close_log, heard, open_log
from longwatch.protocol.bulk import BulkAction
from longwatch.results.exports import Exports
from longwatch.results.pool import Helpers
from longwatch.results.viewer import Viewer
from longwatch.security.hosts import LOOPBACK, host_rules
from longwatch.security.tokens import TokenChecker, new_token
from longwatch.service.jobs import JobService
from longwatch.service.offering import Offers
from longwatch.service.retention import Keep, Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.sourcing import SourceService
from longwatch.service.working import Roster, WorkerService
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.sources.engines import runs_elsewhere
from longwatch.sources.files import Files
from longwatch.sources.vault import KEY_FILE, Vault
from longwatch.store import repository
from longwatch.store.store import Store
from longwatch.store.writer import Changes
from longwatch.version import version


def create_app(settings: Settings | None = None, *, token: str | None = None) -> FastAPI:
    """The whole server as an ASGI application; its lifespan opens the store and the executor.

    Without `settings` they come from the environment and the data folder's `config.toml`. `token`
    opens it, or else the one that the settings name; nobody knows the one that is made if there is
    none.
    """
    settings = settings or Settings()
    secret = token or settings.bearer_token() or new_token()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = open_log(settings.data_dir / "server.log", settings.log_level)

    app = FastAPI(
        title="Longwatch",
        version=version(),
        lifespan=lambda app: _serving(app, settings, secret, log),
        # The documents would be public: `app.openapi()` makes one for whoever runs the server.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # The body is bounded by `Gate`: the framework's own limit answers in plain text.
        max_body_size=None,
    )
    app.state.log = log
    _install_routes(app)
    rules = host_rules(settings.host, settings.allowed_hosts, settings.allowed_origins)
    app.add_middleware(Gate, rules=rules, log=log)
    return app


@asynccontextmanager
async def _serving(
    app: FastAPI, settings: Settings, secret: str, log: structlog.stdlib.BoundLogger
) -> AsyncIterator[None]:
    """Open the store, start what works behind the routes, and end it all in order."""
    hub = FeedHub()

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)
        retention.changed(changes.changed.values())

    store = Store(settings.data_dir / "jobs.sqlite", publish)
    catalogue, vault, uploads = source_parts(settings)
    roster = Roster(utc_now)
    executor, offers = executors(settings, catalogue, roster)
    sourcing = SourceService(store, catalogue, executor, vault, uploads, log, utc_now)
    service = JobService(store, executor, hub, catalogue, settings, log, offers=offers)
    working = WorkerService(service, offers, roster, log) if offers else None

    retention = Retention(
        store,
        settings.data_dir / "jobs",
        kept(settings),
        log,
        opened_s=service.opened_s,
        remove_jobs=partial(remove_jobs, service, settings.owner),
    )

    exporting = Exports(
        Viewer(Helpers(settings.data_dir / "jobs", settings.data_dir / "helpers.log"))
    )

    async def drain(*, keep: bool = False) -> None:
        # Feeds stay open while jobs end, so that clients hear what becomes of them.
        if not hub.closing:
            try:
                await service.stop(keep=keep)
            finally:
                await hub.close()

    await store.open()
    try:
        hub.begin(await store.run(repository.newest_seq))
        epoch = await store.run(repository.epoch)
        await sourcing.start()
        await service.start()
        if working is not None:
            working.start()
        retention.start()
        app.state.parts = Parts(
            service=service,
            store=store,
            hub=hub,
            beat=Beat(hub),
            sources=catalogue,
            sourcing=sourcing,
            saving=SavedQueries(store, utc_now),
            files=uploads,
            tokens=TokenChecker(secret, settings.owner),
            log=log,
            epoch=epoch,
            server_name=socket.gethostname(),
            drain=drain,
            viewer=exporting.viewer,
            exports=exporting,
            workers=working,
        )
        log.info("server started", version=version(), data_dir=str(settings.data_dir))
        with heard("uvicorn.error", log):
            yield
    finally:
        app.state.parts = None
        try:
            await exporting.close()
            await retention.stop()
            if working is not None:
                await working.stop()
            await drain()
        finally:
            await store.close()
            log.info("server stopped")
            close_log(log)


def _install_routes(app: FastAPI) -> None:
    problems.install(app)
    app.include_router(jobs.collection, responses=problems.documented())
    # `feed` first: a thousand come back at once, and each router before it costs them 50 µs each.
    # `history` and `bulk` before `jobs`, which would take their paths for ids.
    plain = (health, history, bulk, jobs, results, exports, sources, files, backups, changes)
    for module in (feed, *plain, workers):
        app.include_router(module.router, responses=problems.documented())
    app.include_router(workers.worker, responses=problems.documented())


def executors(
    settings: Settings, catalogue: SourceCatalogue, roster: Roster
) -> tuple[Executor, Offers | None]:
    """Who carries attempts out, and what is offered where that is workers. Raises `InvalidBroker`
    or `SettingsError`."""
    here = LocalExecutor(
        settings.data_dir / "jobs",
        settings.data_dir / "runners.log",
        warm_spare=settings.warm_spare,
        access=catalogue.access,
        runs_elsewhere=runs_elsewhere,
    )
    if settings.executor == "local":
        return here, None
    broker = Broker.parse(settings.broker or "", settings.broker_secret())
    far = CeleryExecutor(
        settings.data_dir / "jobs",
        Hints(broker),
        here,
        access=catalogue.access,
        lease_s=settings.worker_lease_s,
    )
    return far, Offers(far, catalogue.queue_of, roster.slots)


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
