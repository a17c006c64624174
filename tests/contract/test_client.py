"""`AsyncClient` and `Client` against a real server, and against what is none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import longwatch
from longwatch.client import errors
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState, Submission
from longwatch.protocol.problems import Problem
from support.servers import ENDLESS, serving


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Address]:
    """Something at a port that answers every request with these bytes, then closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


async def test_refusals_are_errors_of_their_kind(live: Address) -> None:
    async with AsyncClient(live) as api:
        with pytest.raises(errors.NotFound) as caught:
            await api.job("nobody")
        assert caught.value.problem.code == "unknown_job"
        assert str(caught.value).startswith("There is no job 'nobody' on this server.")
        with pytest.raises(errors.BadRequest, match="Write a query"):
            await api.submit(Submission(sql=" "))
        with pytest.raises(errors.BadRequest, match="Known: sample"):
            await api.submit(Submission(sql="x", source="nope"))
        with pytest.raises(errors.TooLarge, match="4 MiB"):
            await api.submit(Submission(sql="x" * 10_000_000))
        done = await api.wait((await api.submit(Submission(sql="select 1"))).id, timeout_s=20)
        with pytest.raises(errors.Conflict) as conflict:
            await api.cancel(done.id)
        assert conflict.value.problem.code == "already_final"
    async with AsyncClient(Address(live.url, "wrong")) as api:
        with pytest.raises(errors.Unauthorized):
            await api.jobs()
        with pytest.raises(errors.NotFound):
            await AsyncClient.log(api, "a/b")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.TooLarge),
        (415, errors.ApiError),
        (422, errors.BadRequest),
        (429, errors.TooManyRequests),
        (500, errors.ServerFault),
        (507, errors.ServerFault),
    ],
)
def test_the_error_of_a_status(status: int, kind: type[errors.ApiError]) -> None:
    problem = Problem(title="t", status=status, code="c", detail="Why.")
    found = errors.ApiError.of(problem)
    assert type(found) is kind
    assert (str(found), found.problem) == ("Why.", problem)


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (http("502 Bad Gateway", b"<html>"), errors.ServerUnreachable, "proxy before it answered"),
        (http("503 Busy"), errors.ServerUnreachable, "answered 503"),
        (http("200 OK", b"<html>hello"), errors.ProtocolMismatch, "cannot read"),
        (http("200 OK", b"{}"), errors.ProtocolMismatch, "cannot read"),
        (http("302 Found", b"", "Location: /login"), errors.ProtocolMismatch, "points to /login"),
        (http("404 Not Found", b"nginx"), errors.ProtocolMismatch, "not a Longwatch server"),
        (
            http("400 Bad", b"{", "Content-Type: application/problem+json"),
            errors.ProtocolMismatch,
            "broken error",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", errors.ServerUnreachable, "does not answer"),
        (b"", errors.ServerUnreachable, "does not answer"),
        (http("200 OK", b"xx")[:-1], errors.ServerUnreachable, "does not answer"),
        (
            http("200 OK", b"no gzip", "Content-Encoding: gzip"),
            errors.ProtocolMismatch,
            "broken answer",
        ),
    ],
)
async def test_what_answers_may_be_no_longwatch(
    answer: bytes, kind: type[Exception], word: str
) -> None:
    async with answering(answer) as address, AsyncClient(address) as api:
        with pytest.raises(kind, match=word):
            await api.jobs()


async def test_nobody_there_and_nobody_awake() -> None:
    async with AsyncClient(Address("http://127.0.0.1:1", "token")) as api:
        with pytest.raises(errors.ServerUnreachable, match=r"http://127\.0\.0\.1:1 does not"):
            await api.ready()
    held: list[asyncio.StreamWriter] = []

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        address = Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")
        async with AsyncClient(address, timeout_s=0.2) as api:
            with pytest.raises(errors.ServerUnreachable, match="no answer in time"):
                await api.ready()
        for writer in held:
            writer.close()


