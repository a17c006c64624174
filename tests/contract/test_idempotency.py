"""`Idempotency-Key`: a submit that is repeated makes one job, whatever goes wrong between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from longwatch.client import errors
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.protocol.jobs import JobFilter, Submission
from support.servers import TOKEN, Backend, app_over, backend, http_client, serving
from support.waiting import eventually

ON_BOTH_STORES = "slow"

BODY = {"sql": "select 42", "limits": {"run_s": 5}}


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


async def total(http: httpx.AsyncClient) -> int:
    found: int = (await http.get("/v1/jobs")).json()["total"]
    return found


async def test_the_same_request_again_is_answered_with_the_same_job(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    first = await http.post("/v1/jobs", json=BODY, headers=key('"a"'))
    assert first.status_code == 202
    assert "idempotency-replayed" not in first.headers
    expires = parsedate_to_datetime(first.headers["idempotency-expires"])
    assert abs(expires - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)
    job_id = first.json()["id"]
    await eventually(lambda: (job_id, 1) in behind.executor.open)
    # Written another way, and by a client that sends the key without quotes.
    same = b'{ "limits":{"run_s":5.0,"memory_bytes":null}, "priority":0, "sql":"select 42" }'
    headers = {"Content-Type": "application/json", **key("a")}
    again = await http.post("/v1/jobs", content=same, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.headers["idempotency-expires"] == first.headers["idempotency-expires"]
    assert again.headers["location"] == first.headers["location"]
    assert (again.json()["id"], again.json()["state"]) == (job_id, "running")
    assert await total(http) == 1


async def test_another_request_with_the_key_is_refused(http: httpx.AsyncClient) -> None:
    one = (await http.post("/v1/jobs", json=BODY, headers=key("a"))).json()
    for other in ({**BODY, "sql": "select 43"}, {**BODY, "name": "n"}, {"sql": "select 42"}):
        answer = await http.post("/v1/jobs", json=other, headers=key("a"))
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    await http.post(f"/v1/jobs/{one['id']}/cancel")
    retry = await http.post(f"/v1/jobs/{one['id']}/retry", headers=key("a"))
    assert (retry.status_code, retry.json()["code"]) == (422, "idempotency_mismatch")
    assert await total(http) == 1


async def test_keys_of_two_owners_have_nothing_to_do_with_each_other(behind: Backend) -> None:
    ids = set()
    for owner in ("ada", "bob", "ada"):
        ids.add((await behind.service.take(Submission(sql="select 1"), owner, "k")).job.id)
    assert len(ids) == 2


async def test_a_refused_request_leaves_its_key_free(http: httpx.AsyncClient) -> None:
    bad = await http.post("/v1/jobs", json={"sql": "x", "source": "nope"}, headers=key("a"))
    assert bad.json()["code"] == "unknown_source"
    good = await http.post("/v1/jobs", json=BODY, headers=key("a"))
    assert good.status_code == 202
    assert "idempotency-replayed" not in good.headers


async def test_while_the_first_is_carried_out_the_second_is_told_to_come_back(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    held, release = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_tx: object) -> None:
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)

    holding = asyncio.create_task(behind.store.run(hold))
    await held.wait()
    first = asyncio.create_task(http.post("/v1/jobs", json=BODY, headers=key("a")))
    await eventually(lambda: behind.service._intake._in_flight)
    second = await http.post("/v1/jobs", json=BODY, headers=key("a"))
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert second.headers["retry-after"] == "1"
    other = await http.post("/v1/jobs", json={"sql": "select 2"}, headers=key("a"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    release.set()
    await holding
    assert (await first).status_code == 202
    third = await http.post("/v1/jobs", json=BODY, headers=key("a"))
    assert third.json()["id"] == (await first).json()["id"]


async def test_the_key_of_a_deleted_job_runs_nothing_again(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    one = (await http.post("/v1/jobs", json=BODY, headers=key("a"))).json()
    await eventually(lambda: (one["id"], 1) in behind.executor.open)
    await behind.executor.end(one["id"])
    assert (await http.delete(f"/v1/jobs/{one['id']}")).status_code == 204
    again = await http.post("/v1/jobs", json=BODY, headers=key("a"))
    assert (again.status_code, again.json()["code"]) == (410, "job_deleted")


@pytest.mark.parametrize(
    "text", ["", '""', '"a', "a b", "a,b", '"\\x"', "a" * 256, f'"{"a" * 256}"', '"a" b', "é"]
)
async def test_keys_that_are_none(http: httpx.AsyncClient, text: str) -> None:
    headers = {b"Idempotency-Key": text.encode("latin-1")}
    answer = await http.post("/v1/jobs", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key"), text
    assert await total(http) == 0


async def test_two_keys_are_none_either(http: httpx.AsyncClient) -> None:
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await http.post("/v1/jobs", json=BODY, headers=twice)
    assert answer.json()["code"] == "invalid_idempotency_key"


@pytest.mark.parametrize("text", ['"a \\" \\\\ b"', '"a";p=1', "8e03978e-40d5", "x" * 255])
async def test_keys_as_clients_write_them(http: httpx.AsyncClient, text: str) -> None:
    for _ in range(2):
        answer = await http.post("/v1/jobs", json=BODY, headers=key(text))
        assert answer.status_code == 202
    assert await total(http) == 1


async def test_a_key_is_forgotten_when_it_has_expired(tmp_path: Path) -> None:
    async with (
        backend(tmp_path, idempotency_hours=1e-7) as given,  # 0.36 ms
        http_client(app_over(given)) as http,
    ):
        first = await http.post("/v1/jobs", json=BODY, headers=key("a"))

        async def made_anew() -> bool:
            answer = await http.post("/v1/jobs", json=BODY, headers=key("a"))
            found: bool = answer.json()["id"] != first.json()["id"]
            return found

        await eventually(made_anew)


async def test_fifty_at_once_over_real_sockets_are_one_job(live: Address) -> None:
    async with httpx.AsyncClient(
        base_url=live.url, headers=live.headers(), trust_env=False, timeout=30
    ) as http:
        body = {"sql": "select 50", "name": "fifty"}
        answers = await asyncio.gather(
            *(http.post("/v1/jobs", json=body, headers=key('"fifty"')) for _ in range(50))
        )
    taken = [one for one in answers if one.status_code == 202]
    told = {one.json()["code"] for one in answers if one.status_code != 202}
    assert len({one.json()["id"] for one in taken}) == 1
    assert told <= {"idempotency_in_flight"}
    assert sum("idempotency-replayed" not in one.headers for one in taken) == 1
    async with AsyncClient(live) as api:
        assert (await api.jobs(JobFilter(text="fifty"))).total == 1


async def test_ten_of_our_own_clients_with_one_key_all_hear_of_the_one_job(live: Address) -> None:
    async with AsyncClient(live) as api:
        jobs = await asyncio.gather(
            *(api.submit(Submission(sql="select 10"), key='odd "\\ key') for _ in range(10))
        )
    assert len({job.id for job in jobs}) == 1


@asynccontextmanager
async def forgetful(address: Address, losing: int) -> AsyncIterator[Address]:
    """A proxy that passes requests on, and loses the first `losing` answers."""
    parts = urlsplit(address.url)
    lost = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lost
        server_reads, server_writes = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while head := await _head(reader):
                length = int(dict(_fields(head)).get("content-length", "0"))
                body = await reader.readexactly(length)
                asked = _replaced(head, f"{parts.hostname}:{parts.port}")
                server_writes.write(asked + body)
                answer = await _head(server_reads)
                size = int(dict(_fields(answer)).get("content-length", "0"))
                content = await server_reads.readexactly(size)
                if lost < losing:
                    lost += 1
                    return
                writer.write(answer + content)
                await writer.drain()
        finally:
            writer.close()
            server_writes.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Address(f"http://127.0.0.1:{port}", address.token)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _fields(head: bytes) -> list[tuple[str, str]]:
    lines = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line]
    return [(name.lower(), value) for name, value in lines]


def _replaced(head: bytes, host: str) -> bytes:
    lines = head.decode("latin-1").split("\r\n")
    fixed = [f"Host: {host}" if line.lower().startswith("host:") else line for line in lines]
    return "\r\n".join(fixed).encode("latin-1")


@pytest.mark.parametrize("losing", [1, 2])
async def test_a_lost_answer_is_asked_for_again_and_makes_no_second_job(
    live: Address, losing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longwatch.client.api._REPEAT_AFTER_S", (0.01, 0.01, 0.01))
    name = f"lost {losing}"
    async with forgetful(live, losing) as through, AsyncClient(through) as api:
        one = await api.submit(Submission(sql="select 1", name=name))
    async with AsyncClient(live) as api:
        page = await api.jobs(JobFilter(text=name))
        assert [job.id for job in page.jobs] == [one.id]
        done = await api.wait(one.id, timeout_s=20)
    async with forgetful(live, losing) as through, AsyncClient(through) as api:
        anew = await api.retry(done.id)
    async with AsyncClient(live) as api:
        assert [job.id for job in (await api.jobs(JobFilter(text=name))).jobs] == [anew.id, one.id]


async def test_it_gives_up_on_a_server_that_never_answers_and_at_once_on_none(
    live: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longwatch.client.api._REPEAT_AFTER_S", (0.01, 0.01, 0.01))
    async with forgetful(live, 100) as through, AsyncClient(through) as api:
        with pytest.raises(errors.ServerUnreachable) as caught:
            await api.submit(Submission(sql="select 1", name="never"))
        assert caught.value.sent
    async with AsyncClient(live) as api:
        assert (await api.jobs(JobFilter(text="never"))).total == 1
    async with AsyncClient(Address("http://127.0.0.1:1", TOKEN)) as api:
        with pytest.raises(errors.ServerUnreachable) as unsent:
            await api.submit(Submission(sql="select 1"))
        assert not unsent.value.sent


async def test_keys_outlive_a_restart(tmp_path: Path) -> None:
    given = {"warm_spare": False, "max_running": 1}
    ids = set()
    for _ in range(2):
        with serving(tmp_path, **given) as (_, address):
            async with AsyncClient(address) as api:
                ids.add((await api.submit(Submission(sql="select 1"), key="k")).id)
    assert len(ids) == 1
