"""Real servers for tests: one in a thread, and one without sockets whose attempts the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from longwatch.api.dependencies import Parts
from longwatch.app import create_app
from longwatch.client.address import Address
from longwatch.effective import limits_of
from longwatch.execution.contract import Died, Ended, Executor, Observer
from longwatch.feed.beat import Beat
from longwatch.feed.hub import FeedHub
from longwatch.feed.room import FeedRoom
from longwatch.host import ServerThread
from longwatch.jobs.model import new_job
from longwatch.logs import close_log, open_log
from longwatch.protocol.catalogue import Catalogue
from longwatch.protocol.jobs import Job, JobSummary, Phase, Submission
from longwatch.protocol.people import Visibility
from longwatch.results.exports import Exports
from longwatch.results.pool import Helpers
from longwatch.results.viewer import Viewer
from longwatch.runner.spec import Answer, AttemptSpec, Ending, Outcome, Question, Report
from longwatch.security.attempts import WrongTokens
from longwatch.security.tokens import TokenChecker
from longwatch.service.audit import AuditLog
from longwatch.service.jobs import JobService
from longwatch.service.owners import Owners
from longwatch.service.people import TokenService
from longwatch.service.remembering import Memory
from longwatch.service.retention import Retention
from longwatch.service.saving import SavedQueries
from longwatch.service.shutdown import Shutdown
from longwatch.service.sourcing import SourceService
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import repository
from longwatch.store.store import Store
from longwatch.store.writer import Changes
from longwatch.telemetry.metrics import Metrics
from longwatch.works import kept, source_parts, store_of, team_of, utc_now
from support.stores import lay_out
from support.waiting import eventually

TOKEN = "test-token-of-no-other-use"
ENDLESS = "select count(*) from range(1000000000000) t(i) where i % 7 = 3"
"""Runs for hours on one thread, reports progress, and heeds a cancel at once."""


def job(sql: str = "select 42", **changes: Any) -> Job:
    """A queued job that is not stored."""
    submission = Submission(sql=sql, **changes)
    return new_job(submission, source="sample", owner="ada", now=datetime.now(UTC))


@contextmanager
def serving(data_dir: Path, **settings: Any) -> Iterator[tuple[ServerThread, Address]]:
    """A server on a free port of the loopback device, in a thread of this process."""
    settings = {"port": 0, "host": "127.0.0.1", "threads": 1, "memory_bytes": 2**30, **settings}
    thread = ServerThread(data_dir, **settings)
    address = thread.start()
    try:
        yield thread, address
    finally:
        assert thread.stop(10.0), "the server did not stop"


class ManualExecutor(Executor):
    """Starts no process: a test reports for its attempts and ends them."""

    def __init__(self, jobs_folder: Path) -> None:
        self._jobs = jobs_folder
        self._observer: Observer | None = None
        self.launched: list[AttemptSpec] = []
        self.adopted: list[tuple[str, int]] = []
        self.cancelled: list[tuple[str, int]] = []
        self.open: set[tuple[str, int]] = set()
        self.refuse_with: Exception | None = None

    async def start(self, observer: Observer) -> None:
        self._observer = observer

    async def inspect(self, engine: str, question: Question, *_: Any, **__: Any) -> Answer:
        """No source of a test without processes has anything in it."""
        return Answer(catalogue=Catalogue(tables=[]))

    async def launch(self, spec: AttemptSpec) -> None:
        self.launched.append(spec)
        if self.refuse_with is not None:
            raise self.refuse_with
        self.open.add((spec.job_id, spec.attempt))

    def adopt(self, job_id: str, attempt: int) -> None:
        self.adopted.append((job_id, attempt))
        self.open.add((job_id, attempt))

    def cancel(self, job_id: str, attempt: int) -> None:
        self.cancelled.append((job_id, attempt))

    def folder(self, job_id: str, attempt: int) -> Path:
        return self._jobs / job_id / str(attempt)

    async def stop(self, *, keep: bool = False) -> None:
        for job_id, attempt in [] if keep else sorted(self.open):
            await self.end(job_id, attempt, Ending.CANCELLED)

    def report(self, job_id: str, attempt: int = 1, **report: Any) -> None:
        """Let the attempt report."""
        assert self._observer is not None
        report = {"phase": Phase.EXECUTING, "elapsed_s": 1.0, **report}
        self._observer.reported(job_id, attempt, Report(**report))

    async def end(
        self,
        job_id: str,
        attempt: int = 1,
        how: Ending | Outcome | Died = Ending.SUCCEEDED,
        *,
        confirmed: bool = True,
        last: Report | None = None,
    ) -> None:
        """End the attempt."""
        assert self._observer is not None
        self.open.discard((job_id, attempt))
        last = last or Report(phase=Phase.WRITING, elapsed_s=1.0)
        if isinstance(how, Ending):
            how = Outcome(ending=how, last=last)
        await self._observer.ended(job_id, attempt, Ended(how, last, confirmed))


@dataclass(frozen=True, slots=True)
class Backend:
    """A server's parts below the API, over a real store and with attempts that a test ends."""

    service: JobService
    store: Store
    hub: FeedHub
    executor: ManualExecutor
    sources: SourceCatalogue
    settings: Settings
    parts: Parts
    listeners: list[Callable[[Collection[JobSummary]], None]]
    """Told of the jobs that each commit changed."""
    apps: list[FastAPI] = field(default_factory=list)

    async def job(self, job_id: str) -> Job:
        """A job as the store has it."""
        return await self.store.run(repository.get, job_id)