async def test_wait_outlasts_a_restart_and_gives_up_in_time(tmp_path: Path) -> None:
    given: dict[str, Any] = {"configured_token": True, "token": "same", "warm_spare": False}
    with serving(tmp_path, **given) as (thread, address):
        async with AsyncClient(address) as api:
            one = await api.submit(Submission(sql=ENDLESS))
            with pytest.raises(errors.WaitTimeout, match="is still going after"):
                await api.wait(one.id, timeout_s=0.05)
            waiting = asyncio.create_task(api.wait(one.id, timeout_s=60))
            await asyncio.to_thread(thread.stop, 10.0)
            with pytest.raises(errors.ServerUnreachable):
                await api.wait(one.id, patience_s=0.05)
            with serving(tmp_path, port=urlsplit(address.url).port, **given):
                await api.cancel(one.id)
                ended = await waiting
                assert (ended.state, ended.cancel_confirmed) == (JobState.CANCELLED, True)


@pytest.fixture
def client(live: Address) -> Any:
    with Client(live) as opened:
        yield opened


def test_rows_of_a_result(client: Client) -> None:
    result = client.submit("select 42 as a, 'x' as b union all select 43, 'y'").result(20)
    assert result.fetchall() == [(42, "x"), (43, "y")]
    assert [column.name for column in result.columns] == ["a", "b"]
    assert (result.fetchone(), result.fetchone(), result.fetchone()) == ((42, "x"), (43, "y"), None)
    assert len(result) == 2
    empty = client.submit("select 1 as a where false").result(20)
    assert (empty.fetchall(), empty.arrow().num_rows, empty.schema().names) == ([], 0, ["a"])


def test_how_a_job_may_end(client: Client) -> None:
    failed = client.submit("select\n  nonsense")
    with pytest.raises(errors.JobFailed) as caught:
        failed.result(20)
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert "(line 2, column 3)" in str(caught.value)
    assert caught.value.job.state is JobState.FAILED
    comment = client.submit("-- nothing but a comment")
    with pytest.raises(errors.JobFailed) as empty:
        comment.result(20)
    assert empty.value.job.error is not None
    assert empty.value.job.error.code == "empty_sql"
    endless = client.submit(ENDLESS, name="endless")
    with pytest.raises(TimeoutError):
        endless.wait(0.05)
    endless.cancel()
    with pytest.raises(errors.JobCancelled):
        endless.result(20)
    assert endless.cancel().state is JobState.CANCELLED  # once more does nothing
    assert "endless" in repr(endless)


def test_lists_and_logs(client: Client) -> None:
    one = client.submit("select 'listed'")
    one.wait(20)
    assert one.id in {entry.id for entry in client.jobs()}
    assert one.id in {entry.id for entry in client.jobs(state="succeeded", source="sample")}
    assert one.id not in {entry.id for entry in client.jobs(state=JobState.FAILED)}
    assert client.job(one.id).status().state is JobState.SUCCEEDED
    assert isinstance(one.log(), str)
    assert [source.name for source in client.sources()] == ["sample"]
    assert client.saved_queries()


async def test_it_works_where_a_loop_already_runs(live: Address) -> None:
    with Client(live) as client:  # as in a notebook: the loop of this thread is busy with us
        assert client.submit("select 1").result(20).fetchall() == [(1,)]


def test_from_several_threads(client: Client) -> None:
    found: list[Any] = []

    def run(n: int) -> Callable[[], None]:
        return lambda: found.append(client.submit(f"select {n}").result(30).fetchone())

    threads = [threading.Thread(target=run(n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [(0,), (1,), (2,), (3,)]


def test_a_closed_client_says_so(live: Address) -> None:
    client = Client(live)
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.sources()


def test_the_public_face(live: Address) -> None:
    with longwatch.connect(live.url, live.token) as client:
        assert client.submit("select 42").result(20).fetchall() == [(42,)]
    assert set(longwatch.__all__) <= set(dir(longwatch))
    for name in longwatch.__all__:
        assert getattr(longwatch, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = longwatch.nonsense
