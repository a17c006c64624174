"""What works behind the routes of a server: the only place where its objects are wired together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from longwatch.api.dependencies import Parts
from longwatch.effective import limits_of
from longwatch.execution.celery_broker import Broker
from longwatch.execution.celery_executor import CeleryExecutor
from longwatch.execution.celery_hints import Hints
from longwatch.execution.contract import Executor
from longwatch.execution.local import LocalExecutor
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.feed.room import FeedRoom
from longwatch.notify.targets import Targets
from longwatch.protocol.bulk import BulkAction
from longwatch.protocol.limits import LimitList
from longwatch.protocol.people import Visibility
from longwatch.results.exports import Exports
from longwatch.results.pool import Helpers
from longwatch.results.viewer import Viewer
from longwatch.security.attempts import WrongTokens
from longwatch.security.exposure import check_exposure
from longwatch.security.hosts import LOOPBACK
from longwatch.security.tokens import Principal, TokenChecker
from longwatch.service.audit import AuditLog
from longwatch.service.expiry import Keep
from longwatch.service.jobs import JobService
from longwatch.service.notifying import Notifier
from longwatch.service.offering import Offers
from longwatch.service.owners import Owners
from longwatch.service.people import TokenService
from longwatch.service.relaying import Relay
from longwatch.service.remembering import Memory
from longwatch.service.retention import Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.shutdown import Shutdown
from longwatch.service.sourcing import SourceService
from longwatch.service.usage import Usage
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
from longwatch.telemetry.telling import Telemetry
from longwatch.version import version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from longwatch.service.team import Team

STORE_VARIABLES: Final = ("LONGWATCH_STORE", "LONGWATCH_STORE_FILE", "PGPASSFILE", "PGPASSWORD")


@dataclass(frozen=True, kw_only=True, slots=True)
class Works:
    """What works behind the routes of one server."""

    settings: Settings
    log: structlog.stdlib.BoundLogger
    store: Store
    hub: FeedHub
    catalogue: SourceCatalogue
    uploads: Files
    sourcing: SourceService
    memory: Memory
    service: JobService
    working: WorkerService | None
    notifier: Notifier
    retention: Retention
    usage: Usage
    team: Team | None
    relay: Relay | None
    checker: TokenChecker
    audit: AuditLog
    tokens: TokenService
    saving: SavedQueries
    exporting: Exports
    shutdown: Shutdown
    telemetry: Telemetry
    limits: LimitList

    async def start(self) -> None:
        """Begin, once the store is open. Raises `Insecure` or `StoreError`."""
        settings = self.settings
        self.hub.begin(await self.store.run(repository.newest_seq))
        await self.tokens.start()
        await self.audit.note_settings(
            Principal(settings.owner), settings.chosen(), settings.data_dir
        )
        check_exposure(
            settings.host,
            encrypted=settings.tls_self_signed or settings.tls_certificate is not None,
            named_token=settings.bearer_token() is not None or self.checker.has_people,
            behind_proxy=settings.behind_proxy,
        )
        await self.sourcing.start()
        await self.notifier.start()
        await self.service.start()
        if self.working is not None:
            self.working.start()
        if self.team is not None:
            self.team.start()
        self.retention.start()
        self.usage.start()

    def parts(self, epoch: str) -> Parts:
        """What routes are handed."""
        settings = self.settings
        return Parts(
            service=self.service,
            memory=self.memory,
            store=self.store,
            hub=self.hub,
            beat=Beat(self.hub),
            sources=self.catalogue,
            sourcing=self.sourcing,
            saving=self.saving,
            files=self.uploads,
            tokens=self.checker,
            wrong_tokens=WrongTokens(),
            people=self.tokens,
            audit=self.audit,
            owners=Owners(self.store, self.saving, self.exporting),
            feeds=FeedRoom(settings.max_feeds, settings.max_feeds_per_person),
            visibility=Visibility(settings.jobs_visible_to),
            log=self.log,
            epoch=epoch,
            server_name=socket.gethostname(),
            shutdown=self.shutdown,
            viewer=self.exporting.viewer,
            exports=self.exporting,
            workers=self.working,
            relay=self.relay,
            metrics=self.telemetry.metrics,
            retention=self.retention,
            limits=self.limits,
            notify_targets=settings.notify_targets.keys(),
            metrics_public=settings.metrics_public,
            results_bytes=lambda: self.retention.results_bytes,
            check_room=self.usage.check,
        )

    async def stop(self) -> None:
        """End it all, the store last."""
        try:
            await self.exporting.close()
            await self.retention.stop()
            await self.usage.stop()
            if self.working is not None:
                await self.working.stop()
            if self.relay is not None:
                await self.relay.close()
            await self.shutdown.drain()
            await self.tokens.stop()
            await self.notifier.stop()
        finally:
            if self.team is not None:
                await self.team.stop()
            await self.store.close()
            await self.telemetry.close()


def assemble(
    settings: Settings,
    secret: str,
    log: structlog.stdlib.BoundLogger,
    traces: TracerProvider | None,
    place: Callable[[], tuple[str, str]] = lambda: ("", ""),
) -> Works:
    """Make everything, and start nothing. `place` is the URL at which other servers on the store
    reach this one, and the certificate it shows. Raises `SettingsError`, `InvalidBroker` or
    `StoreUnusable`."""
    hub = FeedHub()
    catalogue, vault, uploads = source_parts(settings)
    telemetry = Telemetry(version(), catalogue.engine_of, hub.traffic, traces)

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)
        retention.changed(changes.changed.values())
        usage.changed(changes.changed.values(), changes.removed)
        if not changes.elsewhere:  # else whoever did it tells and counts
            notifier.changed(changes.changed.values())
            telemetry.changed(changes.changed.values(), changes.removed)
        if team is not None:
            team.published(changes)

    store = store_of(settings, publish, telemetry.metrics.committed)
    usage = Usage(
        store,
        settings.jobs_folder,
        uploads.taken_up,
        log,
        per_person=settings.results_bytes_per_person or None,
        in_all=settings.results_bytes or None,
    )
    roster = Roster(utc_now)
    executor, offers = executors(settings, catalogue, roster, store)
    sourcing = SourceService(store, catalogue, executor, vault, uploads, log, utc_now)
    memory = Memory(store, log)
    service = JobService(
        *(store, executor, hub, catalogue, settings, log),
        offers=offers,
        on_submit=telemetry.submitted,
        memory=memory,
        check_room=usage.check,
    )
    notifier = Notifier(store, Targets(settings.notify_addresses()), log, utc_now)
    retention = Retention(
        store,
        settings.jobs_folder,
        kept(settings),
        log,
        opened_s=service.opened_s,
        remove_jobs=partial(remove_jobs, service, settings.owner),
        freed=usage.freed,
        leads=lambda: service.leading,
        shares_folder=settings.jobs_dir is not None,
    )
    checker, audit, tokens = people_parts(settings, secret, store, log)
    team = team_of(store, service, hub, sourcing, tokens, log, place)
    return Works(
        settings=settings,
        log=log,
        store=store,
        hub=hub,
        catalogue=catalogue,
        uploads=uploads,
        sourcing=sourcing,
        memory=memory,
        service=service,
        working=WorkerService(service, offers, roster, log) if offers else None,
        notifier=notifier,
        retention=retention,
        usage=usage,
        team=team,
        relay=None if team is None else Relay(team.leader, team.moved),
        checker=checker,
        audit=audit,
        tokens=tokens,
        saving=SavedQueries(store, utc_now),
        exporting=Exports(Viewer(Helpers(settings.jobs_folder, settings.data_dir / "helpers.log"))),
        shutdown=Shutdown(service, hub, settings.drain_s),
        telemetry=telemetry,
        limits=limits_of(settings),
    )


def store_of(
    settings: Settings,
    on_commit: Callable[[Changes], None],
    timed: Callable[[float], None] | None = None,
) -> Store:
    """The store that the settings name: PostgreSQL, or a file in the data folder. Raises
    `SettingsError` or `StoreUnusable`."""
    url = settings.store_url()
    if url is None:
        if settings.jobs_dir is not None:
            raise SettingsError(
                "jobs_dir is the folder that servers on one PostgreSQL store share. Name that "
                "with the setting store, or leave jobs_dir out."
            )
        return Store(settings.data_dir / "jobs.sqlite", on_commit, timed)
    try:
        # 0.1 s, and an extra: only where it is asked for.
        from longwatch.store.postgres.address import StoreAddress  # noqa: PLC0415
        from longwatch.store.postgres.store import PostgresStore  # noqa: PLC0415
    except ImportError as error:
        raise StoreUnusable(
            "The setting store names PostgreSQL, and the package for it is not installed: "
            "pip install 'longwatch[postgres]'"
        ) from error
    return PostgresStore(StoreAddress.parse(url), settings.data_dir, on_commit, timed)


def team_of(
    store: Store,
    service: JobService,
    hub: FeedHub,
    sourcing: SourceService,
    tokens: TokenService,
    log: structlog.stdlib.BoundLogger,
    place: Callable[[], tuple[str, str]] = lambda: ("", ""),
) -> Team | None:
    """What makes several servers on one store work together, where there may be several."""
    if not store.shared:
        return None
    from longwatch.service.team import Team  # noqa: PLC0415 - as above
    from longwatch.store.postgres.leading import Place  # noqa: PLC0415
    from longwatch.store.postgres.store import PostgresStore  # noqa: PLC0415

    assert isinstance(store, PostgresStore)
    return Team(store, service, hub, sourcing, tokens, log, lambda: Place(*place()))


def executors(
    settings: Settings, catalogue: SourceCatalogue, roster: Roster, store: Store
) -> tuple[Executor, Offers | None]:
    """Who carries attempts out, and what is offered where that is workers. Raises `InvalidBroker`
    or `SettingsError`."""
    here = LocalExecutor(
        settings.jobs_folder,
        settings.data_dir / "runners.log",
        warm_spare=settings.warm_spare,
        access=catalogue.access,
        runs_elsewhere=runs_elsewhere,
        # A source on the store's machine would be opened with the store's password.
        withheld=STORE_VARIABLES if store.shared else (),
    )
    if settings.executor == "local":
        return here, None
    if store.shared and settings.jobs_dir is None:
        raise SettingsError(
            "With workers and a store in PostgreSQL set jobs_dir: the folder of attempts and "
            "results that all servers on the store share. Without it the next one to lead would "
            "not know what workers carry out, and might let it run twice. A server that is alone "
            f"may name {settings.jobs_folder}."
        )
    broker = Broker.parse(settings.broker or "", settings.broker_secret())
    far = CeleryExecutor(
        settings.jobs_folder,
        Hints(broker),
        here,
        access=catalogue.access,
        lease_s=settings.worker_lease_s,
        note_write=lambda job_id, attempt: store.run(repository.note_write, job_id, attempt),
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
        timedelta(days=settings.runs_kept_days) or None,
        settings.max_runs or None,
    )