@asynccontextmanager
async def backend(data_dir: Path, **settings: Any) -> AsyncIterator[Backend]:
    """A `Backend` in `data_dir`, stopped at the end. It starts jobs when it is handed over, but
    with `leads=False`: where another does on the same store."""
    leads = settings.pop("leads", True)
    usual = {
        "threads": 1,
        "memory_bytes": 2**30,
        "warm_spare": False,
        "log_level": "debug",
        "retry_delay_s": 0,
    }
    config = Settings(data_dir=data_dir, **{**usual, **settings})
    log = open_log(data_dir / "server.log", "debug")
    hub = FeedHub()
    catalogue, vault, files = source_parts(config)
    metrics = Metrics("0", catalogue.engine_of, hub.traffic)

    listeners: list[Callable[[Collection[JobSummary]], None]] = []

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)
        metrics.changed(changes.changed.values(), changes.removed)
        for listener in listeners:
            listener(changes.changed.values())
        if team is not None:
            team.published(changes)

    if config.store is None:
        lay_out(data_dir / "jobs.sqlite")
    store = store_of(config, publish, metrics.committed)
    executor = ManualExecutor(data_dir / "jobs")
    sourcing = SourceService(store, catalogue, executor, vault, files, log, utc_now)
    memory = Memory(store, log)
    service = JobService(store, executor, hub, catalogue, config, log, memory=memory)
    checker = TokenChecker(TOKEN, "ada", team=config.jobs_visible_to == "team")
    audit = AuditLog(store, utc_now)
    tokens = TokenService(store, checker, audit, log, utc_now)
    team = team_of(store, service, hub, sourcing, tokens, log)
    saving = SavedQueries(store, utc_now)

    await store.open()
    exports = Exports(Viewer(Helpers(data_dir / "jobs", data_dir / "helpers.log")))
    try:
        hub.begin(await store.run(repository.newest_seq))
        await tokens.start()
        await sourcing.start()
        await service.start()
        if team is not None:
            team.start()
            await eventually(lambda: service.leading or not leads)
        parts = Parts(
            service=service,
            memory=memory,
            store=store,
            hub=hub,
            beat=Beat(hub),
            sources=catalogue,
            sourcing=sourcing,
            saving=saving,
            files=files,
            tokens=checker,
            wrong_tokens=WrongTokens(),
            people=tokens,
            audit=audit,
            owners=Owners(store, saving, exports),
            feeds=FeedRoom(config.max_feeds, config.max_feeds_per_person),
            visibility=Visibility(config.jobs_visible_to),
            log=log,
            epoch=await store.run(repository.epoch),
            server_name="here",
            shutdown=Shutdown(service, hub, config.drain_s),
            viewer=exports.viewer,
            exports=exports,
            metrics=metrics,
            retention=Retention(
                store, config.jobs_folder, kept(config), log, opened_s=service.opened_s
            ),
            limits=limits_of(config),
            metrics_public=config.metrics_public,
        )
        given = Backend(service, store, hub, executor, catalogue, config, parts, listeners)
        try:
            yield given
        finally:
            for app in given.apps:
                close_log(app.state.log)
    finally:
        await exports.close()
        await service.stop()
        await tokens.stop()
        if team is not None:
            await team.stop()
        await store.close()
        close_log(log)


def app_over(given: Backend) -> FastAPI:
    """The application over `given`, without its own lifespan."""
    from longwatch.api import dependencies

    app = create_app(given.settings, token=TOKEN)
    app.dependency_overrides[dependencies.parts] = lambda: given.parts
    given.apps.append(app)
    return app


def http_client(app: FastAPI, *, token: str | None = TOKEN) -> httpx.AsyncClient:
    """An HTTP client that calls `app` without a socket."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)
