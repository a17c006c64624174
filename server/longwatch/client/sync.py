"""`Client`: the same server without `async`, for notebooks, scripts and the command line."""

from __future__ import annotations

import contextlib
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from longwatch.client._loop import LoopThread
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import (
    Conflict,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobLost,
)
from longwatch.client.parameters import from_python
from longwatch.client.result import RemoteResult, Result
from longwatch.protocol.jobs import (
    Job,
    JobFilter,
    JobPage,
    JobState,
    JobSummary,
    Limits,
    Submission,
)
from longwatch.protocol.people import Role
from longwatch.protocol.sources import EstimateRequest, SourceDraft

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from longwatch.protocol.catalogue import Catalogue, Estimate
    from longwatch.protocol.history import Attempt, StoryLine
    from longwatch.protocol.people import AuditLine, Me, NewToken, Token
    from longwatch.protocol.runs import Run, SourceAccuracy
    from longwatch.protocol.sources import (
        SavedQuery,
        SecretReference,
        Source,
        SourceTest,
        UploadedFile,
    )

T = TypeVar("T")


class Stoppable(Protocol):
    """An embedded server, as far as a client needs to know it."""

    def stop(self) -> object:
        """Stop it and wait, within a bound."""


class Client:
    """A connection to one server: `with longwatch.connect() as client: …`.

    Works where an event loop already runs, as in a notebook: its own runs in a thread. Methods
    may be called from several threads. They raise what `AsyncClient`'s do.

    `server` is an embedded server that belongs to this client: `close` stops it.
    """

    def __init__(
        self, address: Address, *, timeout_s: float = 10.0, server: Stoppable | None = None
    ) -> None:
        self.address = address
        self._owns_server = server is not None
        self._loop = LoopThread("longwatch-client")
        self._api = AsyncClient(address, timeout_s=timeout_s)
        try:
            self._loop.call(self._api.__aenter__())
        except BaseException:
            self._loop.close()
            raise
        # Whoever forgets to close does so by dropping the client, or by the end of Python.
        self._finish = weakref.finalize(self, _finish, self._loop, self._api, server)

    def __repr__(self) -> str:
        whose = "its own server" if self._owns_server else "a server"
        return f"<longwatch.Client of {whose} at {self.address.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and, if the server is this client's own, stop it: queries that
        still run there end. Takes a few seconds at most; may be called again."""
        self._finish()

    def submit(
        self,
        sql: str,
        source: str | None = None,
        name: str | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        priority: int = 0,
        memory_bytes: int | None = None,
        run_s: float | None = None,
        result_rows: int | None = None,
        result_bytes: int | None = None,
        notify: Sequence[str] = (),
        key: str | None = None,
    ) -> JobHandle:
        """Submit a query; it runs on the server, whatever becomes of this process.

        Without a source it runs against the server's default one, without a name it is called
        by its SQL. `parameters` are the values of its `:name`s: numbers, text, dates, times,
        truth values or lists of one of these; they reach the engine as values, never as SQL.
        `memory_bytes` and `run_s` (seconds) bound the query, `result_rows` and `result_bytes` what
        it returns; `None` takes the server's bounds. `notify` names who is told when it is over, of
        those that the server's settings allow. Raises `BadRequest` when the server cannot
        take it, `TypeError` for a value that no query can be given.

        A submit whose answer is lost is repeated, and never makes a second job. With a `key` of
        your own that holds for whole runs of a script: whatever submits the same query with the
        same key gets the same job, for a day.
        """
        submission = Submission(
            sql=sql,
            source=source,
            name=name,
            priority=priority,
            limits=Limits(
                memory_bytes=memory_bytes,
                run_s=run_s,
                result_rows=result_rows,
                result_bytes=result_bytes,
            ),
            parameters=from_python(parameters or {}),
            notify=tuple(notify),
        )
        return JobHandle(self, self._call(self._api.submit(submission, key=key)))

    def job(self, job_id: str) -> JobHandle:
        """A job submitted earlier, by whomever. Raises `NotFound`."""
        return JobHandle(self, self._call(self._api.job(job_id)))

    def jobs(
        self,
        *,
        state: JobState | str | Iterable[JobState | str] | None = None,
        source: str | None = None,
        owner: str | None = None,
        text: str | None = None,
        submitted_after: datetime | None = None,
        submitted_before: datetime | None = None,
    ) -> Iterator[JobSummary]:
        """Every job that matches, newest first, fetched page by page as the iterator goes on.

        `state` is one or several; `text` is looked for in names and SQL. Moments without a time
        zone are local time.
        """
        states = (state,) if isinstance(state, str) else tuple(state or ())
        which = JobFilter(
            state=tuple(JobState(one) for one in states),
            source=source,
            owner=owner,
            text=text,
            submitted_after=submitted_after,
            submitted_before=submitted_before,
        )
        cursor: str | None = None
        while True:
            page: JobPage = self._call(self._api.jobs(which, cursor=cursor, limit=500))
            yield from page.jobs
            cursor = page.next
            if cursor is None:
                return

    def sources(self) -> list[Source]:
        """The places queries can run against, the default first."""
        return self._call(self._api.sources()).sources

    def add_source(
        self,
        name: str,
        engine: str = "duckdb",
        *,
        title: str = "",
        description: str = "",
        options: Mapping[str, str] | None = None,
        secrets: Mapping[str, str | SecretReference] | None = None,
        queue: str | None = None,
        **more: str,
    ) -> Source:
        """Add a source: `client.add_source("sales", path="/data/sales")`.

        What the engine needs to know comes as `options` or by name; passwords and the like as
        `secrets`, which the server keeps encrypted and tells nobody. `queue` is that of the
        workers which have its data. Raises `Conflict` when the name is taken, `BadRequest`.
        """
        draft = SourceDraft(
            name=name,
            engine=engine,
            title=title,
            description=description,
            options={**(options or {}), **more},
            secrets={**(secrets or {})},
            queue=queue,
        )
        return self._call(self._api.add_source(draft))

    def remove_source(self, name: str) -> None:
        """Forget a source; its jobs stay. Raises `NotFound` or `Conflict`."""
        self._call(self._api.remove_source(name))

    def test_source(self, name: str) -> SourceTest:
        """Open a source and look what there is. Raises `NotFound`."""
        return self._call(self._api.test_source(name))

    def catalogue(self, source: str) -> Catalogue:
        """The tables of a source, with their columns. Raises `NotFound`, and `ServerFault` when
        the source cannot be opened."""
        return self._call(self._api.catalogue(source))

    def upload(self, path: str | Path, name: str | None = None) -> UploadedFile:
        """Send a file to the server; its `path` is then what a source is made of."""
        return self._call(self._api.upload(Path(path), name))

    def estimate(
        self, sql: str, source: str | None = None, *, parameters: Mapping[str, Any] | None = None
    ) -> Estimate:
        """What to expect of a query, from the engine's plan and earlier runs; runs nothing."""
        values = from_python(parameters or {})
        request = EstimateRequest(sql=sql, source=source, parameters=values)
        return self._call(self._api.estimate(request))

    def saved_queries(self) -> list[SavedQuery]:
        """The queries kept on the server."""
        return self._call(self._api.saved_queries()).queries

    def runs(
        self, *, source: str | None = None, digest: str | None = None, traces: bool = False
    ) -> Iterator[Run]:
        """What is remembered of runs, those that ended last first, fetched page by page: of one
        source, or of queries with one fingerprint. Without `traces` these are empty."""
        cursor: str | None = None
        while True:
            page = self._call(
                self._api.runs(
                    source=source, digest=digest, traces=traces, cursor=cursor, limit=500
                )
            )
            yield from page.runs
            cursor = page.next
            if cursor is None:
                return

    def run(self, job_id: str) -> Run:
        """The run of a job, with its trace; the job itself may be gone. Raises `NotFound`."""
        return self._call(self._api.run(job_id))

    def delete_runs(
        self, *, source: str | None = None, digest: str | None = None, everything: bool = False
    ) -> int:
        """Forget the runs of a source or of a query, or `everything`; how many. Admins only.
        Raises `BadRequest` when neither is said."""
        return self._call(
            self._api.delete_runs(source=source, digest=digest, everything=everything)
        )

    def accuracy(self) -> list[SourceAccuracy]:
        """How right the bars and the times left of each source's runs were."""
        return self._call(self._api.accuracy())

    def me(self) -> Me:
        """Whose the token is, and what it may do."""
        return self._call(self._api.me())

    def create_token(
        self, name: str, role: Role | str, *, expires_days: float | None = None
    ) -> NewToken:
        """Make a token for somebody; admins only. Its `secret` is told this once."""
        return self._call(self._api.create_token(name, Role(role), expires_days=expires_days))

    def tokens(self) -> list[Token]:
        """Every token there is or was, the newest first; admins only."""
        return self._call(self._api.tokens())

    def revoke_token(self, token_id: str) -> Token:
        """Let a token in no more; admins only. Raises `NotFound`."""
        return self._call(self._api.revoke_token(token_id))

    def audit(self) -> Iterator[AuditLine]:
        """What people did, newest first, fetched page by page; admins only."""
        cursor: str | None = None
        while True:
            page = self._call(self._api.audit(cursor=cursor, limit=500))
            yield from page.lines
            cursor = page.next
            if cursor is None:
                return

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.call(work)


