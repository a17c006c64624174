"""The server's composition root: the only place where its objects are wired together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
    people,
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
from longwatch.feed.room import FeedRoom
from longwatch.logs import close_log, heard, open_log
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
from longwatch.service.offering import Offers
from longwatch.service.owners import Owners
from longwatch.service.people import TokenService
from longwatch.service.retention import Keep, Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.sourcing import SourceService
from longwatch.service.working import Roster, WorkerService
from longwatch.settings import Settings, SettingsError
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.sources.engines import runs_elsewhere
from longwatch.sources.files import Files
from longwatch.sources.vault import KEY_FILE, Vault
from longwatch.store import repository
from longwatch.store.errors import StoreUnusable
from longwatch.store.store import Store
from longwatch.store.writer import Changes
from longwatch.version import version

if TYPE_CHECKING:
    from longwatch.service.team import Team

STORE_VARIABLES: Final = ("LONGWATCH_STORE", "LONGWATCH_STORE_FILE", "PGPASSFILE", "PGPASSWORD")


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
async def _serving(  # noqa: PLR0915 - a list of all there is, in order
    app: FastAPI, settings: Settings, secret: str, log: structlog.stdlib.BoundLogger
) -> AsyncIterator[None]:
    """Open the store, start what works behind the routes, and end it all in order."""
    hub = FeedHub()

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)
        retention.changed(changes.changed.values())
        if team is not None:
            team.published(changes)

    store = store_of(settings, publish)
    catalogue, vault, uploads = source_parts(settings)
    roster = Roster(utc_now)
    withheld = STORE_VARIABLES if store.shared else ()
    executor, offers = executors(settings, catalogue, roster, withheld)
    sourcing = SourceService(store, catalogue, executor, vault, uploads, log, utc_now)
    service = JobService(store, executor, hub, catalogue, settings, log, offers=offers)
    working = WorkerService(service, offers, roster, catalogue, log) if offers else None

    retention = Retention(
        store,
        settings.jobs_folder,
        kept(settings),
        log,
        opened_s=service.opened_s,
        remove_jobs=partial(remove_jobs, service, settings.owner),
        leads=lambda: service.leading,
        shares_folder=settings.jobs_dir is not None,
    )

    checker = TokenChecker(secret, settings.owner, team=settings.jobs_visible_to == "team")
    audit = AuditLog(store, utc_now)
    tokens = TokenService(store, checker, audit, log, utc_now)
    team = team_of(store, service, hub, sourcing, tokens, log)
    saving = SavedQueries(store, utc_now)
    exporting = Exports(Viewer(Helpers(settings.jobs_folder, settings.data_dir / "helpers.log")))

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
        await tokens.start()
        await audit.note_settings(Principal(settings.owner), settings.chosen())
        check_exposure(
            settings.host,
            encrypted=settings.tls_self_signed or settings.tls_certificate is not None,
            named_token=settings.bearer_token() is not None or checker.has_people,
            behind_proxy=settings.behind_proxy,
        )
        await sourcing.start()
        await service.start()
        if team is not None:
            team.start()
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
            epoch=epoch,
            server_name=socket.gethostname(),
            drain=drain,
            viewer=exporting.viewer,
            exports=exporting,
            workers=working,
        )
        log.info(
            "server started",
            version=version(),
            data_dir=str(settings.data_dir),
            store=store.shown,
        )
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
            await tokens.stop()
        finally:
            if team is not None:
                await team.stop()
            await store.close()
            log.info("server stopped")
            close_log(log)


def store_of(settings: Settings, on_commit: Callable[[Changes], None]) -> Store:
    """The store that the settings name: PostgreSQL, or a file in the data folder. Raises
    `SettingsError` or `StoreUnusable`."""
    url = settings.store_url()
    if url is None:
        if settings.jobs_dir is not None:
            raise SettingsError(
                "jobs_dir is the folder that servers on one PostgreSQL store share. Name that "
                "with the setting store, or leave jobs_dir out."
            )
        return Store(settings.data_dir / "jobs.sqlite", on_commit)
    try:
        # 0.1 s, and an extra: only where it is asked for.
        from longwatch.store.postgres.address import StoreAddress  # noqa: PLC0415
        from longwatch.store.postgres.store import PostgresStore  # noqa: PLC0415
    except ImportError as error:
        raise StoreUnusable(
            "The setting store names PostgreSQL, and the package for it is not installed: "
            "pip install 'longwatch[postgres]'"
        ) from error
    return PostgresStore(StoreAddress.parse(url), settings.data_dir, on_commit)


def team_of(
    store: Store,
    service: JobService,
    hub: FeedHub,
    sourcing: SourceService,
    tokens: TokenService,
    log: structlog.stdlib.BoundLogger,
) -> Team | None:
    """What makes several servers on one store work together, where there may be several."""
    if not store.shared:
        return None
    from longwatch.service.team import Team  # noqa: PLC0415 - as above
    from longwatch.store.postgres.store import PostgresStore  # noqa: PLC0415

    assert isinstance(store, PostgresStore)
    return Team(store, service, hub, sourcing, tokens, log)


def _install_routes(app: FastAPI) -> None:
    problems.install(app)
    app.include_router(jobs.collection, responses=problems.documented())
    # `feed` first: a thousand come back at once, and each router before it costs them 50 µs each.
    # `history` and `bulk` before `jobs`, which would take their paths for ids.
    work = (health, history, bulk, jobs, results, exports, sources, files, backups)
    plain = (*work, people, changes, workers)
    for module in (feed, *plain):
        app.include_router(module.router, responses=problems.documented())
    app.include_router(workers.worker, responses=problems.documented())


def executors(
    settings: Settings, catalogue: SourceCatalogue, roster: Roster, withheld: Collection[str] = ()
) -> tuple[Executor, Offers | None]:
    """Who carries attempts out, and what is offered where that is workers; `withheld` are variables
    that no runner is to see: a source on the store's machine would be opened with its password.
    Raises `InvalidBroker` or `SettingsError`."""
    here = LocalExecutor(
        settings.jobs_folder,
        settings.data_dir / "runners.log",
        warm_spare=settings.warm_spare,
        access=catalogue.access,
        runs_elsewhere=runs_elsewhere,
        withheld=withheld,
    )
    if settings.executor == "local":
        return here, None
    broker = Broker.parse(settings.broker or "", settings.broker_secret())
    lease_s = settings.worker_lease_s
    far = CeleryExecutor(settings.jobs_folder, Hints(broker), here, lease_s=lease_s)
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