class JobHandle:
    """A submitted job, wherever it is in its life."""

    def __init__(self, client: Client, job: Job) -> None:
        self._client = client
        self._job = job

    def __repr__(self) -> str:
        return f"<job {self.id} {self._job.name!r}, {self._job.state.value} when last seen>"

    @property
    def id(self) -> str:
        """The job's id."""
        return self._job.id

    def status(self) -> Job:
        """The job as it stands now, with its progress."""
        if not self._job.state.is_final:
            self._job = self._client._call(self._client._api.job(self.id))
        return self._job

    def wait(self, timeout_s: float | None = None) -> Job:
        """The job once it is over, whatever came of it. Raises `WaitTimeout` (a `TimeoutError`)
        when `timeout_s` seconds pass first; `None` waits for ever."""
        if not self._job.state.is_final:
            self._job = self._client._call(self._client._api.wait(self.id, timeout_s=timeout_s))
        return self._job

    def cancel(self) -> Job:
        """Ask for the job's end; `wait` until it is over. On a job already over does nothing."""
        with contextlib.suppress(Conflict):
            self._job = self._client._call(self._client._api.cancel(self.id))
        return self.status()

    def retry(self) -> JobHandle:
        """Run the query again, as a new job. Raises `Conflict` while this one is not over."""
        return JobHandle(self._client, self._client._call(self._client._api.retry(self.id)))

    def delete(self) -> None:
        """Delete the job and its result. Raises `Conflict` while it is not over."""
        self._client._call(self._client._api.delete(self.id))

    def events(self) -> list[StoryLine]:
        """Everything that happened to the job, oldest first."""
        return self._client._call(self._client._api.events(self.id))

    def attempts(self) -> list[Attempt]:
        """Every try at the job, oldest first."""
        return self._client._call(self._client._api.attempts(self.id))

    def result(self, timeout_s: float | None = None) -> Result:
        """Wait for the job and return what it found.

        Raises `JobFailed`, `JobCancelled` or `JobLost` (all `JobEnded`, with the reason, and the
        line and column where known), `WaitTimeout` after `timeout_s` seconds.
        """
        job = self.wait(timeout_s)
        if job.state is not JobState.SUCCEEDED:
            raise _ENDINGS.get(job.state, JobEnded)(job)
        info = job.result
        if info is None:
            info = self._client._call(self._client._api.result_info(self.id))
        return Result(info, RemoteResult(self._client._call, self._client._api, self.id))

    def log(self) -> str:
        """What the job's runner wrote."""
        return self._client._call(self._client._api.log(self.id))


_ENDINGS: dict[JobState, type[JobEnded]] = {
    JobState.FAILED: JobFailed,
    JobState.CANCELLED: JobCancelled,
    JobState.LOST: JobLost,
}


def _finish(loop: LoopThread, api: AsyncClient, server: Stoppable | None) -> None:
    with contextlib.suppress(RuntimeError):
        loop.call(api.aclose())
    loop.close()
    if server is not None:
        server.stop()
